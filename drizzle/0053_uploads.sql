CREATE TABLE "upload_chunks" (
	"job_id" bigint NOT NULL,
	"attempt" integer NOT NULL,
	"place" integer NOT NULL,
	"content" "bytea" NOT NULL,
	CONSTRAINT "upload_chunks_pkey" PRIMARY KEY("job_id","attempt","place")
);
--> statement-breakpoint
-- Most files are archives: nothing is gained by trying to compress them.
ALTER TABLE "upload_chunks" ALTER COLUMN "content" SET STORAGE EXTERNAL;--> statement-breakpoint
CREATE TABLE "uploads" (
	"job_id" bigint PRIMARY KEY NOT NULL,
	"token_hash" text NOT NULL,
	"attempt" integer NOT NULL,
	"begun_at" timestamp with time zone,
	"received_at" timestamp with time zone,
	"file_name" text,
	"bytes" bigint,
	"sha256" text
);
--> statement-breakpoint
CREATE UNIQUE INDEX "uploads_token" ON "uploads" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "uploads_received" ON "uploads" USING btree ("received_at") WHERE received_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "uploads_begun" ON "uploads" USING btree ("begun_at") WHERE received_at IS NULL;