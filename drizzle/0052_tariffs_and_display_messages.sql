CREATE TABLE "display_messages" (
	"charge_point_id" integer NOT NULL,
	"message_id" integer NOT NULL,
	"priority" text NOT NULL,
	"transaction_id" bigint,
	"starts_at" timestamp with time zone,
	"ends_at" timestamp with time zone,
	"message" json NOT NULL,
	"status" text,
	"cleared_at" timestamp with time zone,
	"set_at" timestamp with time zone NOT NULL,
	"set_by" text NOT NULL,
	CONSTRAINT "display_messages_pkey" PRIMARY KEY("charge_point_id","message_id")
);
--> statement-breakpoint
CREATE TABLE "reported_display_messages" (
	"charge_point_id" integer NOT NULL,
	"message_id" bigint NOT NULL,
	"priority" text NOT NULL,
	"station_transaction_id" text,
	"ends_at" timestamp with time zone,
	"message" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "reported_display_messages_pkey" PRIMARY KEY("charge_point_id","message_id")
);
--> statement-breakpoint
CREATE TABLE "prices" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "prices_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"charge_point_id" integer,
	"group_id" integer,
	"currency" text NOT NULL,
	"per_kwh" double precision NOT NULL,
	"per_minute" double precision NOT NULL,
	"per_session" double precision NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"changed_by" text NOT NULL,
	CONSTRAINT "prices_subject" UNIQUE NULLS NOT DISTINCT("charge_point_id","group_id")
);
--> statement-breakpoint
CREATE TABLE "reported_tariffs" (
	"charge_point_id" integer NOT NULL,
	"evse_id" integer NOT NULL,
	"assignments" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "reported_tariffs_pkey" PRIMARY KEY("charge_point_id","evse_id")
);
--> statement-breakpoint
CREATE TABLE "station_tariffs" (
	"charge_point_id" integer NOT NULL,
	"tariff_id" text NOT NULL,
	"evse_id" integer NOT NULL,
	"transaction_id" bigint NOT NULL,
	"tariff" json NOT NULL,
	"status" text,
	"cleared_at" timestamp with time zone,
	"set_at" timestamp with time zone NOT NULL,
	"set_by" text NOT NULL,
	CONSTRAINT "station_tariffs_pkey" PRIMARY KEY("charge_point_id","tariff_id","evse_id","transaction_id")
);
--> statement-breakpoint
CREATE TABLE "transaction_costs" (
	"transaction_id" bigint NOT NULL,
	"source" text NOT NULL,
	"charge_point_id" integer NOT NULL,
	"total_cost" double precision,
	"currency" text,
	"detail" json,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "transaction_costs_pkey" PRIMARY KEY("transaction_id","source")
);
--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "price" json;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "given_cost" json;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "cost_told_ms" bigint;--> statement-breakpoint
ALTER TABLE "id_tokens" ADD COLUMN "tariff" json;--> statement-breakpoint
ALTER TABLE "id_tokens" ADD COLUMN "personal_message" json;--> statement-breakpoint
CREATE INDEX "display_messages_set" ON "display_messages" USING brin ("set_at");--> statement-breakpoint
CREATE INDEX "reported_display_messages_received" ON "reported_display_messages" USING brin ("received_at");--> statement-breakpoint
CREATE INDEX "station_tariffs_set" ON "station_tariffs" USING brin ("set_at");--> statement-breakpoint
CREATE INDEX "transaction_costs_received" ON "transaction_costs" USING brin ("received_at");