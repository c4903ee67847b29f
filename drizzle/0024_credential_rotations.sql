CREATE TABLE "credential_rotation_items" (
	"rotation_id" bigint NOT NULL,
	"charge_point_id" integer NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"node" text,
	"connection_epoch" bigint,
	"status" text,
	"error_code" text,
	"error" text,
	"changed_at" timestamp with time zone NOT NULL,
	"not_before" timestamp with time zone,
	CONSTRAINT "credential_rotation_items_pkey" PRIMARY KEY("rotation_id","charge_point_id")
);
--> statement-breakpoint
CREATE TABLE "credential_rotations" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "credential_rotations_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"per_minute" integer NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"state" text DEFAULT 'running' NOT NULL,
	"next_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"ended_at" timestamp with time zone,
	"is_open" boolean DEFAULT true NOT NULL
);
--> statement-breakpoint
CREATE INDEX "credential_rotation_items_state" ON "credential_rotation_items" USING btree ("rotation_id","state","charge_point_id");--> statement-breakpoint
CREATE INDEX "credential_rotation_items_preceding" ON "credential_rotation_items" USING btree ("charge_point_id","rotation_id") WHERE state IN ('waiting', 'sending', 'unknown');--> statement-breakpoint
CREATE INDEX "credential_rotations_open" ON "credential_rotations" USING btree ("id") WHERE is_open;