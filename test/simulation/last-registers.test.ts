// Compares the registers and the energy of the database model with those of PostgreSQL.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { silentLogger } from '../../src/base/log.ts'
import type { ChangeSet, KnownTransaction } from '../../src/blocks/decision.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createLastRegister, createRegistersNextTo } from '../../src/store/last-registers.ts'
import { createQueries, type Queries } from '../../src/store/queries.ts'
import type { Writer } from '../../src/store/writer.ts'
import { transactionStarted, transactionStopped, transactionUpdated } from '../support/changes.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { Random } from '../support/random.ts'
import { arrivalMs, changeSet, meterRows, startedWriter } from '../support/store.ts'
import { DatabaseModel } from './database-model.ts'
import { energyShown } from './register-falls.ts'

let server: TestDatabase
let database: Database
let queries: Queries
let writer: Writer

beforeAll(async () => {
  server = await testDatabase()
  const { connectionString } = server
  const parts = { connectionString, dataFolder: '', poolSize: 2, log: silentLogger }
  database = await openDatabase({ provider: 'PostgreSQL', ...parts })
  queries = createQueries(database)
  writer = startedWriter(database)
}, 60_000)

afterAll(async () => {
  await writer.stop()
  await database.close()
  await server.drop()
})

const sessions = 40
const minuteMs = 60_000
const minutesOfASession = 9
const stopMinute = 7
const figures = [200, 1_000, 2_000, 5_000, 5_001, 9_000] as const

/** A transaction from its start to its end, if it has one, with its samples in any order. */
function reportedOf(key: number, id: number, random: Random): readonly ChangeSet[] {
  let receivedAtMs = arrivalMs
  const setOf = (parts: Partial<ChangeSet>): ChangeSet => changeSet(key, { ...parts, receivedAtMs: ++receivedAtMs })
  const sample = (minute: number): ChangeSet => {
    const timestamp = new Date(arrivalMs + minute * minuteMs).toISOString()
    const context = minute === 0 ? 'Transaction.Begin' : 'Sample.Periodic'
    const sampledValue = [{ value: String(random.pick(figures)), context }]
    const meterValue = [{ timestamp, sampledValue }]
    return setOf({ meter: meterRows(key, { connectorId: 1, transactionId: id, meterValue }, receivedAtMs + 1) })
  }
  const begun = setOf({ changes: [transactionStarted(id, { meterStartWh: random.pick([null, 1_000]) })] })
  const minutes = Array.from({ length: random.between(0, 6) }, () => random.between(0, minutesOfASession))
  const stoppedAtMs = arrivalMs + stopMinute * minuteMs
  const closedBy = random.pick(['station', 'station', 'operator'] as const)
  const stop = transactionStopped(id, { stoppedAtMs, meterStopWh: random.pick([null, 4_000, 9_500]), closedBy })
  const fall = {
    registerFellFromWh: random.pick(figures),
    registerFellAtMs: arrivalMs + random.between(1, stopMinute) * minuteMs,
  }
  const later = [
    ...minutes.map(sample),
    ...(random.chance(0.8) ? [setOf({ changes: [stop] })] : []),
    ...(random.chance(0.5) ? [setOf({ changes: [transactionUpdated(id, fall)] })] : []),
  ]
  return [begun, ...later]
}

async function known(id: number): Promise<KnownTransaction> {
  const transaction = await queries.transactionById(id)
  if (transaction === null) throw new Error(`There is no transaction ${id}.`)
  return transaction
}

test('the model finds the registers of a transaction, and its energy, as PostgreSQL does', async () => {
  const random = new Random(1)
  const model = new DatabaseModel()
  const { key, identity } = await queries.createChargePoint('REGISTERS', {}, 'all')
  model.addChargePoint(key, identity, 'lenient')
  const [lastRegister, registersNextTo] = [createLastRegister(database.pool), createRegistersNextTo(database.pool)]
  const seen = new Set<string>()
  for (let id = 1; id <= sessions; id++) {
    for (const set of reportedOf(key, id, random)) {
      await writer.commit(set)
      model.commit([set], [])
    }
    const transaction = await known(id)
    const last = await lastRegister(transaction)
    expect({ id, last: model.lastRegister(id, transaction.startedAtMs) }).toEqual({ id, last })
    for (let half = 1; half <= 2 * minutesOfASession; half++) {
      // Of two registers at the time of the stop, it is not defined which one is nearer.
      if (half === 2 * stopMinute) continue
      const atMs = arrivalMs + (half * minuteMs) / 2
      const near = await registersNextTo(transaction, atMs)
      expect({ id, half, near: model.registersNextTo(id, atMs) }).toEqual({ id, half, near })
    }
    const row = model.transactions.get(id)
    const energy = (await queries.transaction(id, 'all'))?.energy
    expect({ id, energy: row && energyShown(model, row) }).toEqual({ id, energy })
    seen.add(`${energy?.source} ${energy?.consumedWh === null}`)
  }
  // All kinds of figures occurred, and registers that fell.
  expect([...seen].toSorted()).toEqual(['lastRegister false', 'null true', 'operator false', 'register false'])
})
