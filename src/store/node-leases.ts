// Which nodes there are, and which charge points each holds: the statements on leases, and on what belongs to them. A
// lease is a row of `nodes` that its node renews; one that was not renewed for `leaseMs`, by the clock of PostgreSQL,
// has run out.

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
  /** Were marked as not connected, or as another node's, and are this node's again. */
  readonly regained: readonly Ownership[]
  /** Were taken away by a newer connection or by an operator. */
  readonly overtaken: readonly Fence[]
}

/** Whether the lease of a row of `nodes` has run out. */
export const hasRunOut = `seen_at <= clock_timestamp() - interval '${leaseMs} ms'`

const whatEnded = 'c.id AS key, c.ended_epoch, c.ended_node'

const renewLease = `UPDATE nodes SET seen_at = clock_timestamp() WHERE id = $1 AND NOT (${hasRunOut})`

const takeLease = `
  INSERT INTO nodes (id, name, started_at, seen_at, ledger)
  VALUES ($1, $2, clock_timestamp(), clock_timestamp(), 'transaction_facts')
  ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, seen_at = clock_timestamp(), ledger = EXCLUDED.ledger`

// The history has the names of nodes from here.
const takeForGood = `
  INSERT INTO nodes (id, name, started_at, seen_at) VALUES ($1, $2, clock_timestamp(), 'infinity')`

/**
 * Holders that have no lease, one probe of the index for each: a node whose lease was swept, and that claimed on, and
 * died. A node that lives finds its lease run out, as it was, and takes it.
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
 * By a node whose own lease holds: when all have run out, be it that the database was away or the whole machine stood
 * still, nobody is known to be gone. Under the lock of the lease: a node that comes back waits for it before it takes
 * its lease and marks its charge points as connected again. A charge point that is being claimed at the moment is
 * passed over; the next part finds it, or it is another node's by then.
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
    RETURNING c.id AS key, c.identity, c.connection_epoch AS epoch, c.node, $4::text AS node_name, clock_timestamp() AS at
  ), opened AS (${insertOpened('regained')})
  SELECT key, identity, epoch FROM regained`

const overtakenPart = `
  SELECT c.id AS key, c.identity, c.connection_epoch AS epoch, ${isConnectionNewer} AS connected,
    c.strictness, c.registration_status AS "registrationStatus",
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

// Without leases, the last that was heard of a charge point is the last that is known.
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
 * The statements, on connections that neither charge points nor REST requests keep busy. Each changes
 * `ownershipRowsMax` charge points at most.
 */
export function createNodeLeases({ upkeepPool, isSingleConnection }: LeaseDatabase) {
  const run = (name: string, text: string, values: unknown[], timeoutMs = leaseStatementMsMax) => {
    // A statement that times out breaks its connection. The only one there is belongs to everybody.
    const query_timeout = isSingleConnection ? queryMsMax : timeoutMs
    const query: TimedQuery = { name: `stator_${name}`, text, values, query_timeout }
    return untilNoDeadlock(() => upkeepPool.query(query))
  }
  const columns = (part: readonly Ownership[]): [Buffer, Buffer] => [
    int4Array(part.map(({ key }) => key)),
    int8Array(part.map(({ epoch }) => epoch)),
  ]

  return {
    /** Takes a lease, or takes it again after it ran out. */
    async take({ id, name }: NodeIdentity): Promise<void> {
      await run('take_lease', takeLease, [id, name], leaseRenewMsMax)
    },

    /** Takes a lease that never runs out, in a database that only one process can have open. */
    async takeForGood({ id, name }: NodeIdentity): Promise<void> {
      await run('take_lease_for_good', takeForGood, [id, name])
    },

    /** False when the lease had run out: others may have marked what this node holds as not connected. */
    async renew(id: string): Promise<boolean> {
      return (await run('renew_lease', renewLease, [id], leaseRenewMsMax)).rowCount === 1
    },

    /** Gives holders without a lease one that has run out. */
    async leaseToUnknown(): Promise<void> {
      await run('lease_to_unknown', leaseToUnknown, [])
    },

    /** Whether the lease of another node has run out, and that of node `id` has not. */
    async hasExpired(id: string): Promise<boolean> {
      return (await run('lease_run_out', otherHasRunOut, [id])).rows[0]?.hasRunOut === true
    },

    /**
     * Marks charge points of nodes whose lease has run out as not connected, unless that of node `id` has; answers how
     * many.
     */
    async sweep(id: string): Promise<number> {
      return Number((await run('sweep_leases', sweepPart, [id])).rows[0]?.swept ?? 0)
    },

    /** Forgets nodes whose lease has run out and that hold nothing any more. */
    async forgetExpired(): Promise<void> {
      await run('forget_leases', forgetExpired, [])
    },

    /** Makes sure that these charge points are marked as connected to this node, where no newer connection has them. */
    async confirm({ id, name }: NodeIdentity, part: readonly Ownership[]): Promise<Confirmed> {
      const sorted = part.toSorted((a, b) => a.key - b.key)
      const regained = await run('confirm_connections', confirmPart, [...columns(sorted), id, name])
      const overtaken = await run('overtaken_connections', overtakenPart, columns(sorted))
      return { regained: regained.rows, overtaken: overtaken.rows }
    },

    /** Charge points that are marked as connected to node `id`, by key: the next after `afterKey`. */
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
