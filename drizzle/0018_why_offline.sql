CREATE TABLE "handshake_refusals" (
	"charge_point_id" integer PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"status" integer NOT NULL,
	"reason" text NOT NULL,
	"remote_address" text NOT NULL,
	"node" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "connection_history" ADD COLUMN "remote_address" text;