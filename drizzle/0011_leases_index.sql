CREATE INDEX CONCURRENTLY "charge_points_of_node" ON "charge_points" USING btree ("node","id") WHERE node IS NOT NULL;
