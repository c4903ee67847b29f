ALTER TABLE "charge_points" ADD COLUMN "grouped_in" "xid8";--> statement-breakpoint
-- Nodes of the version before change groups and delete charge points, too, and know nothing of the column.
CREATE FUNCTION "note_grouped"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	NEW."grouped_in" := pg_current_xact_id();
	RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER "charge_points_grouped_in" BEFORE INSERT OR UPDATE OF "group_id", "deleted_at" ON "charge_points"
	FOR EACH ROW EXECUTE FUNCTION "note_grouped"();
