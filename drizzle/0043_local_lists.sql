CREATE TABLE "local_lists" (
	"charge_point_id" integer PRIMARY KEY NOT NULL,
	"entries" json NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"changed_by" text NOT NULL,
	"sent_version" integer DEFAULT 0 NOT NULL,
	"sent_entries" json,
	"sent_at" timestamp with time zone,
	"sent_request_id" integer,
	"reported_version" integer,
	"reported_at" timestamp with time zone
);
