// Forgets what has been kept for long enough. Only so many rows at a time, and each lot for itself, so that nobody waits.

import type { Pool } from 'pg'
import { forgottenLotsMax, forgottenRowsMax } from '../base/limits.ts'

/** Forgets the rows of `table` that were received before `beforeMs`, as many as one turn may. Answers how many. */
export async function forgetOld(
  pool: Pool,
  table: 'anomalies' | 'charge_point_events' | 'transaction_facts_default',
  beforeMs: number,
): Promise<number> {
  let forgotten = 0
  for (let lot = 0; lot < forgottenLotsMax; lot++) {
    const { rowCount } = await pool.query(
      `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE received_at < $1 LIMIT $2))`,
      [new Date(beforeMs).toISOString(), forgottenRowsMax],
    )
    forgotten += rowCount ?? 0
    if ((rowCount ?? 0) < forgottenRowsMax) break
  }
  return forgotten
}
