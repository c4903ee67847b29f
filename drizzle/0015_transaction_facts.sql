CREATE TABLE "earlier_ledger" (
	"id" integer PRIMARY KEY NOT NULL,
	"seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "transaction_facts" (
	"charge_point_id" integer NOT NULL,
	"sent_at" timestamp with time zone NOT NULL,
	"digest" bigint NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"transaction_id" bigint,
	"message_id" text NOT NULL,
	"payload" json NOT NULL,
	"answer" json NOT NULL,
	CONSTRAINT "transaction_facts_pkey" PRIMARY KEY("charge_point_id","sent_at","digest")
) PARTITION BY RANGE ("sent_at");
--> statement-breakpoint
CREATE TABLE "transaction_facts_default" PARTITION OF "transaction_facts" DEFAULT;
--> statement-breakpoint
CREATE INDEX "transaction_facts_received" ON "transaction_facts" USING brin ("received_at");--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "ledger" text;--> statement-breakpoint
INSERT INTO "earlier_ledger" SELECT 1, clock_timestamp() WHERE EXISTS (SELECT FROM "transaction_events") OR EXISTS (SELECT FROM "nodes");
