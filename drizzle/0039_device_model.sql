CREATE TABLE "device_reports" (
	"charge_point_id" integer NOT NULL,
	"kind" text NOT NULL,
	"request_id" integer NOT NULL,
	"parts" json NOT NULL,
	"last_seq_no" integer,
	"generated_at" timestamp with time zone NOT NULL,
	"began_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "device_reports_pkey" PRIMARY KEY("charge_point_id","kind","request_id")
);
--> statement-breakpoint
ALTER TABLE "variables" ADD COLUMN "pending_value" text;--> statement-breakpoint
ALTER TABLE "variables" ADD COLUMN "is_reported" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "variables" ADD COLUMN "generated_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "device_reports_newest" ON "device_reports" USING btree ("charge_point_id","updated_at");--> statement-breakpoint
CREATE INDEX "device_reports_age" ON "device_reports" USING btree ("updated_at");