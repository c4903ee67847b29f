// The history of connections: one row when a connection opens, one when it is closed. Both are written by the statement
// that changes the charge point, under the lock of its row: the statement that finds the connection open writes its
// end, so there is exactly one.

import { leaseMs } from '../base/limits.ts'
import { accessChanged, type ClosedBy, type ConnectionEnd, newerConnection, nodeStopping } from '../blocks/records.ts'

/** Why a connection was closed that a newer one replaced, on any node. */
export const replacedEnd = end('centralSystem', 1001, newerConnection)
/** For a connection whose node is gone. Its end is taken to be when the lease of the node expired. */
export const nodeLostEnd = end('lost', null, 'Its node stopped without a word, or lost the database.')
/** For a connection that was open when the embedded database was last used. */
export const processLostEnd = end('lost', null, 'The process stopped without a word.')
/** For a connection that ended while the database could not be reached. */
export const unreportedEnd = end('lost', null, 'It was closed while the database could not be reached.')
export const stoppingEnd = end('centralSystem', 1001, nodeStopping)
export const credentialsEnd = end('centralSystem', 1008, accessChanged)
export const revokedEnd = end('centralSystem', 1008, 'Certificate revoked')
export const deletedEnd = end('centralSystem', 1008, 'Charge point deleted')

/** When the lease of a row of `nodes` expires, unless it is renewed. */
export const leaseEndsAt = `seen_at + interval '${leaseMs} ms'`

type End = Omit<ConnectionEnd, 'atMs'>

function end(closedBy: ClosedBy, closeCode: number | null, reason: string): End {
  return { closedBy, closeCode, reason }
}

/** In the SET of an UPDATE of `charge_points c` that ends its connection: RETURNING then says which one was open. */
export const keepEnded = `ended_epoch = CASE WHEN c.connected THEN c.connection_epoch END,
  ended_node = CASE WHEN c.connected THEN c.node END`

/** `end` as columns of a SELECT; its texts are this file's own. */
export function endColumns({ closedBy, closeCode, reason }: End): string {
  return `'${closedBy}' AS closed_by, ${closeCode ?? 'NULL'}::int4 AS close_code, '${reason}' AS reason`
}

// There is no unique index. It is not needed: an end is stored by the statement that finds the connection open.
const endedColumns = 'charge_point_id, at, epoch, closed, node, closed_by, close_code, reason'

/**
 * The name of the node of a connection that ended: from `nodes n`, else from the row of the opening of `e`. A node that
 * was frozen holds connections before it has its lease again.
 */
const nameOfEnded = `COALESCE(n.name, (SELECT h.node FROM connection_history h WHERE h.charge_point_id = e.key
    AND h.epoch = e.ended_epoch AND NOT h.closed ORDER BY h.at DESC LIMIT 1), e.ended_node)`

/**
 * Stores the ends of connections. `ended` is a relation of key, ended_epoch (null: nothing was open), ended_node, at,
 * closed_by, close_code and reason. The history stores the name of the node, because its id has no meaning after its
 * lease.
 */
export function insertEnds(ended: string): string {
  return `INSERT INTO connection_history (${endedColumns})
    SELECT e.key, e.at, e.ended_epoch, true, ${nameOfEnded}, e.closed_by, e.close_code, e.reason
    FROM ${ended} AS e LEFT JOIN nodes n ON n.id = e.ended_node WHERE e.ended_epoch IS NOT NULL`
}

/**
 * Stores that connections have opened. `opened` is a relation of key, at, epoch, node, node_name (null: the name in
 * `nodes`) and remote_address (null: not known to this statement).
 */
export function insertOpened(opened: string): string {
  return `INSERT INTO connection_history (charge_point_id, at, epoch, closed, node, remote_address)
    SELECT o.key, o.at, o.epoch, false, COALESCE(o.node_name, n.name, o.node), o.remote_address FROM ${opened} AS o LEFT JOIN nodes n ON n.id = o.node`
}

/**
 * Stores the ends of the connections that the claims of `claimed` found open: a connection of a node that is gone ended
 * before the new one opened.
 */
export const insertReplaced = `INSERT INTO connection_history (${endedColumns})
  SELECT e.key, CASE WHEN gone THEN LEAST(e.at, ${leaseEndsAt}) ELSE e.at END, e.ended_epoch, true, ${nameOfEnded},
    CASE WHEN gone THEN '${nodeLostEnd.closedBy}' ELSE '${replacedEnd.closedBy}' END,
    CASE WHEN gone THEN NULL ELSE ${replacedEnd.closeCode} END,
    CASE WHEN gone THEN '${nodeLostEnd.reason}' ELSE '${replacedEnd.reason}' END
  FROM claimed e LEFT JOIN nodes n ON n.id = e.ended_node
  CROSS JOIN LATERAL (SELECT COALESCE(${leaseEndsAt} <= clock_timestamp(), false) AS gone) AS lease
  WHERE e.ended_epoch IS NOT NULL`
