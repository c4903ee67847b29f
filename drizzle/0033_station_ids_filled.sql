-- The ids of charge points from before the trigger. Nobody waits for it: a row that is written meanwhile meets the unique
-- index of "transactions" first.
INSERT INTO "station_transactions"
	SELECT "charge_point_id", left("station_transaction_id", 255), "station_use", "id" FROM "transactions" WHERE "station_transaction_id" IS NOT NULL
	ON CONFLICT DO NOTHING;
