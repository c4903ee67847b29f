// Sets of charge points that lists ask for again and again: those of some groups, and the deleted ones; and how many
// are in each group. At a hundred thousand charge points it takes longer to read these than the page that they are read
// for. So a node keeps what it has read, and asks before each use whether anything changed since: `grouped_in` has the
// transaction that made or deleted a charge point, or put it into a group.

import { type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { chargePointSetsMax } from '../base/limits.ts'
import { isAmong, keyBits } from './key-bits.ts'

/** Sets with more charge points than these are not read charge point by charge point. */
export const sparseKeysMax = 5_000

export interface ChargePointSet {
  readonly count: number
  /** `sparseKeysMax` of its keys at most. */
  readonly keys: readonly number[]
  /** About how many charge points there are, in the set and outside. */
  readonly chargePoints: number
  /** Whether a row belongs to one of the set, by the key of its charge point. */
  has(key: AnyPgColumn | SQL): SQL
}

/** A query for the keys of a set, and the same as a condition on one key, in case there are too many to keep. */
interface SetQuery {
  readonly keys: SQL
  has(key: AnyPgColumn | SQL): SQL
}

/** How many charge points are in each group itself, deleted ones not counted; a group without any is not named. */
export interface GroupCounts {
  readonly groups: readonly number[]
  readonly counts: readonly number[]
}

interface Kept<T> {
  /** Every later change of it has this transaction number or a higher one. */
  readonly since: string
  readonly value: T
}

export type ChargePointSets = ReturnType<typeof createChargePointSets>

export function createChargePointSets(db: NodePgDatabase) {
  const keptSets = new Map<string, Kept<ChargePointSet>>()
  let keptCounts: Kept<GroupCounts> | undefined

  async function setOf(name: string, query: () => SetQuery): Promise<ChargePointSet> {
    const one = await current(keptSets.get(name), () => readSet(query()))
    // The one that was used last comes last.
    keptSets.delete(name)
    keptSets.set(name, one)
    for (const oldest of keptSets.keys()) {
      if (keptSets.size <= chargePointSetsMax) break
      keptSets.delete(oldest)
    }
    return one.value
  }

  async function readSet({ keys, has }: SetQuery): Promise<Kept<ChargePointSet>> {
    // As JSON, because a row for each takes longer than all the rest.
    const { rows } = await db.execute<{ since: string; found: readonly number[] | null; all: number }>(
      sql`SELECT ${xminNow} AS since, json_agg(id) AS found,
          (SELECT reltuples::float8 FROM pg_class WHERE oid = 'charge_points'::regclass) AS all
        FROM (${keys}) AS found`,
    )
    const found = rows[0]?.found ?? []
    const bits = keyBits(found)
    const value: ChargePointSet = {
      count: found.length,
      keys: found.slice(0, sparseKeysMax),
      chargePoints: rows[0]?.all ?? 0,
      has: bits === null ? has : (key) => isAmong(bits, key),
    }
    return { since: rows[0]?.since ?? '0', value }
  }

  async function readCounts(): Promise<Kept<GroupCounts>> {
    const { rows } = await db.execute<{ since: string; groups: number[] | null; counts: number[] | null }>(
      sql`SELECT ${xminNow} AS since, json_agg(id) AS groups, json_agg(count) AS counts FROM (
          SELECT group_id AS id, count(*) FROM charge_points
          WHERE group_id IS NOT NULL AND deleted_at IS NULL GROUP BY group_id) AS found`,
    )
    const { since = '0', groups, counts } = rows[0] ?? {}
    return { since, value: { groups: groups ?? [], counts: counts ?? [] } }
  }

  /** What is kept, unless it may have changed; then what is read now. */
  async function current<T>(kept: Kept<T> | undefined, read: () => Promise<Kept<T>>): Promise<Kept<T>> {
    return kept === undefined || (await hasChanged(kept.since)) ? read() : kept
  }

  // A transaction that a read did not see is at or above the xmin of its snapshot. Numbers at or above xmax come from
  // another server: the tables were restored from its dump.
  async function hasChanged(since: string): Promise<boolean> {
    const { rows } = await db.execute<{ changed: boolean }>(
      sql`SELECT EXISTS (SELECT FROM charge_points WHERE grouped_in >= ${since}::text::xid8
        AND grouped_in < pg_snapshot_xmax(pg_current_snapshot())) AS changed`,
    )
    return rows[0]?.changed !== false
  }

  return {
    /** The charge points of these groups, deleted ones included. */
    ofGroups(groups: readonly number[]): Promise<ChargePointSet> {
      return setOf(groups.join(), () => {
        const ofGroups = sql`${sql.param(groups)}::int4[]`
        return {
          keys: sql`SELECT c.id FROM unnest(${ofGroups}) AS g(id) JOIN charge_points c ON c.group_id = g.id`,
          has: (key) => sql`(SELECT c.group_id FROM charge_points c WHERE c.id = ${key}) = ANY(${ofGroups})`,
        }
      })
    },

    ofDeleted(): Promise<ChargePointSet> {
      return setOf('deleted', () => ({
        keys: sql`SELECT id FROM charge_points WHERE deleted_at IS NOT NULL`,
        has: (key) => sql`(SELECT c.deleted_at IS NOT NULL FROM charge_points c WHERE c.id = ${key})`,
      }))
    },

    async countsOfGroups(): Promise<GroupCounts> {
      keptCounts = await current(keptCounts, readCounts)
      return keptCounts.value
    },
  }
}

const xminNow = sql`pg_snapshot_xmin(pg_current_snapshot())::text`
