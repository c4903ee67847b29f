-- The unique index charge_points_identity_alike is made at a start (src/store/alike-identities.ts): where two identities differ in letter
-- case only, it would fail here, and the start with it.
-- contract: nodes of the version before find the same rows by the new indexes, and sort them by number: those of one charge point or card.
CREATE INDEX CONCURRENTLY "transactions_by_arrival" ON "transactions" USING btree ("received_at","id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "transactions_of_charge_point_by_arrival" ON "transactions" USING btree ("charge_point_id","received_at","id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "transactions_of_id_token_by_arrival" ON "transactions" USING btree (left(lower(id_token), 64),"received_at","id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "transactions_open_of_id_token_by_arrival" ON "transactions" USING btree (left(lower(id_token), 64) text_pattern_ops,"received_at","id") WHERE stopped_at IS NULL;--> statement-breakpoint
CREATE INDEX CONCURRENTLY "transactions_open_of_charge_point_by_arrival" ON "transactions" USING btree ("charge_point_id","received_at","id") WHERE stopped_at IS NULL;--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "transactions_of_charge_point";--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "transactions_of_id_token";--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "transactions_open_of_id_token";--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "transactions_open_of_charge_point";
