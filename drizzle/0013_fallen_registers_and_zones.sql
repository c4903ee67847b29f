ALTER TABLE "charge_points" ADD COLUMN "time_zone" text;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "register_fell_from_wh" double precision;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "register_fell_at" timestamp with time zone;