CREATE INDEX CONCURRENTLY "charge_points_by_vendor" ON "charge_points" USING btree (lower("vendor"),"identity") WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX CONCURRENTLY "charge_points_by_model" ON "charge_points" USING btree (lower("model"),"identity") WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX CONCURRENTLY "charge_points_by_firmware" ON "charge_points" USING btree (lower("firmware_version"),"identity") WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX CONCURRENTLY "charge_points_by_version" ON "charge_points" USING btree ("ocpp_version","identity") WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX CONCURRENTLY "alarms_of_component" ON "alarms" USING btree (lower("component_name"),"began_at","charge_point_id","subject");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "alarms_of_variable" ON "alarms" USING btree (lower("variable_name"),"began_at","charge_point_id","subject");