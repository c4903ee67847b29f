-- Written by drizzle-kit from src/store/schema.ts, then by hand: partitions of message_log and meter_values (their dated
-- partitions are made at start, see src/store/partitions.ts), and room on the pages of tables whose rows change often.
CREATE SEQUENCE "public"."connection_epochs" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE SEQUENCE "public"."message_log_ids" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE SEQUENCE "public"."transaction_ids" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "anomalies" (
	"charge_point_id" integer NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"digest" bigint NOT NULL,
	"kind" text NOT NULL,
	"transaction" text,
	"detail" json NOT NULL,
	"message_id" text NOT NULL,
	CONSTRAINT "anomalies_pkey" PRIMARY KEY("charge_point_id","received_at","digest")
);
--> statement-breakpoint
CREATE TABLE "charge_point_events" (
	"charge_point_id" integer NOT NULL,
	"digest" bigint NOT NULL,
	"action" text NOT NULL,
	"message_id" text NOT NULL,
	"occurred_at" timestamp with time zone,
	"received_at" timestamp with time zone NOT NULL,
	"payload" json NOT NULL,
	CONSTRAINT "charge_point_events_pkey" PRIMARY KEY("charge_point_id","digest")
);
--> statement-breakpoint
CREATE TABLE "charge_points" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "charge_points_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"identity" text NOT NULL,
	"password_hash" "bytea",
	"api_key_hash" "bytea",
	"location" text,
	"strictness" text DEFAULT 'lenient' NOT NULL,
	"registration_status" text DEFAULT 'Accepted' NOT NULL,
	"boot_status" text,
	"ocpp_version" text,
	"vendor" text,
	"model" text,
	"serial_number" text,
	"firmware_version" text,
	"iccid" text,
	"imsi" text,
	"status" text DEFAULT 'Unknown' NOT NULL,
	"connected" boolean DEFAULT false NOT NULL,
	"connection_epoch" bigint DEFAULT 0 NOT NULL,
	"node" text,
	"firmware_status" text,
	"diagnostics_status" text,
	"log_status" text,
	"last_seen_at" timestamp with time zone,
	"last_heartbeat_at" timestamp with time zone,
	"last_boot_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "charge_points_identity" UNIQUE NULLS NOT DISTINCT("identity","deleted_at")
) WITH (fillfactor = 70);
--> statement-breakpoint
CREATE TABLE "connectors" (
	"charge_point_id" integer NOT NULL,
	"evse_id" integer NOT NULL,
	"connector_id" integer NOT NULL,
	"status" text NOT NULL,
	"status_sent" text NOT NULL,
	"error_code" text,
	"info" text,
	"vendor_id" text,
	"vendor_error_code" text,
	"occurred_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "connectors_pkey" PRIMARY KEY("charge_point_id","evse_id","connector_id")
) WITH (fillfactor = 80);
--> statement-breakpoint
CREATE TABLE "id_tokens" (
	"id_key" text PRIMARY KEY NOT NULL,
	"id_token" text NOT NULL,
	"type" text,
	"status" text NOT NULL,
	"expiry_date" timestamp with time zone,
	"parent_id_tag" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "message_log" (
	"id" bigint DEFAULT nextval('message_log_ids') NOT NULL,
	"charge_point_id" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"from_charge_point" boolean NOT NULL,
	"frame" text NOT NULL
) PARTITION BY RANGE ("at");
--> statement-breakpoint
CREATE TABLE "message_log_default" PARTITION OF "message_log" DEFAULT;
--> statement-breakpoint
CREATE TABLE "meter_values" (
	"charge_point_id" integer NOT NULL,
	"transaction_ref" bigint NOT NULL,
	"sampled_at" timestamp with time zone NOT NULL,
	"evse_id" smallint NOT NULL,
	"connector_id" smallint NOT NULL,
	"digest" bigint NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"energy_wh" double precision,
	"power_w" double precision,
	"current_a" double precision,
	"voltage_v" double precision,
	"soc_percent" double precision,
	"meter_value" json NOT NULL
) PARTITION BY RANGE ("sampled_at");
--> statement-breakpoint
CREATE TABLE "meter_values_default" PARTITION OF "meter_values" DEFAULT;
--> statement-breakpoint
CREATE TABLE "transaction_events" (
	"charge_point_id" integer NOT NULL,
	"ref" text NOT NULL,
	"seq_no" bigint NOT NULL,
	"event" text NOT NULL,
	"transaction_id" bigint,
	"message_id" text NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"payload" json NOT NULL,
	"answer" json NOT NULL,
	CONSTRAINT "transaction_events_pkey" PRIMARY KEY("charge_point_id","ref","seq_no")
);
--> statement-breakpoint
CREATE TABLE "transactions" (
	"id" bigint PRIMARY KEY NOT NULL,
	"charge_point_id" integer NOT NULL,
	"evse_id" integer NOT NULL,
	"connector_id" integer NOT NULL,
	"station_transaction_id" text,
	"id_token" text,
	"id_token_type" text,
	"id_token_status" text,
	"started_at" timestamp with time zone NOT NULL,
	"meter_start_wh" double precision,
	"reservation_id" bigint,
	"remote_start_id" bigint,
	"charging_state" text,
	"stopped_at" timestamp with time zone,
	"meter_stop_wh" double precision,
	"stop_reason" text,
	"stop_id_token" text,
	"closed_by" text,
	"received_at" timestamp with time zone NOT NULL
) WITH (fillfactor = 80);
--> statement-breakpoint
CREATE TABLE "variables" (
	"charge_point_id" integer NOT NULL,
	"component_name" text NOT NULL,
	"component_instance" text NOT NULL,
	"evse_id" integer NOT NULL,
	"connector_id" integer NOT NULL,
	"variable_name" text NOT NULL,
	"variable_instance" text NOT NULL,
	"attribute_type" text NOT NULL,
	"value" text,
	"mutability" text,
	"persistent" boolean NOT NULL,
	"constant" boolean NOT NULL,
	"characteristics" json,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "variables_pkey" PRIMARY KEY("charge_point_id","component_name","component_instance","evse_id","connector_id","variable_name","variable_instance","attribute_type")
);
--> statement-breakpoint
CREATE INDEX "charge_points_status" ON "charge_points" USING btree ("connected","status","identity") WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX "id_tokens_status" ON "id_tokens" USING btree ("status","id_key");--> statement-breakpoint
CREATE INDEX "message_log_charge_point" ON "message_log" USING btree ("charge_point_id","at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "meter_values_key" ON "meter_values" USING btree ("charge_point_id","transaction_ref","sampled_at","evse_id","connector_id","digest");--> statement-breakpoint
CREATE UNIQUE INDEX "transactions_station_id" ON "transactions" USING btree ("charge_point_id",left(station_transaction_id, 255)) WHERE station_transaction_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "transactions_charge_point" ON "transactions" USING btree ("charge_point_id","started_at","id");--> statement-breakpoint
CREATE INDEX "transactions_started" ON "transactions" USING btree ("started_at","id");--> statement-breakpoint
CREATE INDEX "transactions_id_token" ON "transactions" USING btree (left(lower(id_token), 64),"started_at","id");--> statement-breakpoint
CREATE INDEX "transactions_open" ON "transactions" USING btree ("charge_point_id","started_at","id") WHERE stopped_at IS NULL;