CREATE TABLE "charging_limits" (
	"charge_point_id" integer NOT NULL,
	"evse_id" integer NOT NULL,
	"source" text NOT NULL,
	"cleared" boolean NOT NULL,
	"payload" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "charging_limits_pkey" PRIMARY KEY("charge_point_id","evse_id","source")
);
--> statement-breakpoint
CREATE TABLE "charging_profiles" (
	"charge_point_id" integer NOT NULL,
	"profile_id" integer NOT NULL,
	"evse_id" integer NOT NULL,
	"stack_level" integer NOT NULL,
	"purpose" text NOT NULL,
	"transaction_id" bigint,
	"valid_to" timestamp with time zone,
	"profile" json NOT NULL,
	"status" text,
	"cleared_at" timestamp with time zone,
	"set_at" timestamp with time zone NOT NULL,
	"set_by" text NOT NULL,
	CONSTRAINT "charging_profiles_pkey" PRIMARY KEY("charge_point_id","profile_id")
);
--> statement-breakpoint
CREATE TABLE "ev_charging_needs" (
	"charge_point_id" integer NOT NULL,
	"evse_id" integer NOT NULL,
	"payload" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ev_charging_needs_pkey" PRIMARY KEY("charge_point_id","evse_id")
);
--> statement-breakpoint
CREATE TABLE "ev_charging_schedules" (
	"charge_point_id" integer NOT NULL,
	"evse_id" integer NOT NULL,
	"payload" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ev_charging_schedules_pkey" PRIMARY KEY("charge_point_id","evse_id")
);
--> statement-breakpoint
CREATE TABLE "reported_charging_profiles" (
	"charge_point_id" integer NOT NULL,
	"profile_id" bigint NOT NULL,
	"evse_id" integer NOT NULL,
	"source" text NOT NULL,
	"stack_level" integer NOT NULL,
	"purpose" text NOT NULL,
	"station_transaction_id" text,
	"profile" json NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "reported_charging_profiles_pkey" PRIMARY KEY("charge_point_id","profile_id")
);
--> statement-breakpoint
CREATE INDEX "charging_profiles_set" ON "charging_profiles" USING brin ("set_at");--> statement-breakpoint
CREATE INDEX "reported_charging_profiles_received" ON "reported_charging_profiles" USING brin ("received_at");