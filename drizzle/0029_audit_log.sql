CREATE TABLE "audit_anchors" (
	"node" text PRIMARY KEY NOT NULL,
	"sequence" bigint NOT NULL,
	"hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"node" text NOT NULL,
	"sequence" bigint NOT NULL,
	"outcome_of" bigint,
	"at" timestamp with time zone NOT NULL,
	"principal_kind" text,
	"principal" text,
	"acting_as" text,
	"remote_address" text,
	"request_id" text,
	"operation" text,
	"charge_point_id" integer,
	"identity" text,
	"request" json,
	"before" json,
	"after" json,
	"status" smallint,
	"code" text,
	"id_tags" text,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "audit_log_pkey" PRIMARY KEY("node","sequence")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "audit_log_outcomes" ON "audit_log" USING btree ("node","outcome_of") WHERE outcome_of IS NOT NULL;--> statement-breakpoint
CREATE INDEX "audit_log_by_time" ON "audit_log" USING btree ("at") WHERE outcome_of IS NULL;--> statement-breakpoint
CREATE INDEX "audit_log_by_charge_point" ON "audit_log" USING btree ("identity","at") WHERE identity IS NOT NULL;--> statement-breakpoint
CREATE INDEX "audit_log_by_id_tag" ON "audit_log" USING gin (string_to_array(id_tags, ' '));