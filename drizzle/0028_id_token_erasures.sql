CREATE TABLE "id_token_erasures" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "id_token_erasures_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pseudonym" text NOT NULL,
	"state" text DEFAULT 'running' NOT NULL,
	"sealed_token" text,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"settles_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"erased" json NOT NULL,
	"position" json
);
--> statement-breakpoint
CREATE INDEX "id_token_erasures_open" ON "id_token_erasures" USING btree ("id") WHERE state <> 'done';