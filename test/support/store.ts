// The store contract runs on every database that Stator knows: embedded, and the newest and oldest PostgreSQL it supports.

import { Database as SqliteFile } from 'bun:sqlite'
import { afterAll, beforeAll, describe } from 'bun:test'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import type { ChangeSet } from '../../src/blocks/decision.ts'
import type { MeterRows } from '../../src/blocks/meter-block.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { EarlierLedger } from '../../src/store/earlier-ledger.ts'
import { MeterPacking } from '../../src/store/meter-packing.ts'
import { createQueries, type Queries } from '../../src/store/queries.ts'
import { Writer } from '../../src/store/writer.ts'
import { MeterColumns } from '../../src/workers/meter-columns.ts'
import { testDatabase } from './postgres.ts'

/** An open store, and what it takes to fill it. */
export interface TestStore {
  readonly database: Database
  readonly queries: Queries
  readonly writer: Writer
  /** `charge_points.id` of a fresh charge point. */
  newChargePoint(identity?: string): Promise<number>
}

const providers = ['Embedded', 'PostgreSQL 18', 'PostgreSQL 15'] as const

/** Runs the tests of `body` on every database; each database is fresh, and shared by the tests of one call. */
export function describeStore(
  title: string,
  body: (store: () => TestStore, provider: (typeof providers)[number]) => void,
): void {
  describe.each([...providers])(`${title} on %s`, (provider) => {
    let opened: { readonly store: TestStore; readonly close: () => Promise<void> } | undefined
    beforeAll(async () => {
      opened =
        provider === 'Embedded' ? await openEmbedded() : await openPostgres(provider === 'PostgreSQL 15' ? 15 : 18)
    }, 60_000)
    afterAll(async () => {
      await opened?.close()
    })
    body(() => {
      if (opened === undefined) throw new Error('The store is not open yet: ask for it inside a test.')
      return opened.store
    }, provider)
  })
}

async function openPostgres(version: 15 | 18) {
  const { connectionString, drop } = await testDatabase(version)
  const database = await openDatabase({
    provider: 'PostgreSQL',
    connectionString,
    dataFolder: '',
    poolSize: 4,
    log: silentLogger,
  })
  return opened(database, drop)
}

async function openEmbedded() {
  const { dataFolder, remove } = await embeddedFolder()
  const database = await openDatabase({ provider: 'Embedded', dataFolder, poolSize: 4, log: silentLogger })
  return opened(database, async () => remove())
}

async function opened(database: Database, release: () => Promise<void>) {
  const queries = createQueries(database)
  const earlierLedger = new EarlierLedger(database)
  await earlierLedger.look()
  const meterPacking = new MeterPacking(database)
  await meterPacking.look()
  const writer = new Writer({ database, clock: systemClock, log: silentLogger, earlierLedger, meterPacking })
  writer.start()
  const newChargePoint = async (identity = `CP-${crypto.randomUUID()}`): Promise<number> =>
    (await queries.createChargePoint(identity, {}, 'all')).key
  const close = async (): Promise<void> => {
    await writer.stop()
    await database.close()
    await release()
  }
  return { store: { database, queries, writer, newChargePoint }, close }
}

/** A writer that has begun to write. */
export function startedWriter(database: Database, clock: Clock = systemClock, log = silentLogger): Writer {
  const writer = new Writer({ database, clock, log })
  writer.start()
  return writer
}

let template: Promise<string> | undefined

/** A data folder with an embedded database in it: making one takes seconds, copying one does not. */
export async function embeddedFolder(): Promise<{ readonly dataFolder: string; remove(): void }> {
  template ??= makeTemplate()
  const dataFolder = mkdtempSync(join(tmpdir(), 'stator-embedded-'))
  cpSync(await template, dataFolder, { recursive: true })
  return { dataFolder, remove: () => rmSync(dataFolder, { recursive: true, force: true }) }
}

// Kept between runs, one for each state of the tables; test/run.ts gives a folder that goes with the run. One process
// makes it, and the others wait for it. The lock ends with its process.
async function makeTemplate(): Promise<string> {
  const parts = [readFileSync(join(import.meta.dir, '../../drizzle/meta/_journal.json')), readFileSync(pglitePackage)]
  const hash = createHash('sha256').update(Buffer.concat(parts)).digest('hex')
  const folder = join(process.env['STATOR_TEST_FOLDER'] ?? tmpdir(), `stator-embedded-template-${hash.slice(0, 16)}`)
  if (existsSync(folder)) return folder
  const lock = new SqliteFile(`${folder}.lock`)
  try {
    lock.run(`PRAGMA busy_timeout = ${templateMsMax}`)
    lock.run('BEGIN EXCLUSIVE')
    if (existsSync(folder)) return folder
    const making = `${folder}-${process.pid}`
    const database = await openDatabase({ provider: 'Embedded', dataFolder: making, poolSize: 1, log: silentLogger })
    await database.close()
    renameSync(making, folder)
    return folder
  } finally {
    lock.close()
  }
}

/** Longest time that another process may take for the template, in milliseconds. */
const templateMsMax = 60_000

const pglitePackage = join(dirname(Bun.resolveSync('@electric-sql/pglite', import.meta.dir)), '../package.json')

/** 2026-01-01T00:00:00Z: when the messages of these tests arrive. */
export const arrivalMs = Date.UTC(2026, 0, 1)

/** Epoch of a connection that is newer than any that a test makes. */
export const newestEpoch = 1_000_000

let messages = 0

/** A change set that changes nothing, but for what `parts` says. Every one is a message of its own. */
export function changeSet(chargePointKey: number, parts: Partial<ChangeSet> = {}): ChangeSet {
  messages++
  return {
    chargePointKey,
    messageId: `m${messages}`,
    bytes: 600,
    epoch: newestEpoch,
    receivedAtMs: arrivalMs,
    answer: {},
    changes: [],
    anomalies: [],
    meter: null,
    ...parts,
  }
}

/** The meter values of one MeterValues payload, as a worker hands them over. */
export function meterRows(
  chargePointKey: number,
  payload: Readonly<Record<string, unknown>>,
  receivedAtMs = arrivalMs,
): MeterRows {
  const columns = new MeterColumns()
  const range = columns.add(payload, payload, { chargePointKey, receivedAtMs })
  return { block: columns.finish(), from: range?.from ?? 0, to: range?.to ?? 0 }
}
