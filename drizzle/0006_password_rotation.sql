ALTER TABLE "charge_points" ADD COLUMN "pending_password_hash" "bytea";--> statement-breakpoint
ALTER TABLE "charge_points" ADD COLUMN "fenced_in" "xid8";--> statement-breakpoint
CREATE INDEX "charge_points_fenced" ON "charge_points" USING btree ("fenced_in") WHERE fenced_in IS NOT NULL;