ALTER TABLE "connectors" ADD COLUMN "status_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "updated_at" timestamp with time zone;