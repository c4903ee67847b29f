ALTER TABLE "transactions" VALIDATE CONSTRAINT "transactions_first_partition";
