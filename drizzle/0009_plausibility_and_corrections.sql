CREATE TABLE "transaction_corrections" (
	"transaction_id" bigint NOT NULL,
	"number" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"operator" text NOT NULL,
	"stopped_at_before" timestamp with time zone NOT NULL,
	"meter_stop_wh_before" double precision,
	"stop_reason_before" text,
	"stopped_at" timestamp with time zone NOT NULL,
	"meter_stop_wh" double precision,
	"stop_reason" text,
	CONSTRAINT "transaction_corrections_pkey" PRIMARY KEY("transaction_id","number")
);
--> statement-breakpoint
CREATE INDEX "transactions_open_of_id_token" ON "transactions" USING btree (left(lower(id_token), 64) text_pattern_ops,"id") WHERE stopped_at IS NULL;