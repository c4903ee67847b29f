CREATE INDEX "anomalies_received" ON "anomalies" USING btree ("received_at","charge_point_id","digest");--> statement-breakpoint
CREATE INDEX "anomalies_kind" ON "anomalies" USING btree ("kind","received_at","charge_point_id","digest");--> statement-breakpoint
CREATE INDEX "anomalies_transaction" ON "anomalies" USING btree (left("transaction", 255),"received_at","charge_point_id","digest") WHERE "transaction" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "charge_point_events_received" ON "charge_point_events" USING brin ("received_at");