CREATE TABLE "installation" (
	"id" integer PRIMARY KEY NOT NULL,
	"credential_fingerprint" "bytea" NOT NULL
);
