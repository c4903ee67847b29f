ALTER TABLE "certificate_requests" ADD COLUMN "request_id" integer;--> statement-breakpoint
ALTER TABLE "certificates" ADD COLUMN "request_id" integer;