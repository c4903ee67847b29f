// The transactionId that a remote start is answered with belongs to the transaction that the start brings about: also
// when the process dies in between, or the charge point goes to another node.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Client } from 'pg'
import { benchPasswordDefault } from '../../../bench/cli.ts'
import { remoteStartPromiseMs } from '../../../src/base/limits.ts'
import { flows16, flows201, idTag } from '../../fixtures/seed-flows.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { testDatabase } from '../../support/postgres.ts'
import { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { StatorProcess } from '../../support/stator-process.ts'
import { TableLocks } from '../../support/table-locks.ts'
import { until } from '../../support/until.ts'
import { type OcppVersion, ocppVersions, since2 } from '../../../src/ocpp/version.ts'

const commandOf = since2('RemoteStartTransaction', 'RequestStartTransaction')
const startBody = { connectorId: 1, idTag }

/** REST of a node, as far as it is needed here. */
interface Rest {
  json(path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>>
}

/** Starts a transaction over REST; the charge point answers with `status`. Answers the promised transactionId. */
async function remoteStart(
  rest: Rest,
  raw: RawChargePoint,
  identity: string,
  version: OcppVersion,
  status = 'Accepted',
) {
  const reported = rest.json(`/api/chargepoints/${identity}/start-transaction`, startBody)
  const { messageId } = await raw.command(commandOf[version])
  raw.answer(messageId, { status })
  return (await reported)['transactionId']
}

/** Begins the transaction that was started remotely. Answers its transactionId. */
async function begin(rest: Rest, raw: RawChargePoint, identity: string, version: OcppVersion, promised: unknown) {
  if (version === '1.6') return (await raw.call('StartTransaction', flows16.start))['transactionId']
  const started = flows201.started(crypto.randomUUID(), { remoteStartId: promised })
  await raw.call('TransactionEvent', started)
  const { transactions } = await rest.json(`/api/transactions?chargePointId=${identity}`)
  const [newest] = transactions as readonly { readonly transactionId: number }[]
  return newest?.transactionId
}

/** Stops the transaction over REST, which the charge point accepts. */
async function remoteStop(
  rest: Rest,
  raw: RawChargePoint,
  identity: string,
  version: OcppVersion,
  transactionId: unknown,
) {
  const reported = rest.json(`/api/chargepoints/${identity}/stop-transaction`, { transactionId })
  const action = version === '1.6' ? 'RemoteStopTransaction' : 'RequestStopTransaction'
  const { messageId } = await raw.command(action)
  raw.answer(messageId, { status: 'Accepted' })
  return reported
}

describe.each(ocppVersions)('a %s charge point that begins what was started remotely', (version) => {
  const cleanUp: (() => Promise<unknown>)[] = []
  const identities = ['MOVES', 'STAYS']
  let dying: StatorProcess
  let living: StatorProcess

  beforeAll(async () => {
    const { connectionString, drop } = await testDatabase()
    cleanUp.push(drop)
    dying = await StatorProcess.start({ connectionString, identities })
    living = await StatorProcess.start({ connectionString, identities: [] })
    cleanUp.push(() => Promise.all([dying.remove(), living.remove()]))
    await living.json('/api/id-tags', { idTag, status: 'Accepted' })
  })

  afterAll(async () => {
    for (const task of cleanUp.toReversed()) await task()
  })

  async function dial(node: StatorProcess, identity: string): Promise<RawChargePoint> {
    const url = node.ocppUrl
    const subprotocols = [`ocpp${version}`]
    const raw = await RawChargePoint.connect({ url, identity, password: benchPasswordDefault, subprotocols })
    cleanUp.push(async () => raw.socket.terminate())
    await raw.call('BootNotification', version === '1.6' ? flows16.boot : flows201.boot)
    return raw
  }

  test('keeps the promised transactionId when its node is killed before, at another node and at its own', async () => {
    const [moving, staying] = [await dial(dying, 'MOVES'), await dial(dying, 'STAYS')]
    const moved = await remoteStart(dying, moving, 'MOVES', version)
    const stayed = await remoteStart(dying, staying, 'STAYS', version)
    expect(moved).toBeNumber()
    await dying.kill()

    const there = await dial(living, 'MOVES')
    expect(await begin(living, there, 'MOVES', version, moved)).toBe(moved)
    expect(await remoteStop(living, there, 'MOVES', version, moved)).toMatchObject({ status: 'Accepted' })

    await dying.startAgain()
    const back = await dial(dying, 'STAYS')
    expect(await begin(dying, back, 'STAYS', version, stayed)).toBe(stayed)
    expect(await remoteStop(dying, back, 'STAYS', version, stayed)).toMatchObject({ status: 'Accepted' })
  }, 120_000)
})

describe('of two nodes on one database', () => {
  // Nothing happens at `older` by itself: it does not find out that a charge point has a newer connection.
  const clock = new HandClock(Date.now())
  const Security = { CredentialSecret: 'the same at both nodes, as it has to be' }
  let older: TestStator
  let newer: TestStator
  let database: Client

  beforeAll(async () => {
    newer = await TestStator.start({ settings: { Security } })
    const Database = { ConnectionString: newer.connectionString }
    older = await TestStator.start({ settings: { Security, Database }, hooks: { clock } })
    database = await newer.client()
    await newer.addIdTag(idTag)
  })

  afterAll(async () => {
    await older.stop()
    await newer.stop()
  })

  const restOf = (stator: TestStator): Rest => ({ json: (path, body) => stator.json(path, { body }) })

  /** A charge point that is promised a transactionId at `older`, and has a connection at `newer` then. */
  async function promised(identity: string, status = 'Accepted', between = async (): Promise<void> => {}) {
    const stale = await older.bootedRaw(identity)
    const transactionId = await remoteStart(restOf(older), stale, identity, '1.6', status)
    await between()
    const raw = await newer.raw(identity)
    await raw.call('BootNotification', flows16.boot)
    return { stale, raw, transactionId }
  }

  test('a start that the charge point rejects promises nothing, at whatever node it begins one', async () => {
    const { raw, transactionId } = await promised('REJECTS', 'Rejected')
    expect(transactionId).toBeUndefined()
    const { rowCount } = await database.query(
      `SELECT FROM remote_start_promises p JOIN charge_points c ON c.id = p.charge_point_id WHERE c.identity = 'REJECTS'`,
    )
    expect(rowCount).toBe(0)
    expect((await raw.call('StartTransaction', flows16.start))['transactionId']).toBeNumber()
  })

  test('a promise that has expired by the clock of PostgreSQL is not kept', async () => {
    const { raw, transactionId } = await promised('LATE', 'Accepted', async () => {
      await database.query(
        `UPDATE remote_start_promises SET promised_at = promised_at - interval '${remoteStartPromiseMs} ms'`,
      )
    })
    const begun = await raw.call('StartTransaction', flows16.start)
    expect(begun['transactionId']).toBeNumber()
    expect(begun['transactionId']).not.toBe(transactionId)
  })

  test('a promise that is kept at one is not given away once more at the other', async () => {
    const { stale, raw, transactionId } = await promised('TWICE')
    expect(await raw.call('StartTransaction', flows16.start)).toMatchObject({ transactionId })
    const other = await stale.call('StartTransaction', { ...flows16.start, meterStart: 2_000 })
    expect(other['transactionId']).toBeNumber()
    expect(other['transactionId']).not.toBe(transactionId)
    await raw.close()
    const again = await newer.raw('TWICE')
    const third = await again.call('StartTransaction', { ...flows16.start, meterStart: 3_000 })
    expect([transactionId, other['transactionId']]).not.toContain(third['transactionId'])
  })

  test('starts at both in the same moment are two transactions, and one of them has the promised id', async () => {
    const { stale, raw, transactionId } = await promised('RACE')
    const unanswered = [older, newer].map(({ stator }) => stator.counters.framesUnanswered)
    const stations = [
      { station: stale, at: older, payload: flows16.start },
      { station: raw, at: newer, payload: { ...flows16.start, meterStart: 2_000 } },
    ]
    const locks = new TableLocks(await newer.client())
    await locks.hold('transactions', 'reads go on')
    const sent: string[] = []
    for (const { station, payload } of stations) {
      sent.push(station.sendCall('StartTransaction', payload))
      await locks.statementsThatWait(sent.length)
    }
    await locks.letGo()
    const begun: unknown[] = []
    for (const [i, { station, at, payload }] of stations.entries()) {
      const answer = () => station.inbox.find(([, messageId]) => messageId === sent[i])
      const isUnanswered = (): boolean => at.stator.counters.framesUnanswered > (unanswered[i] ?? 0)
      await until('a start to be decided', () => answer() !== undefined || isUnanswered())
      // What is left unanswered is sent again.
      const reported = answer()?.[2] ?? (await station.call('StartTransaction', payload))
      begun.push((reported as { readonly transactionId: number }).transactionId)
    }
    expect(begun.filter((id) => id === transactionId)).toHaveLength(1)
    expect(new Set(begun).size).toBe(2)
    const { rows } = await database.query<{ meter_start_wh: number }>(
      `SELECT meter_start_wh FROM transactions t JOIN charge_points c ON c.id = t.charge_point_id
       WHERE c.identity = 'RACE' ORDER BY meter_start_wh`,
    )
    expect(rows.map((row) => row.meter_start_wh)).toEqual([1_000, 2_000])
  })
})
