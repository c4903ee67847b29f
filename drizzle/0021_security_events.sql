CREATE TABLE "security_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "security_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"type" text NOT NULL,
	"identity" text,
	"charge_point_id" integer,
	"remote_address" text NOT NULL,
	"node" text NOT NULL,
	"first_at" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"count" integer NOT NULL,
	"reason" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX "security_events_received" ON "security_events" USING btree ("received_at");