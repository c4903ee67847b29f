// Which processes are there: each holds a shared advisory lock in the name of its node for as long as it is connected to
// PostgreSQL, so that what a dead process left behind can be told from what a living one is doing.

import type { Pool } from 'pg'

/** First key of the locks; the second is a hash of the node's name. Any number that nobody else uses. */
const presenceSpace = 7_274_611

/** Makes every connection of `pool` from now on say that `node` is alive. */
export function announcePresence(pool: Pool, node: string): void {
  pool.on('connect', (client) => {
    // A connection that breaks at once says nothing; its first statement tells whoever uses it.
    client.query('SELECT pg_advisory_lock_shared($1, hashtext($2))', [presenceSpace, node]).catch(() => {})
  })
}

/** Marks as not connected every charge point of `node`, and of nodes that are no longer there. Answers how many. */
export async function disconnectAbsent(pool: Pool, node: string): Promise<number> {
  const { rowCount } = await pool.query(
    `UPDATE charge_points c SET connected = false, node = NULL
     WHERE connected AND (c.node = $2 OR NOT EXISTS (
       SELECT FROM pg_locks l
       WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid = $1::int4::oid
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND l.objid = (hashtext(c.node)::int8 & 4294967295)::oid))`,
    [presenceSpace, node],
  )
  return rowCount ?? 0
}
