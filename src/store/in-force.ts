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

type Table = 'charging_profiles' | 'reservations'

const idAndTime = {
  charging_profiles: { id: 'profile_id', madeAt: 'set_at' },
  reservations: { id: 'reservation_id', madeAt: 'created_at' },
} as const

/**
 * A statement that brings back these columns of the row in force, for the id `$2` of the charge point `$1`, if the new
 * row is still the one that was made at `$3`.
 */
export function keepInForce(table: Table, columns: readonly string[]): string {
  const { id, madeAt } = idAndTime[table]
  const names = columns.join(', ')
  return `
    UPDATE ${table} t SET (${names}, in_force) = (
      SELECT ${names}, NULL::json FROM json_populate_record(NULL::${table}, t.in_force))
    WHERE t.charge_point_id = $1 AND t.${id} = $2 AND t.${madeAt} = $3 AND t.in_force IS NOT NULL`
}

/**
 * A statement for when the charge point took what was made at `$3` after another one of its id was stored: what was in
 * force before them must not come back.
 */
export function forgetInForce(table: Table): string {
  const { id, madeAt } = idAndTime[table]
  return `UPDATE ${table} SET in_force = NULL WHERE charge_point_id = $1 AND ${id} = $2 AND ${madeAt} > $3`
}
