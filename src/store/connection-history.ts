// The history of connections: one row when a connection opens, one when it is closed. Both are written by the statement that
// changes the charge point, under the lock of its row: whoever finds the connection open writes its end, so there is one.

import { leaseMs } from '../base/limits.ts'
import type { ClosedBy, ConnectionEnd } from '../csms/records.ts'

/** Why a connection was closed that a newer one replaced, on whichever node. */
export const replacedEnd = end('centralSystem', 1001, 'A newer connection of this charge point has taken over.')
/** Of one whose node was found to be gone: it was closed when the lease of the node ran out, as far as anybody knows. */
export const nodeLostEnd = end('lost', null, 'Its node stopped without a word, or lost the database.')
/** Of one that was open when the embedded database was last used. */
export const processLostEnd = end('lost', null, 'The process stopped without a word.')
/** Of one that is gone, while nobody could tell the database why. */
export const untoldEnd = end('lost', null, 'It was closed while the database could not be told.')
export const stoppingEnd = end('centralSystem', 1001, 'The central system is stopping.')
export const credentialsEnd = end('centralSystem', 1008, 'Credentials changed')
export const deletedEnd = end('centralSystem', 1008, 'Charge point deleted')

/** When the lease of a row of `nodes` runs out, unless it is renewed. */
export const leaseEndsAt = `seen_at + interval '${leaseMs} ms'`

type End = Omit<ConnectionEnd, 'atMs'>

function end(closedBy: ClosedBy, closeCode: number | null, reason: string): End {
  return { closedBy, closeCode, reason }
}

/** In the SET of an UPDATE of `charge_points c` that ends its connection: RETURNING then tells which one was open. */
export const keepEnded = `ended_epoch = CASE WHEN c.connected THEN c.connection_epoch END,
  ended_node = CASE WHEN c.connected THEN c.node END`

/** `end` as columns of a SELECT; its texts are this file's own. */
export function endColumns({ closedBy, closeCode, reason }: End): string {
  return `'${closedBy}' AS closed_by, ${closeCode ?? 'NULL'}::int4 AS close_code, '${reason}' AS reason`
}

/** The name of a node goes into the history: its id means nothing once its lease is over. */
function nodeName(id: string): string {
  return `COALESCE((SELECT name FROM nodes WHERE id = ${id}), ${id})`
}

/**
 * Stores the ends of connections. `ended` is a relation of key, ended_epoch (null: nothing was open), ended_node, at, closed_by,
 * close_code and reason.
 */
export function insertEnds(ended: string): string {
  return `INSERT INTO connection_history (charge_point_id, at, epoch, closed, node, closed_by, close_code, reason)
    SELECT e.key, e.at, e.ended_epoch, true, ${nodeName('e.ended_node')}, e.closed_by, e.close_code, e.reason
    FROM ${ended} AS e WHERE e.ended_epoch IS NOT NULL ON CONFLICT DO NOTHING`
}

/** Stores that connections have opened. `opened` is a relation of key, at, epoch and node. */
export function insertOpened(opened: string): string {
  return `INSERT INTO connection_history (charge_point_id, at, epoch, closed, node)
    SELECT o.key, o.at, o.epoch, false, ${nodeName('o.node')} FROM ${opened} AS o ON CONFLICT DO NOTHING`
}

/**
 * The connections that the claims of `claimed` found open, with their ends: that of a node which is gone was closed before
 * this one opened.
 */
export const replacedByClaims = `(
  SELECT c.key, c.ended_epoch, c.ended_node, COALESCE(LEAST(c.at, d.until), c.at) AS at, r.closed_by, r.close_code, r.reason
  FROM claimed c
  LEFT JOIN LATERAL (SELECT ${leaseEndsAt} AS until FROM nodes
    WHERE id = c.ended_node AND ${leaseEndsAt} <= clock_timestamp()) d ON true
  JOIN (VALUES (true, '${nodeLostEnd.closedBy}', NULL::int4, '${nodeLostEnd.reason}'),
    (false, '${replacedEnd.closedBy}', ${replacedEnd.closeCode}::int4, '${replacedEnd.reason}'))
    AS r(is_lost, closed_by, close_code, reason) ON r.is_lost = (d.until IS NOT NULL)
  WHERE c.ended_epoch IS NOT NULL)`
