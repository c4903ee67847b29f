CREATE TABLE "data_transfer_vendors" (
	"vendor_id" text PRIMARY KEY NOT NULL,
	"description" text,
	"answer" json NOT NULL,
	"messages" json,
	"changed_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "quirk_hits" (
	"charge_point_id" integer NOT NULL,
	"profile" text NOT NULL,
	"quirk" text NOT NULL,
	"count" bigint NOT NULL,
	"first_at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone NOT NULL,
	CONSTRAINT "quirk_hits_pkey" PRIMARY KEY("charge_point_id","quirk","profile")
) WITH (fillfactor = 80);
--> statement-breakpoint
CREATE TABLE "quirk_profiles" (
	"name" text PRIMARY KEY NOT NULL,
	"profile" json NOT NULL,
	"changed_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "charge_points" ADD COLUMN "quirk_profile" text;