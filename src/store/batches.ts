// Storing a batch of lines: each line is compared with what is stored, and what differs is written.

import { type NodePgDatabase, drizzle } from 'drizzle-orm/node-postgres'
import type { Pool } from 'pg'
import type { Clock } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import { piecesOf } from '../base/in-turns.ts'
import { batchLockMs, batchPieceLines, batchTriesMax, batchTryPauseMs } from '../base/limits.ts'
import { type BatchMode, isRefused, type LineOutcome } from '../blocks/batch.ts'
import { databaseError, isAlreadyStored } from './store-error.ts'
import { rowsAreFoundByKeyOnce } from './wire/plans.ts'

/** How the lines of one kind are stored. */
export interface BatchKind<Line, Outcome extends LineOutcome> {
  /** What becomes of each line, from what is stored now. It reads, and locks nothing. */
  plan(db: NodePgDatabase, lines: readonly Line[]): Promise<readonly Planned<Line, Outcome>[]>
  /** Stores new ones. @throws {Overtaken} if one of them exists by now. */
  insert(db: NodePgDatabase, planned: readonly Planned<Line, Outcome>[]): Promise<void>
  /** Stores changes. @throws {Overtaken} if one of the changed ones is gone. */
  update(db: NodePgDatabase, planned: readonly Planned<Line, Outcome>[]): Promise<void>
}

export interface Planned<Line, Outcome extends LineOutcome> {
  readonly line: Line
  readonly outcome: Outcome
}

/** `wanted`, unless it is what is stored. */
export function unlessSame<T>(wanted: T | undefined, stored: T): T | undefined {
  return wanted === stored ? undefined : wanted
}

/** Others have changed the same rows since the lines were compared with them. */
export class Overtaken extends Error {}

// SQLSTATE, PostgreSQL documentation, appendix A: lock_not_available, deadlock_detected.
const overtakenCodes: ReadonlySet<string> = new Set(['55P03', '40P01'])

export interface BatchStore {
  readonly pool: Pool
  readonly clock: Pick<Clock, 'after'>
}

/**
 * The outcome of each line, once it is stored.
 *
 * The writer updates rows of charge points, too, and a commit would wait for a row that a batch has locked. So the
 * transaction begins when everything is decided, writes new rows first, which nobody else waits for, and changed rows
 * last. It gives up and tries again rather than wait for locks of others.
 *
 * @throws {StatorError} `CONFLICT` if others keep changing the same rows.
 */
export async function storeBatch<Line, Outcome extends LineOutcome>(
  store: BatchStore,
  lines: readonly Line[],
  mode: BatchMode,
  kind: BatchKind<Line, Outcome>,
): Promise<Outcome[]> {
  const together = mode === 'partial' ? piecesOf(lines, batchPieceLines) : [lines]
  const outcomes: Outcome[] = []
  for (const part of together) outcomes.push(...(await storeTogether(store, part, mode, kind)))
  return outcomes
}

async function storeTogether<Line, Outcome extends LineOutcome>(
  store: BatchStore,
  lines: readonly Line[],
  mode: BatchMode,
  kind: BatchKind<Line, Outcome>,
): Promise<Outcome[]> {
  for (let tries = 1; ; tries++) {
    const planned = await planOf(store.pool, lines, kind)
    const outcomes = planned.map(({ outcome }) => outcome)
    if (mode === 'check' || (mode === 'atomic' && outcomes.some(isRefused))) return outcomes
    try {
      await write(store.pool, planned, kind)
      return outcomes
    } catch (error) {
      if (!isOvertaken(error)) throw error
      if (tries >= batchTriesMax) throw overtakenError(error)
      await new Promise<void>((resolve) => void store.clock.after(batchTryPauseMs, resolve))
    }
  }
}

async function planOf<Line, Outcome extends LineOutcome>(
  pool: Pool,
  lines: readonly Line[],
  { plan }: BatchKind<Line, Outcome>,
): Promise<Planned<Line, Outcome>[]> {
  const db = drizzle(pool)
  const planned: Planned<Line, Outcome>[] = []
  for (const piece of piecesOf(lines, batchPieceLines)) {
    planned.push(...(await plan(db, piece)))
  }
  return planned
}

async function write<Line, Outcome extends LineOutcome>(
  pool: Pool,
  planned: readonly Planned<Line, Outcome>[],
  { insert, update }: BatchKind<Line, Outcome>,
): Promise<void> {
  const created = planned.filter(({ outcome }) => outcome.result === 'created')
  const changed = planned.filter(({ outcome }) => outcome.result === 'changed')
  if (created.length === 0 && changed.length === 0) return
  await inTransaction(pool, async (db) => {
    for (const piece of piecesOf(created, batchPieceLines)) await insert(db, piece)
    for (const piece of piecesOf(changed, batchPieceLines)) await update(db, piece)
  })
}

async function inTransaction<T>(pool: Pool, run: (db: NodePgDatabase) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let isBroken = false
  try {
    await client.query(`BEGIN; SET LOCAL lock_timeout = ${batchLockMs}; ${rowsAreFoundByKeyOnce}`)
    const result = await run(drizzle(client))
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      isBroken = true
    })
    throw error
  } finally {
    client.release(isBroken)
  }
}

function isOvertaken(error: unknown): boolean {
  if (error instanceof Overtaken || isAlreadyStored(error)) return true
  return overtakenCodes.has(databaseError(error)?.code ?? '')
}

function overtakenError(cause: unknown): StatorError {
  const sentence = 'Others keep changing what this batch changes; send it again when they are done.'
  return new StatorError('CONFLICT', sentence, undefined, cause)
}
