// The statements on leases: which nodes there are, and which charge points each of them holds. A lease is a row of
// `nodes` that its node renews; one that was not renewed for `leaseMs`, by the clock of PostgreSQL, has expired.

import type { Pool, QueryConfig } from 'pg'
import { leaseMs, leaseRenewMsMax, leaseStatementMsMax, ownershipRowsMax, queryMsMax } from '../base/limits.ts'
import { int4Array, int8Array } from './wire/binary-array.ts'
import { type Fence, isConnectionNewer } from './fences.ts'
import {
  endColumns,
  insertEnds,
  insertOpened,
  keepEnded,
  leaseEndsAt,
  nodeLostEnd,
  processLostEnd,
  stoppingEnd,
} from './connection-history.ts'
import { type Release, releaseConnections, releaseValues } from './live-queries.ts'
import { untilNoDeadlock } from './until-no-deadlock.ts'

/** A connection of a charge point, as the node that claimed it knows it. */
export interface Ownership {
  readonly key: number
  readonly identity: string
  readonly epoch: number
}

/** This process among those that share the database. */
export interface NodeIdentity {
  /** Random, and kept for the life of the process. */
  readonly id: string
  /** Host and port, for people. */
  readonly name: string
}

/** What `confirm` found. */
export interface Confirmed {
  /** Charge points that were marked as not connected, or as another node's, and are this node's again. */
  readonly regained: readonly Ownership[]
  /** Charge points whose connection was ended by a newer one or by an operator. */
  readonly overtaken: readonly Fence[]
}

/** Whether the lease of a row of `nodes` has expired. */
export const hasRunOut = `seen_at <= clock_timestamp() - interval '${leaseMs} ms'`

const whatEnded = 'c.id AS key, c.ended_epoch, c.ended_node'

const renewLease = `UPDATE nodes SET seen_at = clock_timestamp() WHERE id = $1 AND NOT (${hasRunOut})`

const takeLease = `
  INSERT INTO nodes (id, name, started_at, seen_at, ledger, reads_salted, reads_packed)
  VALUES ($1, $2, clock_timestamp(), clock_timestamp(), 'transaction_facts', true, true)
  ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, seen_at = clock_timestamp(), ledger = EXCLUDED.ledger,
    reads_salted = EXCLUDED.reads_salted, reads_packed = EXCLUDED.reads_packed`

// The history takes the names of nodes from here.
const takeForGood = `
  INSERT INTO nodes (id, name, started_at, seen_at, reads_salted, reads_packed)
  VALUES ($1, $2, clock_timestamp(), 'infinity', true, true)`

/**
 * Nodes that hold charge points but have no lease, found with one index probe each: the lease of the node was swept,
 * the node claimed more charge points, and died. A node that is alive finds its lease expired, and takes it again.
 */
export const leaseToUnknown = `
  WITH RECURSIVE holders(node) AS (
    SELECT min(node) FROM charge_points
    UNION ALL
    SELECT (SELECT min(c.node) FROM charge_points c WHERE c.node > h.node) FROM holders h WHERE h.node IS NOT NULL
  )
  INSERT INTO nodes (id, name, started_at, seen_at)
  SELECT node, 'unknown', clock_timestamp(), clock_timestamp() - interval '${leaseMs} ms' FROM holders WHERE node IS NOT NULL
  ON CONFLICT (id) DO NOTHING`

const isAlive = `EXISTS (SELECT FROM nodes WHERE id = $1 AND NOT (${hasRunOut}))`

const otherHasRunOut = `SELECT EXISTS (SELECT FROM nodes WHERE ${hasRunOut}) AND ${isAlive} AS "hasRunOut"`

/**
 * Only a node whose own lease is valid sweeps: if all leases have expired, because the database was unavailable or the
 * whole machine was suspended, no node is known to be gone. It holds the lock of the lease: a node that comes back
 * waits for it before it takes its lease and marks its charge points as connected again. A charge point that is being
 * claimed is skipped. The next batch finds it, or it belongs to another node by then.
 */
export const sweepPart = `
  WITH expired AS MATERIALIZED (
    SELECT id FROM nodes WHERE ${hasRunOut} AND ${isAlive} FOR UPDATE SKIP LOCKED
  ), left_behind AS MATERIALIZED (
    SELECT c.id FROM expired CROSS JOIN LATERAL (
      SELECT id FROM charge_points WHERE node = expired.id LIMIT ${ownershipRowsMax} FOR UPDATE SKIP LOCKED) c
    LIMIT ${ownershipRowsMax}
  ), swept AS (
    UPDATE charge_points c SET connected = false, node = NULL, ${keepEnded}
    WHERE id = ANY(ARRAY(SELECT id FROM left_behind)) RETURNING ${whatEnded}, c.last_seen_at
  ), ended AS (${insertEnds(`(
    SELECT swept.*, GREATEST(${leaseEndsAt}, last_seen_at) AS at, ${endColumns(nodeLostEnd)} FROM swept JOIN nodes ON nodes.id = swept.ended_node)`)})
  SELECT count(*) AS swept FROM swept`

const forgetExpired = `
  DELETE FROM nodes WHERE ${hasRunOut} AND NOT EXISTS (SELECT FROM charge_points c WHERE c.node = nodes.id)`

const confirmPart = `
  WITH regained AS (
    UPDATE charge_points c SET connected = true, node = $3 FROM unnest($1::int4[], $2::int8[]) AS v(id, epoch)
    WHERE c.id = v.id AND c.connection_epoch = v.epoch AND c.deleted_at IS NULL AND (c.node IS DISTINCT FROM $3 OR NOT c.connected)
    RETURNING c.id AS key, c.identity, c.connection_epoch AS epoch, c.node, $4::text AS node_name, clock_timestamp() AS at,
      NULL::text AS remote_address
  ), opened AS (${insertOpened('regained')})
  SELECT key, identity, epoch FROM regained`

const overtakenPart = `
  SELECT c.id AS key, c.identity, c.connection_epoch AS epoch, ${isConnectionNewer} AS connected,
    c.strictness, c.quirk_profile AS "quirkProfile", c.registration_status AS "registrationStatus",
    c.time_zone AS "timeZone"
  FROM unnest($1::int4[], $2::int8[]) AS v(id, epoch) JOIN charge_points c ON c.id = v.id AND c.connection_epoch > v.epoch`

const heldPart = `
  SELECT id AS key, identity, connection_epoch AS epoch FROM charge_points WHERE node = $1 AND id > $2
  ORDER BY id LIMIT ${ownershipRowsMax}`

const giveBackPart = `
  WITH given AS (
    UPDATE charge_points c SET connected = false, node = NULL, ${keepEnded}
    WHERE id = ANY(ARRAY(SELECT id FROM charge_points WHERE node = $1 ORDER BY id LIMIT ${ownershipRowsMax} FOR UPDATE))
    RETURNING ${whatEnded}
  ), ended AS (${insertEnds(`(SELECT given.*, clock_timestamp() AS at, ${endColumns(stoppingEnd)} FROM given)`)})
  SELECT key FROM given`

// Without leases, the time of the last message of a charge point is the best estimate.
const giveBackAll = `
  WITH forgotten AS (DELETE FROM nodes), given AS (
    UPDATE charge_points c SET connected = false, node = NULL, ${keepEnded} WHERE connected OR node IS NOT NULL
    RETURNING ${whatEnded}, COALESCE(c.last_seen_at, clock_timestamp()) AS at
  )
  ${insertEnds(`(SELECT given.*, ${endColumns(processLostEnd)} FROM given)`)}`

const endLease = 'DELETE FROM nodes WHERE id = $1'

/** The client of PostgreSQL reads the timeout of each query; its types do not say so. */
interface TimedQuery extends QueryConfig {
  readonly query_timeout: number
}

interface LeaseDatabase {
  readonly upkeepPool: Pick<Pool, 'query'>
  readonly isSingleConnection: boolean
}

export type NodeLeases = ReturnType<typeof createNodeLeases>

/**
 * Runs the statements on connections that neither charge points nor REST requests use. Each changes `ownershipRowsMax`
 * charge points at most.
 */
export function createNodeLeases({ upkeepPool, isSingleConnection }: LeaseDatabase) {
  const run = (name: string, text: string, values: unknown[], timeoutMs = leaseStatementMsMax) => {
    // A statement that times out breaks its connection. The embedded database has only one, which all share.
    const query_timeout = isSingleConnection ? queryMsMax : timeoutMs
    const query: TimedQuery = { name: `stator_${name}`, text, values, query_timeout }
    return untilNoDeadlock(() => upkeepPool.query(query))
  }
  const columns = (part: readonly Ownership[]): [Buffer, Buffer] => [
    int4Array(part.map(({ key }) => key)),
    int8Array(part.map(({ epoch }) => epoch)),
  ]

  return {
    /** Takes a lease, or takes it again after it expired. */
    async take({ id, name }: NodeIdentity): Promise<void> {
      await run('take_lease', takeLease, [id, name], leaseRenewMsMax)
    },

    /** Takes a lease that never expires, in a database that only one process can have open. */
    async takeForGood({ id, name }: NodeIdentity): Promise<void> {
      await run('take_lease_for_good', takeForGood, [id, name])
    },

    /** False if the lease had expired: other nodes may have marked the charge points of this node as not connected. */
    async renew(id: string): Promise<boolean> {
      return (await run('renew_lease', renewLease, [id], leaseRenewMsMax)).rowCount === 1
    },

    /** Gives holders without a lease an expired one. */
    async leaseToUnknown(): Promise<void> {
      await run('lease_to_unknown', leaseToUnknown, [])
    },

    /** Whether the lease of another node has expired, and that of node `id` has not. */
    async hasExpired(id: string): Promise<boolean> {
      return (await run('lease_run_out', otherHasRunOut, [id])).rows[0]?.hasRunOut === true
    },

    /**
     * Marks charge points of nodes whose lease has expired as not connected, unless that of node `id` has; returns how
     * many.
     */
    async sweep(id: string): Promise<number> {
      return Number((await run('sweep_leases', sweepPart, [id])).rows[0]?.swept ?? 0)
    },

    /** Deletes nodes whose lease has expired and that hold no charge points. */
    async forgetExpired(): Promise<void> {
      await run('forget_leases', forgetExpired, [])
    },

    /** Makes sure that these charge points are marked as connected to this node, unless there is a newer connection. */
    async confirm({ id, name }: NodeIdentity, part: readonly Ownership[]): Promise<Confirmed> {
      const sorted = part.toSorted((a, b) => a.key - b.key)
      const regained = await run('confirm_connections', confirmPart, [...columns(sorted), id, name])
      const overtaken = await run('overtaken_connections', overtakenPart, columns(sorted))
      return { regained: regained.rows, overtaken: overtaken.rows }
    },

    /** Charge points that are marked as connected to node `id`, by key: the next batch after `afterKey`. */
    async heldBy(id: string, afterKey: number): Promise<readonly Ownership[]> {
      return (await run('held_connections', heldPart, [id, afterKey])).rows
    },

    /** Marks charge points as not connected, unless they have a newer connection. */
    async release(part: readonly Release[]): Promise<void> {
      if (part.length > 0) await run('release_connections', releaseConnections, releaseValues(part))
    },

    /** At the end of node `id`: nothing is connected to it, and it has no lease any more. */
    async giveBack(id: string): Promise<void> {
      for (let given = ownershipRowsMax; given >= ownershipRowsMax;) {
        given = (await run('give_back_connections', giveBackPart, [id])).rowCount ?? 0
      }
      await run('end_lease', endLease, [id])
    },

    /** For a database that only one process can have open: nothing is connected. */
    async giveBackAll(): Promise<void> {
      await run('give_back_all', giveBackAll, [], queryMsMax)
    },
  }
}
