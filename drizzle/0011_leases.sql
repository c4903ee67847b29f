CREATE TABLE "nodes" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
-- Nodes of the version before have no leases. What they hold counts as held for as long as a deploy takes.
INSERT INTO "nodes" ("id", "name", "started_at", "seen_at")
SELECT DISTINCT "node", "node", now(), now() + interval '15 minutes' FROM "charge_points" WHERE "node" IS NOT NULL;
