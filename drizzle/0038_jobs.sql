CREATE TABLE "job_events" (
	"job_id" bigint NOT NULL,
	"place" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"state" text NOT NULL,
	"is_end" boolean NOT NULL,
	"deadline_at" timestamp with time zone,
	"status" text,
	"error_code" text,
	"error" text,
	"detail" json,
	"message_id" text,
	"moved_by" text,
	CONSTRAINT "job_events_pkey" PRIMARY KEY("job_id","place")
);
--> statement-breakpoint
CREATE TABLE "jobs" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "jobs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"charge_point_id" integer NOT NULL,
	"parent_id" bigint,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"place" integer NOT NULL,
	"status" text,
	"error_code" text,
	"error" text,
	"request_id" integer NOT NULL,
	"commands" json,
	"timeout_seconds" integer NOT NULL,
	"starts_at" timestamp with time zone,
	"expires_at" timestamp with time zone,
	"deadline_at" timestamp with time zone,
	"node" text,
	"connection_epoch" bigint,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE INDEX "jobs_of_charge_point" ON "jobs" USING btree ("charge_point_id","id");--> statement-breakpoint
CREATE INDEX "jobs_by_state" ON "jobs" USING btree ("state","id");--> statement-breakpoint
CREATE INDEX "jobs_by_kind" ON "jobs" USING btree ("kind","id");--> statement-breakpoint
CREATE INDEX "jobs_of_request" ON "jobs" USING btree ("charge_point_id","request_id");--> statement-breakpoint
CREATE INDEX "jobs_of_parent" ON "jobs" USING btree ("parent_id","id") WHERE parent_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "jobs_open" ON "jobs" USING btree ("charge_point_id") WHERE ended_at IS NULL;--> statement-breakpoint
CREATE INDEX "jobs_sending" ON "jobs" USING btree ("node") WHERE state = 'sending';--> statement-breakpoint
CREATE INDEX "jobs_deadline" ON "jobs" USING btree ("deadline_at") WHERE deadline_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "jobs_ended" ON "jobs" USING btree ("ended_at") WHERE ended_at IS NOT NULL;