CREATE TABLE "reservation_ends" (
	"charge_point_id" integer NOT NULL,
	"reservation_id" bigint NOT NULL,
	"ended" text NOT NULL,
	"used_by" bigint,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "reservation_ends_pkey" PRIMARY KEY("charge_point_id","reservation_id")
);
--> statement-breakpoint
CREATE TABLE "reservations" (
	"charge_point_id" integer NOT NULL,
	"reservation_id" integer NOT NULL,
	"evse_id" integer,
	"connector_type" text,
	"id_token" text NOT NULL,
	"group_id_token" text,
	"expires_at" timestamp with time zone NOT NULL,
	"status" text,
	"answered_at" timestamp with time zone,
	"cancelled_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	CONSTRAINT "reservations_pkey" PRIMARY KEY("charge_point_id","reservation_id")
);
--> statement-breakpoint
CREATE INDEX "reservation_ends_received" ON "reservation_ends" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "reservations_page" ON "reservations" USING btree ("charge_point_id","created_at","reservation_id");--> statement-breakpoint
CREATE INDEX "reservations_expires" ON "reservations" USING btree ("expires_at");