// Which price applies to a charge point, as SQL.

/**
 * SQL of the price that applies to the charge point `key` (SQL), as JSON: its own, else that of its group or of the
 * nearest group above it that has one, else the default. Each is found in the index; no row: there is none.
 *
 * @param more further fields for `json_build_object`, of the row `p` and its `owner`.
 */
export function priceOf(key: string, more = ''): string {
  return `WITH RECURSIVE up(id, parent_id, level) AS (
      SELECT g.id, g.parent_id, 1 FROM charge_points c JOIN charge_point_groups g ON g.id = c.group_id WHERE c.id = ${key}
      UNION ALL SELECT g.id, g.parent_id, u.level + 1 FROM up u JOIN charge_point_groups g ON g.id = u.parent_id
    )
    SELECT json_build_object('currency', p.currency, 'perKwh', p.per_kwh, 'perMinute', p.per_minute,
      'perSession', p.per_session${more}) FROM (
      SELECT 'chargePoint' AS owner, 0 AS level, p.* FROM prices p WHERE p.charge_point_id = ${key} AND p.group_id IS NULL
      UNION ALL
      SELECT 'group', u.level, p.* FROM up u JOIN prices p ON p.charge_point_id IS NULL AND p.group_id = u.id
      UNION ALL
      SELECT 'default', 2147483647, p.* FROM prices p WHERE p.charge_point_id IS NULL AND p.group_id IS NULL
    ) p ORDER BY p.level LIMIT 1`
}
