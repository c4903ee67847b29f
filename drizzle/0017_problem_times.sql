CREATE TABLE "problem_times" (
	"charge_point_id" integer NOT NULL,
	"component_name" text NOT NULL,
	"component_instance" text NOT NULL,
	"evse_id" integer NOT NULL,
	"connector_id" integer NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "problem_times_pkey" PRIMARY KEY("charge_point_id","component_name","component_instance","evse_id","connector_id")
);
--> statement-breakpoint
CREATE INDEX "problem_times_received" ON "problem_times" USING btree ("received_at");