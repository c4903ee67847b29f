-- contract: the names of the table and of its unique index are those of other relations afterwards, with the same columns
-- and the same rows, so nodes of the version before do not notice. They find the id of a charge point by
-- "transactions_of_charge_point_by_arrival".
-- attach: transactions_first_partition, which 0034_transaction_range_checked validated, and indexes that match: no row is read.
DROP TRIGGER "transactions_station_id" ON "transactions";
--> statement-breakpoint
DROP INDEX "transactions_station_id";
--> statement-breakpoint
ALTER TABLE "station_transactions" RENAME CONSTRAINT "station_transactions_pkey" TO "transactions_station_id";
--> statement-breakpoint
ALTER TABLE "transactions" RENAME TO "transactions_0";
--> statement-breakpoint
ALTER INDEX "transactions_pkey" RENAME TO "transactions_0_pkey";
--> statement-breakpoint
ALTER INDEX "transactions_by_arrival" RENAME TO "transactions_0_by_arrival";
--> statement-breakpoint
ALTER INDEX "transactions_of_charge_point_by_arrival" RENAME TO "transactions_0_of_charge_point_by_arrival";
--> statement-breakpoint
ALTER INDEX "transactions_started" RENAME TO "transactions_0_started";
--> statement-breakpoint
ALTER INDEX "transactions_of_evse" RENAME TO "transactions_0_of_evse";
--> statement-breakpoint
ALTER INDEX "transactions_of_id_token_by_arrival" RENAME TO "transactions_0_of_id_token_by_arrival";
--> statement-breakpoint
ALTER INDEX "transactions_open_of_id_token_by_arrival" RENAME TO "transactions_0_open_of_id_token_by_arrival";
--> statement-breakpoint
ALTER INDEX "transactions_open_of_charge_point_by_arrival" RENAME TO "transactions_0_open_of_charge_point_by_arrival";
--> statement-breakpoint
CREATE TABLE "transactions" (LIKE "transactions_0" INCLUDING DEFAULTS, CONSTRAINT "transactions_pkey" PRIMARY KEY ("id")) PARTITION BY RANGE ("id");
--> statement-breakpoint
CREATE INDEX "transactions_by_arrival" ON "transactions" USING btree ("received_at","id");
--> statement-breakpoint
CREATE INDEX "transactions_of_charge_point_by_arrival" ON "transactions" USING btree ("charge_point_id","received_at","id");
--> statement-breakpoint
CREATE INDEX "transactions_started" ON "transactions" USING btree ("started_at","id");
--> statement-breakpoint
CREATE INDEX "transactions_of_evse" ON "transactions" USING btree ("charge_point_id","evse_id","started_at","id");
--> statement-breakpoint
CREATE INDEX "transactions_of_id_token_by_arrival" ON "transactions" USING btree (left(lower(id_token), 64),"received_at","id");
--> statement-breakpoint
CREATE INDEX "transactions_open_of_id_token_by_arrival" ON "transactions" USING btree (left(lower(id_token), 64) text_pattern_ops,"received_at","id") WHERE stopped_at IS NULL;
--> statement-breakpoint
CREATE INDEX "transactions_open_of_charge_point_by_arrival" ON "transactions" USING btree ("charge_point_id","received_at","id") WHERE stopped_at IS NULL;
--> statement-breakpoint
CREATE TRIGGER "transactions_station_id" AFTER INSERT ON "transactions" FOR EACH ROW
	WHEN (NEW."station_transaction_id" IS NOT NULL) EXECUTE FUNCTION "note_station_transaction"();
--> statement-breakpoint
DO $$
BEGIN
	EXECUTE format('ALTER TABLE "transactions" ATTACH PARTITION "transactions_0" FOR VALUES FROM (MINVALUE) TO (%s)',
		(SELECT substring(pg_get_constraintdef("oid") FROM '\d+') FROM "pg_constraint" WHERE "conrelid" = '"transactions_0"'::regclass AND "conname" = 'transactions_first_partition'));
END $$;
--> statement-breakpoint
ALTER TABLE "transactions_0" DROP CONSTRAINT "transactions_first_partition";
--> statement-breakpoint
CREATE TABLE "transactions_default" PARTITION OF "transactions" DEFAULT WITH (fillfactor = 80);
