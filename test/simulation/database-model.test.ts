// Compares the model of the database with PostgreSQL: the same change sets must give the same answers and the same
// rows.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { DatabaseError } from 'pg'
import { remoteStartPromiseMs } from '../../src/base/limits.ts'
import { silentLogger } from '../../src/base/log.ts'
import type { Change, ChangeSet } from '../../src/blocks/decision.ts'
import type { OpenPromise } from '../../src/blocks/records.ts'
import { withoutState } from '../../src/blocks/overtaken.ts'
import { isOf, isTransactionPatch } from '../../src/blocks/stored-rows.ts'
import { storedTables } from '../../src/blocks/tables.ts'
import { foldCounts } from '../../src/store/counts/count.ts'
import { commitGroup } from '../../src/store/commit-group.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createQueries, type Queries } from '../../src/store/queries.ts'
import {
  boot,
  chargePointEvent,
  chargePointPatch,
  connectorStatus,
  problem,
  startFact,
  transactionStarted,
  transactionStopped,
  transactionUpdated,
  variable,
} from '../support/changes.ts'
import { goneEnd } from '../support/connection-end.ts'
import { counted, counters } from '../support/counts.ts'
import { acceptedToken } from '../support/known.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { arrivalMs, meterRows } from '../support/store.ts'
import { DatabaseModel, type Seen } from './database-model.ts'
import { readingOf, readings } from './readings.ts'
import { attempted } from './refusal.ts'
import { Random } from '../support/random.ts'

let server: TestDatabase
let database: Database
let queries: Queries

beforeAll(async () => {
  server = await testDatabase()
  const { connectionString } = server
  database = await openDatabase({
    provider: 'PostgreSQL',
    connectionString,
    dataFolder: '',
    poolSize: 2,
    log: silentLogger,
  })
  queries = createQueries(database)
}, 60_000)

afterAll(async () => {
  await database.close()
  await server.drop()
})

const seeds = 15
const groupsOfASeed = 12
const chargePoints = 3
const idsOfASeed = 6

function isOfKnownTransaction(change: Change): boolean {
  return isTransactionPatch(change)
}

/** Makes change sets in which charge points, transactions, connectors, facts, notifications and samples repeat. */
class Sets {
  readonly #random: Random
  readonly #keys: readonly number[]
  readonly #idsFrom: number
  readonly #made: ChangeSet[] = []
  /** Charge points that have a newer connection than most sets come from, and its epoch. */
  readonly #newest = new Map<number, number>()
  /** The charge point of each transactionId. */
  readonly #owners = new Map<number, number>()
  #messages = 0
  #begun = 0

  constructor(random: Random, keys: readonly number[], idsFrom: number) {
    this.#random = random
    this.#keys = keys
    this.#idsFrom = idsFrom
  }

  connected(key: number, epoch: number): void {
    this.#newest.set(key, epoch)
  }

  group(): ChangeSet[] {
    return Array.from({ length: this.#random.between(1, 6) }, () => this.#fenced(this.#set()))
  }

  seen(): Seen[] {
    const random = this.#random
    if (random.chance(0.7)) return []
    return this.#keys.map((key) => ({
      key,
      lastSeenAtMs: this.#atMs(),
      lastHeartbeatAtMs: random.chance(0.5) ? this.#atMs() : null,
    }))
  }

  /** If there is a newer connection: through that one, or through an older one, which may know that it is older. */
  #fenced(set: ChangeSet): ChangeSet {
    const epoch = this.#newest.get(set.chargePointKey)
    if (epoch === undefined) return set
    if (this.#random.chance(0.6)) return { ...set, epoch }
    // An older connection reports nothing about transactions that do not exist.
    const changes = set.changes.filter((change) => !isOfKnownTransaction(change))
    return this.#random.chance(0.5)
      ? { ...set, changes }
      : { ...set, changes: withoutState(changes), isOvertaken: true }
  }

  #set(): ChangeSet {
    const random = this.#random
    const again = random.chance(0.15) && this.#made.length > 0 ? random.pick(this.#made) : null
    if (again !== null) {
      // The same message with a new message id, perhaps on a later connection.
      return {
        ...again,
        messageId: this.#messageId(),
        epoch: again.epoch + random.between(0, 1),
        receivedAtMs: this.#atMs(),
      }
    }
    const chargePointKey = random.pick(this.#keys)
    const count = random.between(0, 3)
    const made: ChangeSet = {
      chargePointKey,
      messageId: this.#messageId(),
      bytes: 0,
      epoch: random.between(1, 2),
      receivedAtMs: this.#atMs(),
      answer: { answer: random.between(1, 1_000) },
      ...(random.chance(0.5) ? { fact: this.#fact() } : {}),
      changes: Array.from({ length: count }, () => this.#change()).filter((change) =>
        this.#isOwn(change, chargePointKey),
      ),
      anomalies: random.chance(0.3)
        ? [
            { kind: 'unknownTransaction', detail: { n: random.between(1, 2) } },
            { kind: 'quirk', transaction: '7', detail: {} },
          ]
        : [],
      meter: random.chance(0.4) ? this.#meter(chargePointKey) : null,
      meterPlace: random.chance(0.3)
        ? {
            ...(random.chance(0.5) ? { connector: { evseId: 2, connectorId: 1 } } : {}),
            ...(random.chance(0.5) ? { isOfNoTransaction: true } : {}),
            ...(random.chance(0.5) ? { place: random.between(1, 3) } : {}),
          }
        : undefined,
    }
    this.#made.push(made)
    return made
  }

  /** Only a start may name the transaction of another charge point. */
  #isOwn(change: Change, chargePointKey: number): boolean {
    const { transactionId } = { transactionId: undefined, ...('row' in change ? change.row : change) }
    if (transactionId === undefined) return true
    const owner = this.#owners.get(transactionId) ?? chargePointKey
    this.#owners.set(transactionId, owner)
    return owner === chargePointKey || isOf('transactions', change)
  }

  #messageId(): string {
    return `m${++this.#messages}`
  }

  #atMs(): number {
    return arrivalMs + this.#random.between(0, 20) * 1_000
  }

  #transactionId(): number {
    return this.#idsFrom + this.#random.between(1, idsOfASeed)
  }

  #fact() {
    const random = this.#random
    return startFact(this.#transactionId(), {
      // One ref with several contents, as charge points have that number every event 0.
      ref: `tx:${random.between(1, 4)}`,
      seqNo: random.between(0, 1),
      sentAtMs: random.pick([null, arrivalMs, arrivalMs + 1_000, Date.UTC(1999, 0, 1)]),
      place: random.pick([null, null, 1, 2]),
      event: random.pick(['Started', 'Updated', 'Ended']),
      content: random.pick([undefined, '1', '2', '-2']),
      occurredAtMs: this.#atMs(),
    })
  }

  #meter(key: number) {
    const sample = (hasTime = true) => ({
      ...(hasTime ? { timestamp: new Date(this.#atMs()).toISOString() } : {}),
      sampledValue: [{ value: String(this.#random.between(1, 3)) }],
    })
    const transactionId = this.#random.chance(0.5) ? { transactionId: this.#transactionId() } : {}
    return meterRows(key, {
      connectorId: this.#random.between(1, 2),
      ...transactionId,
      meterValue: [sample(this.#random.chance(0.5)), sample()],
    })
  }

  #change(): Change {
    const random = this.#random
    switch (random.between(0, 12)) {
      case 0:
        return boot({ bootStatus: random.pick(['Accepted', 'Pending']), firmwareVersion: random.pick([null, '1.0']) })
      case 1:
        return chargePointPatch({ status: random.pick(['Charging', 'Available', 'Faulted']) })
      case 2:
        return chargePointPatch({
          [random.pick(['firmwareStatus', 'diagnosticsStatus', 'logStatus'])]: random.pick(['Idle', 'Uploading']),
        })
      case 3:
        return connectorStatus(random.between(1, 2), random.pick(['Available', 'Charging']), {
          occurredAtMs: this.#atMs(),
        })
      case 4: {
        // Only rarely the id of another transaction, because then the whole group is refused.
        const isTaken = random.chance(0.1) || this.#begun === idsOfASeed
        const transactionId = isTaken ? this.#transactionId() : this.#idsFrom + ++this.#begun
        const stationTransactionId = random.pick([null, 'one', 'two', 'x'.repeat(255) + 'a', 'x'.repeat(255) + 'b'])
        return transactionStarted(transactionId, {
          stationTransactionId,
          startedAtMs: this.#atMs(),
          evseId: random.between(1, 2),
          idToken: random.pick([null, 'ONE', 'one', 'ONE_1', 'ONE_2', 'ONEANDTWO', 'OWN', 'OWN_1']),
          // Each has a distinct use: no two uses of one id have the same number.
          ...(stationTransactionId === null
            ? {}
            : { stationUse: transactionId, isStartReported: false, lastEventAtMs: this.#atMs() }),
        })
      }
      case 5:
        return transactionUpdated(this.#transactionId(), {
          ...(random.chance(0.5) ? { chargingState: random.pick(['Charging', 'Idle']) } : {}),
          ...(random.chance(0.5) ? { idToken: 'OTHER', idTokenType: random.pick([null, 'Central']) } : {}),
          ...(random.chance(0.3) ? { evseId: 2, connectorId: 1, meterStartWh: 5 } : {}),
          ...(random.chance(0.3) ? { startedAtMs: this.#atMs(), remoteStartId: 9, idTokenStatus: 'Invalid' } : {}),
          ...(random.chance(0.3) ? { isStartReported: true as const, lastEventAtMs: this.#atMs(), lastSeqNo: 3 } : {}),
        })
      case 6:
        return transactionStopped(this.#transactionId(), {
          stoppedAtMs: this.#atMs(),
          meterStopWh: random.pick([null, 2_000]),
          stopReason: random.pick([null, 'Local']),
          closedBy: random.pick(['station', 'operator']),
        })
      case 9:
        return {
          table: 'transactionCorrections',
          row: {
            transactionId: this.#transactionId(),
            number: random.between(1, 3),
            operator: random.pick(['admin', 'operator 1']),
            stoppedAtMs: this.#atMs(),
            meterStopWh: random.pick([null, 3_000]),
            stopReason: random.pick([null, 'Other']),
          },
        }
      case 10:
        return chargePointEvent('X', this.#atMs(), { n: random.between(1, 2) }, { place: random.between(1, 3) })
      case 11:
        return chargePointPatch({
          untimedFacts: { count: random.between(1, 9), last: { '1/1': { place: 1, content: '1' } } },
        })
      case 12: {
        const isActive = random.chance(0.5)
        return problem(isActive, this.#atMs(), { evseId: random.between(0, 1), techCode: isActive ? 'Hot' : null })
      }
      case 7:
        return chargePointEvent('X', random.pick([null, this.#atMs()]), { n: random.between(1, 2) })
      default:
        return variable(random.pick(['A', 'B']), String(random.between(1, 3)), { mutability: null })
    }
  }
}

test('the model answers and stores what PostgreSQL answers and stores', async () => {
  const lease = await database.lease()
  let [refusals, outdated, groups] = [0, 0, 0]
  for (let seed = 1; seed <= seeds; seed++) {
    const random = new Random(seed)
    const packs = random.chance(0.7)
    const model = new DatabaseModel()
    const keys: number[] = []
    // Open transactions of an earlier seed would have the same cards.
    await database.pool.query('UPDATE transactions SET stopped_at = received_at WHERE stopped_at IS NULL')
    for (const idToken of ['OWN', 'OWN_1']) {
      if (seed === 1) await queries.createIdToken(idToken, {})
      model.idTokens.set(idToken.toLowerCase(), { ...acceptedToken, idToken })
    }
    for (let n = 0; n < chargePoints; n++) {
      const { key, identity } = await queries.createChargePoint(`CP-${seed}-${n}`, {}, 'all')
      model.addChargePoint(key, identity, 'lenient')
      keys.push(key)
    }
    const sets = new Sets(random, keys, seed * 1_000)
    for (let nth = 0; nth < groupsOfASeed; nth++) {
      if (nth === groupsOfASeed / 2) {
        for (const key of keys) sets.connected(key, await connect(model, key))
      }
      const [group, seen] = [sets.group(), sets.seen()]
      // A commit whose answer was lost is repeated.
      const times = random.chance(0.2) ? 2 : 1
      groups += times
      for (let time = 0; time < times; time++) {
        const answered = await commitGroup(
          lease.client,
          group,
          seen,
          random.chance(0.5),
          time > 0,
          'unused',
          packs,
        ).catch(refused)
        const expected = attempted(() => model.commit(group, seen, time > 0))
        const isRefused = 'refused' in expected
        expect({ seed, nth, answered }).toEqual({ seed, nth, answered: isRefused ? 'refused' : expected.value })
        if (isRefused) refusals++
        if (answered !== 'refused') outdated += answered.outdated
      }
    }
    expect({ seed, rows: rowsOf(model) }).toEqual({ seed, rows: await storedRows(keys, model) })
    await comparePromises(seed, keys, model)
    // By triggers, whatever the commits did.
    expect({ seed, counters: await counters(database.pool) }).toEqual({ seed, counters: await counted(database.pool) })
    if (random.chance(0.3)) await foldCounts(database.upkeepPool)
    await compareReading(seed, keys, model)
  }
  lease.release()
  expect(outdated).toBeGreaterThan(20)
  expect(refusals).toBeLessThan(groups / 5)
}, 120_000)

/** A group is refused if one of its transactions has the id of another one. */
function refused(error: unknown): 'refused' {
  if (error instanceof DatabaseError) return 'refused'
  throw error
}

/** Promises are kept until they are withdrawn, or the transaction begins, of which some have. */
async function comparePromises(seed: number, keys: readonly number[], model: DatabaseModel): Promise<void> {
  const random = new Random(seed)
  for (let nth = 0; nth < 40; nth++) {
    const [key, id] = [random.pick(keys), seed * 1_000 + nth]
    const start = random.chance(0.5) ? { remoteStartId: id } : { evseId: 1, connectorId: 1, idToken: 'ONE' }
    await queries.promiseTransaction(key, start, id)
    model.promises.promise(key, start, id, nth)
    if (random.chance(0.8)) continue
    const withdrawn = seed * 1_000 + random.between(0, nth)
    await queries.withdrawPromise(key, withdrawn)
    model.promises.withdraw(key, withdrawn)
  }
}

/** Connects a charge point in both, under one epoch. */
async function connect(model: DatabaseModel, key: number): Promise<number> {
  const { epoch } = await queries.connect(key, { version: '1.6', node: 'test', atMs: arrivalMs })
  model.claim(key, '1.6', arrivalMs, 'test')
  const row = model.chargePoints.get(key)
  if (row !== undefined) row.epoch = epoch
  return epoch
}

/** Claims, look-ups and releases give the same. Epochs come from a sequence that tests share. */
async function compareReading(seed: number, keys: readonly number[], model: DatabaseModel): Promise<void> {
  for (const key of keys) {
    const { epoch, promises, ...read } = await queries.connect(key, { version: '1.6', node: 'test', atMs: arrivalMs })
    const claimed = model.claim(key, '1.6', arrivalMs, 'node', 0)
    const { epoch: modelEpoch, promises: expectedPromises, ...expected } = claimed ?? { epoch: 0, promises: [] }
    expect({ seed, read: sorted(read) }).toEqual({ seed, read: sorted(expected) })
    expect({ seed, promises: promises.map(withoutTime) }).toEqual({ seed, promises: expectedPromises.map(withoutTime) })
    for (const { leftMs } of promises) expect(leftMs).toBeWithin(1, remoteStartPromiseMs + 1)
    await queries.disconnect(key, epoch - 1, goneEnd)
    model.leases.release(key, modelEpoch - 1)
    expect((await queries.chargePoint(identityOf(model, key), 'all'))?.connected).toBe(true)
    expect(model.chargePoints.get(key)?.connected).toBe(true)
    await queries.disconnect(key, epoch, goneEnd)
    model.leases.release(key, modelEpoch)
    expect((await queries.chargePoint(identityOf(model, key), 'all'))?.connected).toBe(false)
    expect(model.chargePoints.get(key)?.connected).toBe(false)
    for (const id of ['one', 'two', `${'x'.repeat(255)}a`]) {
      expect(model.transactionsByStationId(key, id)).toEqual([...(await queries.transactionsByStationId(key, id))])
    }
  }
  for (const key of keys) {
    for (const evseId of [1, 2]) {
      for (const token of ['ONE', 'one_1', 'ONE_3', 'OWN', 'OTHER', '']) {
        const read = await queries.beforeStart(key, { evseId, idToken: token, isPriced: false })
        const open = read.openOfIdToken.filter(({ chargePointKey }) => keys.includes(chargePointKey))
        const expected = model.beforeStart(key, evseId, token)
        expect({ seed, token, lastStop: read.lastStop, open }).toEqual({
          seed,
          token,
          lastStop: expected.lastStop,
          open: [...expected.openOfIdToken],
        })
      }
    }
  }
  for (let id = seed * 1_000; id <= seed * 1_000 + 7; id++) {
    expect(model.transaction(id)).toEqual(await queries.transactionById(id))
  }
}

function withoutTime({ leftMs: _, ...promise }: OpenPromise): Omit<OpenPromise, 'leftMs'> {
  return promise
}

function identityOf(model: DatabaseModel, key: number): string {
  return model.chargePoints.get(key)?.identity ?? ''
}

/** Rows as texts, in an order of their own: tables have none. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => JSON.stringify(sorted(item))).toSorted()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  )
}

type Rows = Readonly<Record<string, unknown>>

function rowsOf(model: DatabaseModel): Rows {
  const text = (value: bigint): string => String(value)
  return tables({
    chargePoints: [...model.chargePoints.values()].map(
      ({ epoch: _, connected: __, node: ___, version: ____, untimedFacts, ...row }) => ({
        ...row,
        untimedFacts: untimedFacts === null ? null : JSON.stringify(untimedFacts),
      }),
    ),
    connectors: [...model.connectors.values()],
    connectorHistory: [...model.connectorHistory.rows.values()],
    transactions: [...model.transactions.values()].map(({ id: transactionId, ...row }) => ({ transactionId, ...row })),
    facts: [...model.facts.values()].map(({ ref: _, seqNo: __, event: ___, occurredAtMs: ____, ...row }) => row),
    corrections: [...model.corrections.values()],
    events: [...model.events.values()],
    anomalies: [...model.anomalies.values()],
    meterValues: [...model.meterValues.values()].map((row) => ({
      ...row,
      transactionRef: text(row.transactionRef),
      digest: text(row.digest),
    })),
    problems: [...model.problems.newest.values()]
      .filter(({ isActive }) => isActive)
      .map(({ isActive: _, ...row }) => row),
    problemTimes: [...model.problems.newest.values()].map(
      ({ isActive: _, techCode: __, techInfo: ___, cause: ____, updatedAtMs: receivedAtMs, ...row }) => ({
        ...row,
        receivedAtMs,
      }),
    ),
    ...Object.fromEntries([...model.others.tables].map(([table, rows]) => [table, [...rows.values()]])),
  })
}

function tables(rows: Readonly<Record<string, readonly unknown[]>>): Rows {
  return Object.fromEntries(Object.entries(rows).map(([table, list]) => [table, sorted(list)]))
}

async function storedRows(keys: readonly number[], model: DatabaseModel): Promise<Rows> {
  const others = [...model.others.tables.keys()].map((table) => [table, readingOf(storedTables[table])] as const)
  const read = await Promise.all(
    [...Object.entries(readings), ...others].map(async ([table, sql]) => {
      const { rows } = await database.pool.query<Record<string, unknown>>(sql, [keys])
      return [table, rows] as const
    }),
  )
  return tables(Object.fromEntries(read))
}
