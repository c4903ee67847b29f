CREATE TABLE "problems" (
	"charge_point_id" integer NOT NULL,
	"component_name" text NOT NULL,
	"component_instance" text NOT NULL,
	"evse_id" integer NOT NULL,
	"connector_id" integer NOT NULL,
	"tech_code" text,
	"tech_info" text,
	"cause" integer,
	"occurred_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "problems_pkey" PRIMARY KEY("charge_point_id","component_name","component_instance","evse_id","connector_id")
);
--> statement-breakpoint
CREATE INDEX "problems_newest" ON "problems" USING btree ("charge_point_id","occurred_at");--> statement-breakpoint
CREATE INDEX "charge_point_events_page" ON "charge_point_events" USING btree ("charge_point_id","received_at","digest","action");--> statement-breakpoint
CREATE INDEX "transactions_of_evse" ON "transactions" USING btree ("charge_point_id","evse_id","started_at","id");