ALTER TABLE "charge_points" ADD COLUMN "connection_certificate" text;--> statement-breakpoint
ALTER TABLE "certificates" ADD COLUMN "revoked_at" timestamp with time zone;