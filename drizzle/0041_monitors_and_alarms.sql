CREATE TABLE "alarms" (
	"charge_point_id" integer NOT NULL,
	"subject" text NOT NULL,
	"began_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"component_name" text NOT NULL,
	"component_instance" text NOT NULL,
	"evse_id" integer NOT NULL,
	"connector_id" integer NOT NULL,
	"variable_name" text NOT NULL,
	"variable_instance" text NOT NULL,
	"monitor_id" integer,
	"severity" integer,
	"event_notification_type" text,
	"actual_value" text,
	"end_value" text,
	"tech_code" text,
	"tech_info" text,
	"station_transaction_id" text,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "alarms_pkey" PRIMARY KEY("charge_point_id","subject","began_at")
);
--> statement-breakpoint
CREATE TABLE "monitors" (
	"charge_point_id" integer NOT NULL,
	"monitor_id" integer NOT NULL,
	"component_name" text NOT NULL,
	"component_instance" text NOT NULL,
	"evse_id" integer NOT NULL,
	"connector_id" integer NOT NULL,
	"variable_name" text NOT NULL,
	"variable_instance" text NOT NULL,
	"type" text NOT NULL,
	"value" double precision NOT NULL,
	"severity" integer NOT NULL,
	"is_of_transaction" boolean NOT NULL,
	"event_notification_type" text,
	"generated_at" timestamp with time zone,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "monitors_pkey" PRIMARY KEY("charge_point_id","monitor_id")
);
--> statement-breakpoint
CREATE INDEX "alarms_newest" ON "alarms" USING btree ("began_at","charge_point_id","subject");--> statement-breakpoint
CREATE INDEX "alarms_of_charge_point" ON "alarms" USING btree ("charge_point_id","began_at","subject");--> statement-breakpoint
CREATE INDEX "alarms_open" ON "alarms" USING btree ("began_at","charge_point_id","subject") WHERE ended_at IS NULL;--> statement-breakpoint
CREATE INDEX "alarms_ended" ON "alarms" USING btree ("ended_at") WHERE ended_at IS NOT NULL;