ALTER TABLE "charge_points" ADD COLUMN "may_use_other_name" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "charge_points" ADD COLUMN "certificate_name" text;--> statement-breakpoint
ALTER TABLE "charge_points" ADD COLUMN "blocked" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "charge_points" ADD COLUMN "security_profile_min" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "charge_points" ADD COLUMN "security_profile_next" smallint;