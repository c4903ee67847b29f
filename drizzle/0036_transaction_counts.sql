-- Counters of transactions: see src/store/counts. The triggers are on the table and not in the statements of the writer,
-- so that nodes of the version before, corrections and erasures are counted as well.
CREATE TABLE "transaction_count_changes" (
	"arrival_hour" timestamp with time zone NOT NULL,
	"start_hour" timestamp with time zone NOT NULL,
	"transactions" integer NOT NULL,
	"open" integer NOT NULL
);
--> statement-breakpoint
-- Its rows are added, and deleted by the next fold: it stays small only if vacuum comes often.
ALTER TABLE "transaction_count_changes" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000);
--> statement-breakpoint
CREATE TABLE "transaction_counting" (
	"id" integer PRIMARY KEY NOT NULL,
	"counted_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "transaction_counts" (
	"by_start" boolean NOT NULL,
	"hours" smallint NOT NULL,
	"begin_at" timestamp with time zone NOT NULL,
	"transactions" bigint NOT NULL,
	"open" bigint NOT NULL,
	CONSTRAINT "transaction_counts_pkey" PRIMARY KEY("by_start","hours","begin_at")
);
--> statement-breakpoint
CREATE FUNCTION count_begun_transactions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO transaction_count_changes (arrival_hour, start_hour, transactions, open)
  SELECT date_bin('1 hour', received_at, 'epoch'), date_bin('1 hour', started_at, 'epoch'),
    count(*), count(*) FILTER (WHERE stopped_at IS NULL)
  FROM begun GROUP BY 1, 2;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION count_deleted_transactions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO transaction_count_changes (arrival_hour, start_hour, transactions, open)
  SELECT date_bin('1 hour', received_at, 'epoch'), date_bin('1 hour', started_at, 'epoch'),
    -count(*), -count(*) FILTER (WHERE stopped_at IS NULL)
  FROM deleted GROUP BY 1, 2;
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Called only for a row that moves from one counter to another: see the trigger.
CREATE FUNCTION count_moved_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  arrived timestamptz := date_bin('1 hour', OLD.received_at, 'epoch');
  started timestamptz := date_bin('1 hour', OLD.started_at, 'epoch');
  arrives timestamptz := date_bin('1 hour', NEW.received_at, 'epoch');
  starts timestamptz := date_bin('1 hour', NEW.started_at, 'epoch');
  was_open integer := (OLD.stopped_at IS NULL)::integer;
  is_open integer := (NEW.stopped_at IS NULL)::integer;
BEGIN
  IF arrived = arrives AND started = starts THEN
    IF is_open <> was_open THEN
      INSERT INTO transaction_count_changes (arrival_hour, start_hour, transactions, open)
      VALUES (arrives, starts, 0, is_open - was_open);
    END IF;
  ELSE
    INSERT INTO transaction_count_changes (arrival_hour, start_hour, transactions, open)
    VALUES (arrived, started, -1, -was_open), (arrives, starts, 1, is_open);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER count_begun AFTER INSERT ON "transactions" REFERENCING NEW TABLE AS begun
  FOR EACH STATEMENT EXECUTE FUNCTION count_begun_transactions();
--> statement-breakpoint
CREATE TRIGGER count_deleted AFTER DELETE ON "transactions" REFERENCING OLD TABLE AS deleted
  FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_transactions();
--> statement-breakpoint
CREATE TRIGGER count_moved AFTER UPDATE ON "transactions" FOR EACH ROW
  WHEN ((OLD.stopped_at IS NULL) <> (NEW.stopped_at IS NULL) OR OLD.started_at <> NEW.started_at
    OR OLD.received_at <> NEW.received_at)
  EXECUTE FUNCTION count_moved_transaction();
--> statement-breakpoint
-- What is there already is counted by the upkeep, or by `bun src/main.ts count`.
INSERT INTO "transaction_counting" ("id", "counted_at") SELECT 1, now() WHERE NOT EXISTS (SELECT FROM "transactions");
