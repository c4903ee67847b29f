// What happens while PostgreSQL is away, slow to answer, or gone at the worst moment.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { Client } from 'pg'
import { idTokenLookupCharactersMax, partRowsMax, retryMsMax } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { Change, ChangeSet } from '../../../src/blocks/decision.ts'
import { commitGroup } from '../../../src/store/commit-group.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { createQueries, type Queries } from '../../../src/store/queries.ts'
import { insertNewFacts } from '../../../src/store/fact-statements.ts'
import { insertChargePointEvents } from '../../../src/store/statements.ts'
import { TransactionIds } from '../../../src/store/transaction-ids.ts'
import { Writer } from '../../../src/store/writer.ts'
import { chargePointEvent, connectorStatus, newTransactionId, sample, startSet } from '../../support/changes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { type TestDatabase, testDatabase } from '../../support/postgres.ts'
import { arrivalMs, changeSet, meterRows, startedWriter } from '../../support/store.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { until, within } from '../../support/until.ts'

let target: TestDatabase
let proxy: TcpProxy
let database: Database
let queries: Queries
let clock: HandClock
let writer: Writer
let key: number

beforeAll(async () => {
  target = await testDatabase()
}, 60_000)

afterAll(async () => {
  await target.drop()
})

beforeEach(async () => {
  const url = new URL(target.connectionString)
  proxy = await startTcpProxy(Number(url.port))
  url.port = String(proxy.port)
  database = await openDatabase({
    provider: 'PostgreSQL',
    connectionString: url.href,
    dataFolder: '',
    poolSize: 2,
    log: silentLogger,
  })
  queries = createQueries(database)
  clock = new HandClock()
  writer = startedWriter(database, clock)
  key = (await queries.createChargePoint(`CP-${crypto.randomUUID()}`, {}, 'all')).key
})

afterEach(async () => {
  await writer.stop()
  await database.close()
  await proxy.stop()
})

function status(evseId: number): Change {
  return connectorStatus(evseId, 'Available')
}

function startOne(): ChangeSet {
  return startSet(key, newTransactionId(), { anomalies: [{ kind: 'missingStart', detail: {} }] })
}

/** Lets the writer try again until `promise` is settled. */
async function whileRetrying<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false
  const settled = promise.finally(() => {
    isSettled = true
  })
  settled.catch(() => {})
  await until('the writer to get through', () => {
    if (clock.alarms > 0) clock.pass(retryMsMax)
    return isSettled
  })
  return settled
}

test('what is committed while the database is away waits, and is stored when it is back', async () => {
  await writer.commit(changeSet(key, { changes: [status(1)] }))
  await proxy.close()
  const waiting = Promise.all([2, 3, 4].map((evseId) => writer.commit(changeSet(key, { changes: [status(evseId)] }))))
  await until('the writer to notice', () => !writer.isAvailable)
  await proxy.open()
  await whileRetrying(waiting)
  expect(writer.isAvailable).toBe(true)
  expect(await queries.connectorsOf(key)).toHaveLength(4)
})

test('the beginning and the end of an outage are logged, with how long it was', async () => {
  const { log, lines } = collectedLog('Warning')
  await writer.stop()
  writer = startedWriter(database, clock, log)
  await writer.commit(changeSet(key, { changes: [status(1)] }))
  await proxy.close()
  const waiting = writer.commit(changeSet(key, { changes: [status(2)] }))
  await until('the writer to notice', () => !writer.isAvailable)
  await proxy.open()
  await whileRetrying(waiting)
  const [began, ended, ...more] = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(isOfWriter)
  expect(began).toMatchObject({ level: 'Error', msg: expect.stringContaining('cannot be reached') })
  expect(ended).toMatchObject({ level: 'Warning', msg: expect.stringContaining('is back') })
  expect(ended?.['durationMs']).toBeGreaterThan(0)
  expect(more).toEqual([])
})

function isOfWriter({ msg }: Record<string, unknown>): boolean {
  return String(msg).startsWith('The database ')
}

test('a COMMIT whose outcome is lost is found out: nothing is stored twice, and it is no retransmission', async () => {
  const first = startOne()
  await writer.commit(first)
  const second = startOne()
  const swallowed = proxy.swallowAnswer(insertNewFacts.name)
  const outcome = whileRetrying(writer.commit(second))
  await within('the COMMIT', swallowed)
  expect(await outcome).toEqual({ duplicate: false, answer: second.answer })
  const anomalies = await queries.listAnomalies({ scope: { chargePointKey: key } }, { page: 1, pageSize: 10 })
  expect(anomalies.totalCount).toBe(2)
  expect(await queries.openTransactionsOf(key)).toHaveLength(2)
  expect(writer.stats.retries).toBeGreaterThan(0)
})

test('changes without facts survive a lost COMMIT as well, each stored once', async () => {
  await writer.commit(changeSet(key, { changes: [status(1)] }))
  const event = chargePointEvent('DataTransfer', null, { n: 1 })
  const swallowed = proxy.swallowAnswer(insertChargePointEvents.name)
  const outcome = whileRetrying(
    writer.commit(changeSet(key, { changes: [event, status(2)], anomalies: [{ kind: 'quirk', detail: {} }] })),
  )
  await within('the COMMIT', swallowed)
  await outcome
  const events = await database.pool.query('SELECT FROM charge_point_events WHERE charge_point_id = $1', [key])
  expect(events.rowCount).toBe(1)
  expect((await queries.listAnomalies({ scope: { chargePointKey: key } }, { page: 1, pageSize: 10 })).totalCount).toBe(
    1,
  )
  expect(await queries.connectorsOf(key)).toHaveLength(2)
})

test('a connection that breaks in the middle of a transaction is replaced, and the group is done again', async () => {
  await writer.commit(changeSet(key, { changes: [status(1)] }))
  const blocker = await database.pool.connect()
  await blocker.query('BEGIN')
  await blocker.query('SELECT FROM connectors WHERE charge_point_id = $1 FOR UPDATE', [key])
  const outcome = writer.commit(changeSet(key, { changes: [status(1), status(2)] }))
  await until('the writer to wait for the row', async () => {
    const waiting = await queryTarget(
      'SELECT pid FROM pg_stat_activity WHERE wait_event_type = $1 AND datname = current_database()',
      ['Lock'],
    )
    const [row] = waiting
    if (row === undefined) return false
    await queryTarget('SELECT pg_terminate_backend($1::int)', [row['pid']])
    return true
  })
  await blocker.query('ROLLBACK')
  blocker.release()
  await whileRetrying(outcome)
  expect(await queries.connectorsOf(key)).toHaveLength(2)
})

test('a deadlock with another connection costs an attempt, not a change', async () => {
  await writer.commit(
    changeSet(key, { changes: [status(1), { table: 'chargePoints', patch: { status: 'Available' } }] }),
  )
  const other = await database.pool.connect()
  await other.query('BEGIN')
  await other.query('SELECT FROM connectors WHERE charge_point_id = $1 FOR UPDATE', [key])
  const outcome = writer.commit(
    changeSet(key, { changes: [status(1), { table: 'chargePoints', patch: { status: 'Charging' } }] }),
  )
  await until('the writer to wait for the row', async () => {
    const waiting = await queryTarget(
      'SELECT FROM pg_stat_activity WHERE wait_event_type = $1 AND datname = current_database()',
      ['Lock'],
    )
    return waiting.length > 0
  })
  // The writer holds the charge point and wants its connector; now the other one wants the charge point.
  const circle = await other.query('UPDATE charge_points SET location = $2 WHERE id = $1', [key, 'X']).then(
    () => 'went through',
    () => 'lost',
  )
  await other.query('ROLLBACK')
  other.release()
  await whileRetrying(outcome)
  expect(['went through', 'lost']).toContain(circle)
  expect(await statusOf(key)).toBe('Charging')
})

test('a database that answers and takes nothing counts as away until it commits again', async () => {
  const name = new URL(target.connectionString).pathname.slice(1)
  await database.pool.query(`ALTER DATABASE ${name} SET lock_timeout = '20ms'`)
  await writer.commit(changeSet(key, { changes: [status(1)] }))
  const other = new Client({ connectionString: target.connectionString })
  await other.connect()
  await other.query('BEGIN; LOCK TABLE connectors IN ACCESS EXCLUSIVE MODE')
  const outcomes = Promise.all(
    [2, 3, 4, 5].map((evseId) => writer.commit(changeSet(key, { changes: [status(evseId)] }))),
  )
  await until('the writer to notice', () => {
    if (clock.alarms > 0) clock.pass(retryMsMax)
    return !writer.isAvailable
  })
  // It goes on trying, in smaller and smaller groups, and changes its mind at no attempt.
  const { retries } = writer.stats
  await until('more attempts', () => {
    if (clock.alarms > 0) clock.pass(retryMsMax)
    if (writer.isAvailable) throw new Error('It takes the database to be there.')
    return writer.stats.retries > retries + 10
  })
  await database.ping()
  await other.end()
  expect(await whileRetrying(outcomes)).toHaveLength(4)
  expect(writer.isAvailable).toBe(true)
  await database.pool.query(`ALTER DATABASE ${name} RESET lock_timeout`)
})

test('a change set that breaks every connection is refused alone, and the database is not taken to be away', async () => {
  const trap = `trap_${key}`
  await database.pool.query(`CREATE FUNCTION ${trap}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.info = 'die' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
      RETURN NEW;
    END $$`)
  await database.pool.query(
    `CREATE TRIGGER ${trap} BEFORE INSERT ON connectors FOR EACH ROW EXECUTE FUNCTION ${trap}()`,
  )
  const outcomes = whileRetrying(
    Promise.allSettled(
      [1, 2, 3].map((evseId) => {
        const change = connectorStatus(evseId, 'Available', { info: evseId === 2 ? 'die' : null })
        return writer.commit(changeSet(key, { changes: [change] }))
      }),
    ),
  )
  expect((await outcomes).map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  // It is not known whether the connection broke before the COMMIT or after it.
  expect((await outcomes)[1]).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE' } })
  expect(writer.isAvailable).toBe(true)
  expect((await queries.connectorsOf(key)).map((connector) => connector.evseId)).toEqual([1, 3])
  await database.pool.query(`DROP TRIGGER ${trap} ON connectors`)
})

test('the writer waits for the disk even where the server is set not to', async () => {
  const name = new URL(target.connectionString).pathname.slice(1)
  await database.pool.query(`ALTER DATABASE ${name} SET synchronous_commit = off`)
  const setting = async () => {
    const { client, release } = await database.lease()
    const { rows } = await client.query<{ value: string }>("SELECT current_setting('synchronous_commit') AS value")
    release()
    return rows[0]?.value
  }
  expect(await setting()).toBe('on')
  await database.pool.query(`ALTER DATABASE ${name} SET synchronous_commit = local`)
  expect(await setting()).toBe('local')
  await database.pool.query(`ALTER DATABASE ${name} RESET synchronous_commit`)
})

test('while the database is away look-ups say so, and id tokens that were read before are still known', async () => {
  const idToken = `TAG-${crypto.randomUUID()}`
  await queries.createIdToken(idToken, { parentIdTag: 'P' })
  const known = await queries.idToken(idToken, false)
  await proxy.close()
  expect(await queries.idToken(idToken.toLowerCase(), false)).toEqual(known)
  const lookUps: (() => number | Promise<unknown>)[] = [
    () => queries.idToken('never-read', false),
    () => queries.credentials('CP'),
    () => queries.transactionById(1),
    () => queries.connect(key, { version: '1.6', node: 'n', atMs: arrivalMs }),
    () => queries.chargePoint('CP', 'all'),
    () => database.ping(),
    () => new TransactionIds(database).next(),
  ]
  // Nothing of this length can be stored, so it is known to be unknown.
  expect(await queries.idToken('x'.repeat(idTokenLookupCharactersMax + 1), false)).toBeNull()
  for (const lookUp of lookUps) {
    expect(await Promise.resolve(lookUp()).catch((error: unknown) => error)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
  }
  await proxy.open()
  await database.ping()
  expect(await queries.idToken('never-read', false)).toBeNull()
})

/** 5,000 meter values: five parts. Made twice it is the same message. */
function largeSet(): ChangeSet {
  const meterValue = Array.from({ length: 5 * partRowsMax }, (_, second) =>
    sample(new Date(arrivalMs - 86_400_000 + second * 1_000).toISOString(), '1'),
  )
  const meter = meterRows(key, { connectorId: 1, meterValue })
  return changeSet(key, { meter, changes: [status(1)], bytes: JSON.stringify(meterValue).length })
}

async function storedMeterRows(): Promise<number> {
  return (await queryTarget('SELECT FROM meter_values WHERE charge_point_id = $1', [key])).length
}

test('a connection that breaks between two parts of a large set, or at a COMMIT of one, loses and doubles nothing', async () => {
  let groups = 0
  const parts = new Writer({
    database,
    clock,
    log: silentLogger,
    commitGroup: (...group) => {
      if (++groups === 2) proxy.cut()
      return commitGroup(...group)
    },
  })
  parts.start()
  const swallowed = proxy.swallowAnswer('stator_insert_new_plain_meter_values')
  await whileRetrying(parts.commit(largeSet()))
  await within('the COMMIT', swallowed)
  expect(parts.stats.retries).toBeGreaterThan(1)
  expect(await storedMeterRows()).toBe(5 * partRowsMax)
  expect(await queries.connectorsOf(key)).toHaveLength(1)
  await parts.stop()
})

test('a large set whose process dies between two parts is completed when the station sends it again', async () => {
  let groups = 0
  const dying = new Writer({
    database,
    clock,
    log: silentLogger,
    // The dead neither send nor hear.
    commitGroup: (...group) => (++groups > 2 ? new Promise(() => {}) : commitGroup(...group)),
  })
  dying.start()
  void dying.commit(largeSet())
  await until('the third part', () => groups > 2)
  expect(await storedMeterRows()).toBe(2 * partRowsMax)
  expect(await queries.connectorsOf(key)).toHaveLength(0)
  await writer.commit(largeSet())
  expect(await storedMeterRows()).toBe(5 * partRowsMax)
  expect(await queries.connectorsOf(key)).toHaveLength(1)
})

test('a stop while the database is away rejects a large set that was begun', async () => {
  let groups = 0
  const parts = new Writer({
    database,
    clock,
    log: silentLogger,
    commitGroup: async (...group) => {
      if (++groups === 3) await proxy.close()
      return commitGroup(...group)
    },
  })
  parts.start()
  const begun = parts.commit(largeSet())
  begun.catch(() => {})
  await until('the third part', () => groups >= 3)
  const stopped = parts.stop()
  expect(await begun.catch((error: unknown) => error)).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await within('the writer to stop', stopped)
  await proxy.open()
})

test('stop while the database is away rejects what waits instead of waiting for ever', async () => {
  await writer.commit(changeSet(key, { changes: [status(1)] }))
  await proxy.close()
  const waiting = writer.commit(startOne())
  await until('the writer to notice', () => !writer.isAvailable)
  const stopped = writer.stop()
  expect(await waiting.catch((error: unknown) => error)).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await within('the writer to stop', stopped)
  await proxy.open()
})

test('once the queue is full, commit refuses and the writer says that it is full', async () => {
  await proxy.close()
  proxy.cut()
  const waiting: Promise<unknown>[] = []
  const refused: unknown[] = []
  const set = changeSet(key, { changes: [status(1)] })
  while (refused.length === 0) {
    const outcome = writer.commit(set)
    waiting.push(outcome.catch((error: unknown) => error))
    if (writer.isFull) refused.push(await writer.commit(set).catch((error: unknown) => error))
  }
  expect(refused[0]).toMatchObject({ code: 'STORE_QUEUE_FULL' })
  await proxy.open()
  await whileRetrying(Promise.all(waiting))
  expect(writer.isFull).toBe(false)
  expect(writer.stats.waiting).toBe(0)
})

async function queryTarget(text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
  return (await database.pool.query<Record<string, unknown>>(text, values)).rows
}

async function statusOf(chargePointKey: number): Promise<unknown> {
  return (await queryTarget('SELECT status FROM charge_points WHERE id = $1', [chargePointKey]))[0]?.['status']
}
