CREATE TABLE "certificate_requests" (
	"charge_point_id" integer NOT NULL,
	"csr_digest" text NOT NULL,
	"csr" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "certificate_requests_pkey" PRIMARY KEY("charge_point_id","csr_digest")
);
--> statement-breakpoint
CREATE TABLE "certificate_authority" (
	"id" integer PRIMARY KEY NOT NULL,
	"certificate" text NOT NULL,
	"private_key" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "certificates" (
	"serial_number" text PRIMARY KEY NOT NULL,
	"charge_point_id" integer NOT NULL,
	"csr_digest" text NOT NULL,
	"certificate" text NOT NULL,
	"state" text NOT NULL,
	"valid_from" timestamp with time zone NOT NULL,
	"valid_to" timestamp with time zone NOT NULL,
	"signed_at" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone,
	"sent_epoch" bigint,
	"sends" integer DEFAULT 0 NOT NULL,
	"settled_at" timestamp with time zone,
	"reason" text,
	"renewal_asked_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "installed_certificates" (
	"charge_point_id" integer NOT NULL,
	"certificate_type" text NOT NULL,
	"hash_algorithm" text NOT NULL,
	"issuer_name_hash" text NOT NULL,
	"issuer_key_hash" text NOT NULL,
	"serial_number" text NOT NULL,
	"reported_at" timestamp with time zone NOT NULL,
	CONSTRAINT "installed_certificates_pkey" PRIMARY KEY("charge_point_id","certificate_type","hash_algorithm","issuer_name_hash","issuer_key_hash","serial_number")
);
--> statement-breakpoint
CREATE TABLE "sent_certificates" (
	"charge_point_id" integer NOT NULL,
	"serial_number" text NOT NULL,
	"subject" text NOT NULL,
	"valid_to" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone NOT NULL,
	CONSTRAINT "sent_certificates_pkey" PRIMARY KEY("charge_point_id","serial_number")
);
--> statement-breakpoint
CREATE INDEX "certificates_of_charge_point" ON "certificates" USING btree ("charge_point_id","valid_to");--> statement-breakpoint
CREATE INDEX "certificates_by_expiry" ON "certificates" USING btree ("valid_to");--> statement-breakpoint
CREATE INDEX "certificates_open" ON "certificates" USING btree ("charge_point_id") WHERE state IN ('signed', 'sent');