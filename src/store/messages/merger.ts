// Merges the blocks of the message log, so that the lines of one charge point stand together in few blocks. Blocks that
// were logged are merged into a run of blocks by charge point; when a day has many runs, and once more when it has
// ended, these are merged with each other.
//
// A merge is done in steps of bounded size. A step reads blocks, merges them in the packing thread, and replaces them
// in one transaction, which is undone if one of them is not there any more. So nobody waits for a merge, a reader finds
// each line once, and when a process dies in the middle, what is there is merged by another one or by its successor.

import { and, eq, gt, gte, inArray, lt, type SQL, sql } from 'drizzle-orm'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { PoolClient } from 'pg'
import { type Clock, dayMs } from '../../base/clock.ts'
import {
  embeddedMergeBytes,
  freshBlocksMax,
  mergeBytes,
  mergedBlockBytes,
  mergeDaysMs,
  mergeDelayMs,
  runsMax,
  runsOfEndedDayMax,
} from '../../base/limits.ts'
import type { Database } from '../database.ts'
import { messageBlocks } from './tables.ts'
import { bind } from '../statement.ts'
import { insertMessageBlocks } from '../statements.ts'
import type { BlockRow } from './block.ts'
import type { Packer } from './packer.ts'

/** A block that is to be merged. */
interface Input {
  readonly id: number
  readonly keyMin: number
  readonly textBytes: number
}

/** Blocks of one level of a day. */
interface Run {
  readonly level: number
  readonly run: number
  readonly blocks: number
  readonly bytes: number
}

/** Key of the advisory lock of the node that merges. */
const mergeLock = 6_017_304

export interface MergerDeps {
  readonly database: Pick<Database, 'upkeepPool' | 'isSingleConnection'>
  readonly clock: Clock
  readonly packer: Pick<Packer, 'merge'>
  /** Bytes of text that a step reads; in tests only. */
  readonly stepBytes?: number
}

export class Merger {
  readonly #deps: MergerDeps
  readonly #db: NodePgDatabase
  readonly #stepBytes: number
  /** Days that have ended and may have something to merge. */
  #ended = new Set<number>()
  #lookedMs = Number.NEGATIVE_INFINITY
  #isStopping = false

  constructor(deps: MergerDeps) {
    const { upkeepPool, isSingleConnection } = deps.database
    this.#deps = deps
    this.#db = drizzle(upkeepPool)
    this.#stepBytes = deps.stepBytes ?? (isSingleConnection ? embeddedMergeBytes : mergeBytes)
  }

  /** Merges what there is to merge, unless another node does. */
  async run(): Promise<void> {
    if (this.#deps.database.isSingleConnection) return this.#mergeAll()
    // The lock is of the connection, which does nothing else meanwhile.
    const client = await this.#deps.database.upkeepPool.connect()
    let isBroken = true
    try {
      const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [mergeLock])
      if (rows[0]?.mine === true) {
        await this.#mergeAll()
        await client.query('SELECT pg_advisory_unlock($1)', [mergeLock])
      }
      isBroken = false
    } finally {
      client.release(isBroken)
    }
  }

  /** After the step under way. */
  stop(): void {
    this.#isStopping = true
  }

  async #mergeAll(): Promise<void> {
    const nowMs = this.#deps.clock.nowMs()
    const todayMs = Math.floor(nowMs / dayMs) * dayMs
    if (nowMs - this.#lookedMs >= mergeDaysMs) {
      this.#ended = new Set(await this.#daysBefore(todayMs))
      this.#lookedMs = nowMs
    }
    // Lines of a day arrive a little after its end.
    const yesterdayMs = todayMs - dayMs
    if (nowMs - todayMs < mergeDelayMs) this.#ended.delete(yesterdayMs)
    else if (nowMs - todayMs < mergeDaysMs) this.#ended.add(yesterdayMs)
    for (const day of [todayMs, ...this.#ended]) {
      const isEnded = day < todayMs
      while (!this.#isStopping && (await this.#mergeDay(day, isEnded)));
      if (isEnded && !this.#isStopping) this.#ended.delete(day)
    }
  }

  async #daysBefore(ms: number): Promise<number[]> {
    const day = sql<number>`floor(extract(epoch FROM ${messageBlocks.fromMs}) / 86400)::int4`
    const rows = await this.#db.selectDistinct({ day }).from(messageBlocks).where(lt(messageBlocks.fromMs, ms))
    return rows.map((row) => row.day * dayMs)
  }

  /** One merge. Returns whether there was one to do. */
  async #mergeDay(day: number, isEnded: boolean): Promise<boolean> {
    const { level, run } = messageBlocks
    const runs: readonly Run[] = await this.#db
      .select({
        level,
        run,
        blocks: sql<number>`count(*)::int4`,
        bytes: sql<number>`sum(${messageBlocks.textBytes})::float8`,
      })
      .from(messageBlocks)
      .where(isOpenOf(day))
      .groupBy(level, run)
    const due = dueOf(runs, isEnded)
    if (due === null) return false
    return this.#mergeRuns(day, due)
  }

  /** Returns false if it is to be tried again later: somebody else changes these blocks. */
  async #mergeRuns(day: number, { runs, level }: Due): Promise<boolean> {
    const { id, keyMin, textBytes, run } = messageBlocks
    const ofRuns = inArray(
      run,
      runs.map((one) => one.run),
    )
    const isFresh = level === 1
    const found: readonly Input[] = await this.#db
      .select({ id, keyMin, textBytes })
      .from(messageBlocks)
      .where(and(isOpenOf(day), isFresh ? eq(messageBlocks.level, 0) : and(ofRuns, gt(messageBlocks.level, 0))))
      .orderBy(...(isFresh ? [id] : [keyMin, id]))
      .limit(isFresh ? freshBlocksMax : blocksOfMergeMax)
    const [number = 0] = await this.#numbers()
    if (isFresh) {
      const inputs = prefixOf(found, this.#stepBytes)
      return (await this.#step(day, inputs, null, { level, run: number })) !== null
    }
    let waiting = [...found]
    while (waiting.length > 0 && !this.#isStopping) {
      const inputs = withEqualKeys(waiting, prefixOf(waiting, this.#stepBytes))
      const belowKey = waiting[inputs.length]?.keyMin ?? null
      const rest = await this.#step(day, inputs, belowKey, { level, run: number })
      if (rest === null) return false
      // What earlier steps have left may be among both.
      const left = new Map([...waiting.slice(inputs.length), ...rest].map((input) => [input.id, input]))
      waiting = [...left.values()].toSorted((a, b) => a.keyMin - b.keyMin || a.id - b.id)
    }
    return !this.#isStopping
  }

  async #numbers(): Promise<number[]> {
    const { rows } = await this.#deps.database.upkeepPool.query<{ number: number }>(
      `SELECT nextval('message_block_ids') AS number`,
    )
    return rows.map((row) => row.number)
  }

  /** Merges blocks. Returns the blocks of the rest; null if nothing was done, because one of them is gone. */
  async #step(
    day: number,
    inputs: readonly Input[],
    belowKey: number | null,
    made: { readonly level: number; readonly run: number },
  ): Promise<readonly Input[] | null> {
    const { id, textBytes, head, body } = messageBlocks
    const ids = inputs.map((input) => input.id)
    const blocks = await this.#db
      .select({ id, textBytes, head, body })
      .from(messageBlocks)
      .where(and(isOf(day), inArray(id, ids)))
      // As they were logged, which is nearly the order of time.
      .orderBy(messageBlocks.fromMs, id)
    if (blocks.length < inputs.length) return null
    const { blocks: merged, rest } = await this.#deps.packer.merge({ blocks, belowKey })
    return this.#replace(day, ids, [
      ...merged.map((block) => ({ ...block, ...made })),
      // Of a run of its own: if this process dies, it is merged with what is left.
      ...rest.map((block) => ({ ...block, level: made.level - 1, run: made.run, isRest: true })),
    ])
  }

  async #replace(day: number, ids: readonly number[], rows: readonly MadeRow[]): Promise<readonly Input[] | null> {
    const client = await this.#deps.database.upkeepPool.connect()
    try {
      await client.query('BEGIN')
      if (!(await areDeleted(client, day, ids))) {
        await client.query('ROLLBACK')
        client.release()
        return null
      }
      await client.query(bind(insertMessageBlocks, rows))
      const rest = rows.filter(({ isRest }) => isRest === true)
      const inserted = rest.length === 0 ? [] : await restOf(client, day, rest[0])
      await client.query('COMMIT')
      client.release()
      return inserted
    } catch (error) {
      // A connection that is closed takes its transaction with it.
      client.release(true)
      throw error
    }
  }
}

type MadeRow = BlockRow & { readonly level: number; readonly run: number; readonly isRest?: boolean }

async function areDeleted(client: PoolClient, day: number, ids: readonly number[]): Promise<boolean> {
  const { rowCount } = await client.query(
    `DELETE FROM message_blocks WHERE id = ANY($1::int8[]) AND from_at >= $2::timestamptz AND from_at < $3::timestamptz`,
    [ids, new Date(day).toISOString(), new Date(day + dayMs).toISOString()],
  )
  return rowCount === ids.length
}

async function restOf(
  client: PoolClient,
  day: number,
  made: Pick<MadeRow, 'level' | 'run'> | undefined,
): Promise<readonly Input[]> {
  const { rows } = await client.query<Input>(
    `SELECT id, charge_point_min AS "keyMin", text_bytes AS "textBytes" FROM message_blocks
     WHERE run = $1 AND level = $2 AND from_at >= $3::timestamptz AND from_at < $4::timestamptz`,
    [made?.run, made?.level, new Date(day).toISOString(), new Date(day + dayMs).toISOString()],
  )
  return rows
}

/** Runs to merge, and the level of the run that they become. */
interface Due {
  readonly runs: readonly Run[]
  readonly level: number
}

/** Blocks that one merge of runs looks at. */
const blocksOfMergeMax = 100_000

/** What of the runs of a day is to be merged next. */
export function dueOf(runs: readonly Run[], isEnded: boolean): Due | null {
  const fresh = runs.filter(({ level }) => level === 0)
  const blocks = fresh.reduce((sum, run) => sum + run.blocks, 0)
  const bytes = fresh.reduce((sum, run) => sum + run.bytes, 0)
  if (blocks >= freshBlocksMax || bytes >= mergeBytes || (isEnded && blocks > 0)) return { runs: fresh, level: 1 }
  const merged = runs.filter(({ level }) => level > 0)
  const levels = Map.groupBy(merged, ({ level }) => level)
  for (const [level, ofLevel] of [...levels].toSorted(([a], [b]) => a - b))
    if (ofLevel.length >= runsMax) return { runs: smallest(ofLevel, runsMax), level: level + 1 }
  if (!isEnded || merged.length <= runsOfEndedDayMax) return null
  // The largest ones stay as they are.
  const some = smallest(merged, Math.min(runsMax, merged.length - runsOfEndedDayMax + 1))
  return { runs: some, level: Math.max(...some.map(({ level }) => level)) + 1 }
}

function smallest(runs: readonly Run[], count: number): readonly Run[] {
  return runs.toSorted((a, b) => a.bytes - b.bytes).slice(0, count)
}

/** The first ones, of about that many bytes; at least one. */
function prefixOf(inputs: readonly Input[], bytesMax: number): readonly Input[] {
  let bytes = 0
  const end = inputs.findIndex(({ textBytes }) => {
    bytes += textBytes
    return bytes > bytesMax
  })
  return end === -1 ? inputs : inputs.slice(0, Math.max(1, end))
}

/** With those that follow and begin with the same charge point as the last one: all of its lines come together. */
function withEqualKeys(inputs: readonly Input[], prefix: readonly Input[]): readonly Input[] {
  const last = prefix.at(-1)?.keyMin
  let end = prefix.length
  while (end < inputs.length && inputs[end]?.keyMin === last) end++
  return inputs.slice(0, end)
}

function isOf(day: number): SQL | undefined {
  return and(gte(messageBlocks.fromMs, day), lt(messageBlocks.fromMs, day + dayMs))
}

/** Whether a block of the day is to be merged: one that is full of one charge point stays as it is. */
function isOpenOf(day: number): SQL | undefined {
  const { level, keyMin, keyMax, textBytes } = messageBlocks
  const isFull = sql`${level} > 0 AND ${keyMin} = ${keyMax} AND ${textBytes} >= ${mergedBlockBytes}`
  return and(isOf(day), sql`NOT (${isFull})`)
}
