// Groups with all groups below them, as SQL.

/** The keys of the groups of `groups` (SQL, an `int4[]`) that exist, and of all groups below them: an `int4[]`. */
export function groupsWithin(groups: string): string {
  return `ARRAY(
    WITH RECURSIVE within(id) AS (
      SELECT g.id FROM charge_point_groups g WHERE g.id = ANY(${groups})
      UNION
      SELECT g.id FROM charge_point_groups g JOIN within w ON g.parent_id = w.id
    )
    SELECT id FROM within ORDER BY id)`
}

/** The keys of the groups that `paths` (SQL, a `text[]`) names, as `tenant/site`: an `int4[]`. Found name by name. */
export function groupsOfPaths(paths: string): string {
  return `ARRAY(
    WITH RECURSIVE wanted AS (SELECT string_to_array(ltrim(p, '/'), '/') AS names FROM unnest(${paths}) AS p),
    found(id, names, level) AS (
      SELECT g.id, w.names, 1 FROM wanted w JOIN charge_point_groups g ON g.parent_id IS NULL AND g.name = w.names[1]
      UNION ALL
      SELECT g.id, f.names, f.level + 1
      FROM found f JOIN charge_point_groups g ON g.parent_id = f.id AND g.name = f.names[f.level + 1]
    )
    SELECT f.id FROM found f WHERE f.level = cardinality(f.names))`
}
