DROP INDEX "transactions_charge_point";--> statement-breakpoint
DROP INDEX "transactions_id_token";--> statement-breakpoint
DROP INDEX "transactions_open";--> statement-breakpoint
CREATE INDEX "transactions_of_charge_point" ON "transactions" USING btree ("charge_point_id","id");--> statement-breakpoint
CREATE INDEX "transactions_of_id_token" ON "transactions" USING btree (left(lower(id_token), 64),"id");--> statement-breakpoint
CREATE INDEX "transactions_open_of_charge_point" ON "transactions" USING btree ("charge_point_id","id") WHERE stopped_at IS NULL;