-- Written by drizzle-kit from src/store/schema.ts, then by hand: partitions, and storage of what is compressed already.
CREATE SEQUENCE "public"."message_block_ids" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 268435456 CACHE 1;--> statement-breakpoint
CREATE TABLE "message_blocks" (
	"id" bigint DEFAULT nextval('message_block_ids') NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"to_at" timestamp with time zone NOT NULL,
	"charge_point_min" integer NOT NULL,
	"charge_point_max" integer NOT NULL,
	"lines" integer NOT NULL,
	"text_bytes" integer NOT NULL,
	"level" integer NOT NULL,
	"run" bigint NOT NULL,
	"written_at" timestamp with time zone DEFAULT now() NOT NULL,
	"head" "bytea" NOT NULL,
	"body" "bytea" NOT NULL
) PARTITION BY RANGE ("from_at");
--> statement-breakpoint
ALTER TABLE "message_blocks" ALTER COLUMN "head" SET STORAGE EXTERNAL;--> statement-breakpoint
ALTER TABLE "message_blocks" ALTER COLUMN "body" SET STORAGE EXTERNAL;--> statement-breakpoint
CREATE TABLE "message_blocks_default" PARTITION OF "message_blocks" DEFAULT;
--> statement-breakpoint
CREATE INDEX "message_blocks_id" ON "message_blocks" USING btree ("id");--> statement-breakpoint
CREATE INDEX "message_blocks_charge_points" ON "message_blocks" USING gist (int4range("charge_point_min", "charge_point_max", '[]'::text));
