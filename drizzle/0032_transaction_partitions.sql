-- transactions becomes partitioned by ranges of its id in four steps; this is the first. A unique index of a partitioned
-- table has to contain the id, so the ids of charge points become unique in a table of their own. A trigger fills it, for
-- nodes of the version before as well; 0033_station_ids_filled adds what is there already.
CREATE TABLE "station_transactions" (
	"charge_point_id" integer NOT NULL,
	"station_transaction_id" text NOT NULL,
	"station_use" integer NOT NULL,
	"transaction_id" bigint NOT NULL,
	CONSTRAINT "station_transactions_pkey" PRIMARY KEY("charge_point_id","station_transaction_id","station_use")
);
--> statement-breakpoint
CREATE FUNCTION "note_station_transaction"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO "station_transactions" VALUES (NEW."charge_point_id", left(NEW."station_transaction_id", 255), NEW."station_use", NEW."id");
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "transactions_station_id" AFTER INSERT ON "transactions" FOR EACH ROW
	WHEN (NEW."station_transaction_id" IS NOT NULL) EXECUTE FUNCTION "note_station_transaction"();
--> statement-breakpoint
-- The first partition ends above every id that is used before the last step: a quarter of all ids so far is for the time
-- that the next two steps take.
DO $$
DECLARE
	"last" bigint := (SELECT CASE WHEN "is_called" THEN "last_value" ELSE 0 END FROM "transaction_ids");
BEGIN
	EXECUTE format('ALTER TABLE "transactions" ADD CONSTRAINT "transactions_first_partition" CHECK ("id" < %s) NOT VALID',
		("last" + "last" / 4 + 99999) / 100000 * 100000 + CASE WHEN "last" = 0 THEN 100000 ELSE 0 END);
END $$;
