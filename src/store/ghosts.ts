// Ghost transactions: open ones that look over. They are flagged and never closed: the charge point may still report
// how they ended, and an operator can close them. Whether a transaction is a ghost is computed from what is stored, so
// the flag disappears by itself.

import type { ClientBase, Pool } from 'pg'
import { instantText } from './instant-text.ts'
import { dayMs } from '../base/clock.ts'
import {
  embeddedListedGhostsMax,
  ghostCandidatesMax,
  ghostMeterValuesMax,
  ghostsPerCheckMax,
  listedGhostCandidatesMax,
  listedGhostsMax,
} from '../base/limits.ts'
import { transactionRef } from '../blocks/meter-block.ts'
import type { Ghost, GhostDeadlines, GhostMoment } from '../blocks/records.ts'
import type { Scope } from '../blocks/scope.ts'
import { instantArray, int4Array, int8Array, textArray } from './wire/binary-array.ts'
import type { Database } from './database.ts'

interface Suspect extends Ghost, Place {
  readonly stationTransactionId: string | null
  /** How long after its time the start arrived, by our clock: it was kept offline, or the clock is behind. */
  readonly startLateMs: number
}

/** Key of the advisory lock under which ghosts are noted, so that two processes do not note the same one. */
const ghostLock = 6_017_302

// Times are by our clock: when the status was first reported, and when the last message about the transaction arrived.
const quietSince = 't.received_at, t.updated_at'
const availableSince = `GREATEST(COALESCE(k.status_since, k.updated_at), ${quietSince})`
const goneSince = `GREATEST(c.last_seen_at, ${quietSince})`
const name = 'COALESCE(t.station_transaction_id, t.id::text)'
const columns = `t.id AS "transactionId", t.charge_point_id AS "chargePointKey", c.identity, ${name} AS transaction,
  t.station_transaction_id AS "stationTransactionId", t.received_at AS "firstReceivedAtMs",
  (extract(epoch FROM t.received_at - t.started_at) * 1000)::float8 AS "startLateMs"`

/** Parameters: times up to $1 and $2 count as long ago. `from` gives transactions `t`; the open ones are examined. */
function suspects(from: string, which = 'true'): string {
  return `
  SELECT ${columns}, 'connectorAvailable' AS reason, ${availableSince} AS "sinceMs"
  FROM ${from} t JOIN charge_points c ON c.id = t.charge_point_id
    JOIN connectors k ON k.charge_point_id = t.charge_point_id AND k.evse_id = t.evse_id AND k.connector_id = t.connector_id
  WHERE t.stopped_at IS NULL AND k.status = 'Available' AND ${availableSince} <= $1 AND ${which}
  UNION ALL
  SELECT ${columns}, 'chargePointGone' AS reason, ${goneSince} AS "sinceMs"
  FROM ${from} t JOIN charge_points c ON c.id = t.charge_point_id
  WHERE t.stopped_at IS NULL AND NOT c.connected AND ${goneSince} <= $2 AND ${which}`
}

function longAgo({ availableMs, goneMs }: GhostDeadlines, nowMs: number): [string, string] {
  return [new Date(nowMs - availableMs).toISOString(), new Date(nowMs - goneMs).toISOString()]
}

/** Why the transaction counts as a ghost at `nowMs`; empty if it does not. */
export async function ghostReasonsOf(
  pool: Pool,
  transactionId: number,
  deadlines: GhostDeadlines,
  nowMs: number,
): Promise<Ghost[]> {
  const found = await pool.query<Suspect>({
    text: suspects('transactions', 't.id = $3'),
    values: [...longAgo(deadlines, nowMs), transactionId],
  })
  return withoutMeteredOnes(pool, found.rows, nowMs - deadlines.availableMs)
}

/** Ghosts, as a list of transactions finds them. */
export interface ListedGhosts {
  readonly transactionIds: readonly number[]
  /** Whether there may be more. */
  readonly areMore: boolean
}

/**
 * Transactions that count as ghosts at `nowMs`: those of charge points with these keys, or of all of the scope. A
 * bounded number of open transactions is looked at, charge point by charge point.
 */
export async function ghostsOf(
  database: Pick<Database, 'restPool' | 'isSingleConnection'>,
  keys: readonly number[] | null,
  scope: Scope,
  { deadlines, nowMs }: GhostMoment,
): Promise<ListedGhosts> {
  const isEmbedded = database.isSingleConnection
  const candidatesMax = isEmbedded ? ghostCandidatesMax : listedGhostCandidatesMax
  const ghostsMax = isEmbedded ? embeddedListedGhostsMax : listedGhostsMax
  const whose = whoseAre(keys, scope)
  const { rows } = await database.restPool.query<Suspect & { readonly seen: number }>({
    text: `WITH candidates AS MATERIALIZED (
        SELECT * FROM transactions WHERE stopped_at IS NULL ${whose.condition}
        ORDER BY charge_point_id, received_at, id LIMIT ${candidatesMax + 1})
      SELECT seen.seen, s.* FROM (SELECT count(*)::int4 AS seen FROM candidates) seen
        LEFT JOIN (SELECT * FROM (${suspects('candidates')}) s LIMIT ${ghostsMax + 1}) s ON true`,
    values: [...longAgo(deadlines, nowMs), ...whose.values],
  })
  const found = rows.filter(({ transactionId }) => transactionId !== null)
  const meterValuesMax = isEmbedded ? embeddedListedGhostsMax : ghostMeterValuesMax
  const sinceMs = nowMs - deadlines.availableMs
  const ghosts = await withoutMeteredOnes(database.restPool, found.slice(0, ghostsMax), sinceMs, meterValuesMax)
  return {
    transactionIds: [...new Set(ghosts.map(({ transactionId }) => transactionId))],
    areMore: found.length > ghostsMax || rows.some(({ seen }) => seen > candidatesMax),
  }
}

/** The condition for open transactions of these charge points, or of all of the scope, with what $3 is. */
function whoseAre(
  keys: readonly number[] | null,
  scope: Scope,
): { readonly condition: string; readonly values: readonly Buffer[] } {
  if (keys !== null) return { condition: 'AND charge_point_id = ANY($3::int4[])', values: [int4Array(keys)] }
  if (scope === 'all') return { condition: '', values: [] }
  if ('chargePointKey' in scope) return whoseAre([scope.chargePointKey], scope)
  const ofGroups = 'SELECT c.id FROM charge_points c WHERE c.group_id = ANY($3::int4[])'
  return { condition: `AND charge_point_id = ANY(ARRAY(${ofGroups}))`, values: [int4Array(scope.groups)] }
}

/** How old a meter value may be when it comes, beyond what the start of its transaction was, in milliseconds. */
const meteredBeforeMs = 31 * dayMs

/**
 * A charge point may report Available and continue to charge, which its meter values show. If it is not connected there
 * are none.
 *
 * The reference of a 2.x transaction is a hash that SQL cannot compute, so this is a separate query.
 */
async function withoutMeteredOnes(
  client: Pool | ClientBase,
  found: readonly Suspect[],
  sinceMs: number,
  meterValuesMax = ghostMeterValuesMax,
): Promise<Suspect[]> {
  const asked = found.filter(({ reason }) => reason === 'connectorAvailable')
  if (asked.length === 0) return [...found]
  // Meter values have a partition for each month: only those are searched in which a value can be that came since then.
  const fromMs = asked.map(({ startLateMs }) => sinceMs - Math.max(startLateMs, 0) - meteredBeforeMs)
  const metered = await client.query<{ place: number }>({
    text: `SELECT v.place::int4 AS place FROM unnest($1::int4[], $2::int8[], $5::timestamptz[])
             WITH ORDINALITY AS v(charge_point_id, ref, from_at, place)
           WHERE EXISTS (SELECT FROM (
             SELECT m.received_at FROM meter_values m
             WHERE m.charge_point_id = v.charge_point_id AND m.transaction_ref = v.ref
               AND m.sampled_at >= v.from_at AND m.sampled_at >= $6
             ORDER BY m.sampled_at DESC LIMIT $4) m WHERE m.received_at > $3)`,
    values: [
      int4Array(asked.map(({ chargePointKey }) => chargePointKey)),
      int8Array(asked.map((one) => transactionRef(one.stationTransactionId ?? one.transactionId))),
      new Date(sinceMs).toISOString(),
      meterValuesMax,
      instantArray(fromMs),
      instantText(Math.min(...fromMs)),
    ],
  })
  const alive = new Set(metered.rows.map(({ place }) => asked[place - 1]))
  return found.filter((one) => !alive.has(one))
}

// Once for each transaction and reason: the digest holds both.
const digest = (transactionId: string, reason: string): string =>
  `hashtextextended('ghost/' || ${transactionId} || '/' || ${reason}, 0)`

// Open ones by charge point and arrival, as their index has them, starting after the last one that was examined. $6 is
// how many; null: all.
const candidates = `
  SELECT * FROM transactions WHERE stopped_at IS NULL AND (charge_point_id, received_at, id) > ($3, $4, $5)
  ORDER BY charge_point_id, received_at, id LIMIT $6`

const unnotedSuspects = `
  WITH candidates AS (${candidates})
  SELECT * FROM (${suspects('candidates')}) s
  WHERE NOT EXISTS (SELECT FROM anomalies a
    WHERE left(a.transaction, 255) = left(s.transaction, 255) AND a.charge_point_id = s."chargePointKey"
      AND a.kind = 'ghostTransaction' AND a.digest = ${digest('s."transactionId"', 's.reason')})
  ORDER BY "chargePointKey", "firstReceivedAtMs", "transactionId" LIMIT ${ghostsPerCheckMax}`

const noteGhosts = `
  INSERT INTO anomalies (charge_point_id, received_at, digest, kind, "transaction", detail, message_id)
  SELECT charge_point_id, $6::timestamptz, ${digest('id', 'reason')}, 'ghostTransaction', name,
    json_build_object('reason', reason, 'since', since, 'transactionId', id), ''
  FROM unnest($1::int4[], $2::int8[], $3::text[], $4::text[], $5::text[]) AS v(charge_point_id, id, name, reason, since)
  ON CONFLICT DO NOTHING`

/** An open transaction that a check has reached. */
interface Place {
  readonly chargePointKey: number
  /** When its first message arrived. */
  readonly firstReceivedAtMs: number
  readonly transactionId: number
}

const beforeAll: Place = { chargePointKey: 0, firstReceivedAtMs: 0, transactionId: 0 }

function keyOf({ chargePointKey, firstReceivedAtMs, transactionId }: Place): readonly [number, string, number] {
  return [chargePointKey, new Date(firstReceivedAtMs).toISOString(), transactionId]
}

/** Searches for ghosts in batches, charge point by charge point, and starts again after the last one. */
export class GhostCheck {
  readonly #database: Database
  readonly #deadlines: GhostDeadlines
  #after = beforeAll

  constructor(database: Database, deadlines: GhostDeadlines) {
    this.#database = database
    this.#deadlines = deadlines
  }

  /**
   * Stores an anomaly for each ghost that has none, among at most `ghostsPerCheckMax` suspects. Returns the noted
   * ghosts.
   */
  async run(nowMs: number): Promise<readonly Ghost[]> {
    const client = await this.#database.upkeepPool.connect()
    try {
      await client.query('BEGIN')
      const { rows } = await client.query<{ isOurs: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS "isOurs"', [
        ghostLock,
      ])
      const noted = rows[0]?.isOurs === true ? await this.#note(client, nowMs) : []
      await client.query('COMMIT')
      client.release()
      return noted
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  async #note(client: ClientBase, nowMs: number): Promise<readonly Ghost[]> {
    const part = [...keyOf(this.#after), this.#candidatesMax]
    const found = await client.query<Suspect>({
      text: unnotedSuspects,
      values: [...longAgo(this.#deadlines, nowMs), ...part],
    })
    this.#after = await this.#lastOf(client, found.rows)
    const ghosts = await withoutMeteredOnes(client, found.rows, nowMs - this.#deadlines.availableMs)
    if (ghosts.length === 0) return ghosts
    await client.query({
      text: noteGhosts,
      values: [
        int4Array(ghosts.map(({ chargePointKey }) => chargePointKey)),
        int8Array(ghosts.map(({ transactionId }) => transactionId)),
        textArray(ghosts.map(({ transaction }) => transaction)),
        textArray(ghosts.map(({ reason }) => reason)),
        textArray(ghosts.map(({ sinceMs }) => new Date(sinceMs).toISOString())),
        new Date(nowMs).toISOString(),
      ],
    })
    return ghosts
  }

  get #candidatesMax(): number | null {
    return this.#database.isSingleConnection ? ghostCandidatesMax : null
  }

  /** The last transaction that was examined, where `found` are the suspects; `beforeAll` if there are no more. */
  async #lastOf(client: ClientBase, found: readonly Suspect[]): Promise<Place> {
    const lastFound = found.at(-1)
    if (lastFound !== undefined && found.length >= ghostsPerCheckMax) return lastFound
    const candidatesMax = this.#candidatesMax
    if (candidatesMax === null) return beforeAll
    const { rows } = await client.query<Place>(
      `SELECT charge_point_id AS "chargePointKey", received_at AS "firstReceivedAtMs", id AS "transactionId"
       FROM transactions WHERE stopped_at IS NULL AND (charge_point_id, received_at, id) > ($1, $2, $3)
       ORDER BY charge_point_id, received_at, id OFFSET $4 LIMIT 1`,
      [...keyOf(this.#after), candidatesMax - 1],
    )
    return rows[0] ?? beforeAll
  }
}
