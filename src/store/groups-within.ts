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

/** The keys of the groups that `paths` (SQL, a `text[]`) names, as `tenant/site`: an `int4[]`. */
export function groupsOfPaths(paths: string): string {
  return `ARRAY(
    WITH RECURSIVE wanted AS (SELECT ltrim(p, '/') AS path FROM unnest(${paths}) AS p), found(id, path) AS (
      SELECT g.id, g.name FROM charge_point_groups g
      WHERE g.parent_id IS NULL AND EXISTS (SELECT FROM wanted w WHERE ${isOnTheWay('g.name')})
      UNION ALL
      SELECT g.id, f.path || '/' || g.name FROM charge_point_groups g JOIN found f ON g.parent_id = f.id
      WHERE EXISTS (SELECT FROM wanted w WHERE ${isOnTheWay(`f.path || '/' || g.name`)})
    )
    SELECT f.id FROM found f JOIN wanted w ON w.path = f.path)`
}

function isOnTheWay(path: string): string {
  return `w.path = ${path} OR starts_with(w.path, ${path} || '/')`
}
