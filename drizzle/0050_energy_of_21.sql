CREATE TABLE "settlements" (
	"charge_point_id" integer NOT NULL,
	"psp_ref" text NOT NULL,
	"settled_at" timestamp with time zone NOT NULL,
	"status" text NOT NULL,
	"station_transaction_id" text,
	"amount" double precision NOT NULL,
	"payload" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "settlements_pkey" PRIMARY KEY("charge_point_id","psp_ref","settled_at","status")
);
--> statement-breakpoint
CREATE TABLE "vat_number_checks" (
	"charge_point_id" integer NOT NULL,
	"vat_number" text NOT NULL,
	"evse_id" bigint NOT NULL,
	"status" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "vat_number_checks_pkey" PRIMARY KEY("charge_point_id","vat_number","evse_id")
);
--> statement-breakpoint
CREATE TABLE "web_payments" (
	"charge_point_id" integer NOT NULL,
	"evse_id" integer NOT NULL,
	"timeout_seconds" integer NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "web_payments_pkey" PRIMARY KEY("charge_point_id","received_at","evse_id")
);
--> statement-breakpoint
CREATE TABLE "event_stream_events" (
	"charge_point_id" integer NOT NULL,
	"stream_id" bigint NOT NULL,
	"event" text NOT NULL,
	"params" json,
	"pending" bigint,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "event_stream_events_pkey" PRIMARY KEY("charge_point_id","stream_id","event")
);
--> statement-breakpoint
CREATE TABLE "event_streams" (
	"charge_point_id" integer NOT NULL,
	"stream_id" bigint NOT NULL,
	"monitor_id" bigint,
	"params" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "event_streams_pkey" PRIMARY KEY("charge_point_id","stream_id")
);
--> statement-breakpoint
CREATE TABLE "whole_reports" (
	"charge_point_id" integer NOT NULL,
	"kind" text NOT NULL,
	"request_id" integer NOT NULL,
	"word" text NOT NULL,
	"began_at" timestamp with time zone,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "whole_reports_pkey" PRIMARY KEY("charge_point_id","kind","request_id","word")
);
--> statement-breakpoint
CREATE TABLE "afrr_signals" (
	"charge_point_id" integer NOT NULL,
	"signal_at" timestamp with time zone NOT NULL,
	"signal" integer NOT NULL,
	"status" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "afrr_signals_pkey" PRIMARY KEY("charge_point_id","signal_at")
);
--> statement-breakpoint
CREATE TABLE "allowed_energy_transfers" (
	"charge_point_id" integer NOT NULL,
	"station_transaction_id" text NOT NULL,
	"allowed" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "allowed_energy_transfers_pkey" PRIMARY KEY("charge_point_id","station_transaction_id")
);
--> statement-breakpoint
CREATE TABLE "der_clearings" (
	"charge_point_id" integer NOT NULL,
	"is_default" boolean NOT NULL,
	"control_type" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "der_clearings_pkey" PRIMARY KEY("charge_point_id","is_default","control_type")
);
--> statement-breakpoint
CREATE TABLE "der_control_events" (
	"charge_point_id" integer NOT NULL,
	"control_id" text NOT NULL,
	"event" text NOT NULL,
	"other_id" text,
	"occurred_at" timestamp with time zone,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "der_control_events_pkey" PRIMARY KEY("charge_point_id","control_id","event")
);
--> statement-breakpoint
CREATE TABLE "der_controls" (
	"charge_point_id" integer NOT NULL,
	"control_id" text NOT NULL,
	"control_type" text NOT NULL,
	"is_default" boolean NOT NULL,
	"is_reported" boolean NOT NULL,
	"control" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "der_controls_pkey" PRIMARY KEY("charge_point_id","control_id")
);
--> statement-breakpoint
CREATE TABLE "dynamic_schedules" (
	"charge_point_id" integer NOT NULL,
	"profile_id" integer NOT NULL,
	"schedule_update" json NOT NULL,
	"status" text,
	"set_by" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "dynamic_schedules_pkey" PRIMARY KEY("charge_point_id","profile_id")
);
--> statement-breakpoint
CREATE TABLE "priority_charging" (
	"charge_point_id" integer NOT NULL,
	"station_transaction_id" text NOT NULL,
	"active" boolean NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "priority_charging_pkey" PRIMARY KEY("charge_point_id","station_transaction_id")
);
--> statement-breakpoint
CREATE TABLE "battery_swaps" (
	"charge_point_id" integer NOT NULL,
	"request_id" bigint NOT NULL,
	"event" text NOT NULL,
	"id_token" text NOT NULL,
	"id_token_type" text,
	"payload" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "battery_swaps_pkey" PRIMARY KEY("charge_point_id","request_id","event","received_at")
);
--> statement-breakpoint
ALTER TABLE "reservations" ADD COLUMN "in_force" json;--> statement-breakpoint
ALTER TABLE "charging_profiles" ADD COLUMN "in_force" json;--> statement-breakpoint
CREATE INDEX "settlements_page" ON "settlements" USING btree ("charge_point_id","received_at");--> statement-breakpoint
CREATE INDEX "settlements_of_transaction" ON "settlements" USING btree ("charge_point_id","station_transaction_id");--> statement-breakpoint
CREATE INDEX "settlements_received" ON "settlements" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "vat_number_checks_received" ON "vat_number_checks" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "web_payments_received" ON "web_payments" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "event_stream_events_received" ON "event_stream_events" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "whole_reports_received" ON "whole_reports" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "afrr_signals_page" ON "afrr_signals" USING btree ("charge_point_id","received_at");--> statement-breakpoint
CREATE INDEX "afrr_signals_received" ON "afrr_signals" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "allowed_energy_transfers_received" ON "allowed_energy_transfers" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "der_control_events_received" ON "der_control_events" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "dynamic_schedules_received" ON "dynamic_schedules" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "priority_charging_received" ON "priority_charging" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "battery_swaps_page" ON "battery_swaps" USING btree ("charge_point_id","received_at");--> statement-breakpoint
CREATE INDEX "battery_swaps_received" ON "battery_swaps" USING brin ("received_at");