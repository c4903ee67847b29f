DROP INDEX "transactions_station_id";--> statement-breakpoint
ALTER TABLE "transaction_events" ADD COLUMN "content" bigint;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "station_use" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "is_start_told" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "last_event_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "last_seq_no" bigint;--> statement-breakpoint
CREATE UNIQUE INDEX "transactions_station_id" ON "transactions" USING btree ("charge_point_id",left(station_transaction_id, 255),"station_use") WHERE station_transaction_id IS NOT NULL;