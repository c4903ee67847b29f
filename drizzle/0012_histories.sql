CREATE TABLE "connection_history" (
	"charge_point_id" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"epoch" bigint NOT NULL,
	"closed" boolean NOT NULL,
	"node" text,
	"closed_by" text,
	"close_code" integer,
	"reason" text
) PARTITION BY RANGE ("at");
--> statement-breakpoint
CREATE TABLE "connection_history_default" PARTITION OF "connection_history" DEFAULT;
--> statement-breakpoint
CREATE TABLE "connector_history" (
	"charge_point_id" integer NOT NULL,
	"evse_id" integer NOT NULL,
	"connector_id" integer NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"status" text NOT NULL,
	"error_code" text,
	"vendor_error_code" text,
	CONSTRAINT "connector_history_pkey" PRIMARY KEY("charge_point_id","received_at","evse_id","connector_id")
) PARTITION BY RANGE ("received_at");
--> statement-breakpoint
CREATE TABLE "connector_history_default" PARTITION OF "connector_history" DEFAULT;
--> statement-breakpoint
ALTER TABLE "charge_points" ADD COLUMN "ended_epoch" bigint;--> statement-breakpoint
ALTER TABLE "charge_points" ADD COLUMN "ended_node" text;--> statement-breakpoint
ALTER TABLE "connectors" ADD COLUMN "changed_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "connection_history_page" ON "connection_history" USING btree ("charge_point_id","at","epoch","closed");