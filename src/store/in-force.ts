// What a charge point has of an id while it is told something new about it. The new row takes the place of the old one
// before it is sent, because the charge point may act on it before its answer comes. If that is a refusal, the old row
// comes back.

/**
 * SQL for `ON CONFLICT DO UPDATE SET in_force`: the row that is replaced if it is in force, else what was before.
 *
 * @param isOver SQL of whether the row of the table is over.
 */
export function inForce(table: string, isOver: string): string {
  return `CASE WHEN ${table}.status IS DISTINCT FROM 'Accepted' THEN ${table}.in_force
    WHEN ${isOver} THEN NULL ELSE (to_jsonb(${table}) - 'in_force')::json END`
}

/** A statement that brings back these columns of the row in force, for the id `$2` of the charge point `$1`. */
export function keepInForce(table: 'charging_profiles' | 'reservations', columns: readonly string[]): string {
  const id = table === 'reservations' ? 'reservation_id' : 'profile_id'
  const names = columns.join(', ')
  return `
    UPDATE ${table} t SET (${names}, in_force) = (
      SELECT ${names}, NULL::json FROM json_populate_record(NULL::${table}, t.in_force))
    WHERE t.charge_point_id = $1 AND t.${id} = $2 AND t.in_force IS NOT NULL`
}
