// Deletes the oldest entries of the audit log. The last entry of a chain that is deleted leaves its number and its hash
// in `audit_anchors`, in the same statement, so that the rest of the chain can still be verified.

import type { Pool } from 'pg'
import { retentionBatchesMax, retentionRowsMax } from '../../base/limits.ts'

// A chain is cut before its first entry that is not old: it stays one piece, whatever the clock of its node did.
const cutChain = `
  WITH oldest AS (SELECT sequence, at FROM audit_log WHERE node = $1 ORDER BY sequence LIMIT $3),
    kept AS (SELECT min(sequence) AS sequence FROM oldest WHERE at >= $2),
    dropped AS (
      DELETE FROM audit_log WHERE node = $1 AND sequence IN (
        SELECT o.sequence FROM oldest o, kept k WHERE k.sequence IS NULL OR o.sequence < k.sequence)
      RETURNING sequence, hash),
    newest AS (SELECT sequence, hash FROM dropped ORDER BY sequence DESC LIMIT 1),
    anchor AS (
      INSERT INTO audit_anchors AS a (node, sequence, hash) SELECT $1, sequence, hash FROM newest
      ON CONFLICT (node) DO UPDATE SET sequence = EXCLUDED.sequence, hash = EXCLUDED.hash
      WHERE a.sequence < EXCLUDED.sequence)
  SELECT count(*)::int4 AS count FROM dropped`

/** Deletes the entries from before `beforeMs` of all nodes, up to the limit of one run. Returns how many. */
export async function deleteOldAudit(pool: Pool, beforeMs: number): Promise<number> {
  const { rows: chains } = await pool.query<{ readonly node: string }>('SELECT node FROM audit_anchors ORDER BY node')
  const before = new Date(beforeMs).toISOString()
  let deleted = 0
  for (const { node } of chains) {
    for (let batch = 0; batch < retentionBatchesMax; batch++) {
      const { rows } = await pool.query<{ readonly count: number }>(cutChain, [node, before, retentionRowsMax])
      const count = rows[0]?.count ?? 0
      deleted += count
      if (count < retentionRowsMax) break
    }
  }
  return deleted
}
