CREATE TABLE "remote_start_promises" (
	"charge_point_id" integer NOT NULL,
	"transaction_id" bigint NOT NULL,
	"start" json NOT NULL,
	"promised_at" timestamp with time zone NOT NULL,
	CONSTRAINT "remote_start_promises_pkey" PRIMARY KEY("charge_point_id","transaction_id")
);
