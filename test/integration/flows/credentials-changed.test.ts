// An operator changes the credentials of a charge point, or deletes it: no socket that authenticated before stays open,
// whatever stage it had reached.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { flows16 } from '../../fixtures/seed-flows.ts'
import { benchPasswordDefault } from '../../../bench/cli.ts'
import { adminApiKey } from '../../../bench/servers/stator.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { RawChargePoint } from '../../support/raw-charge-point.ts'
import { StatorProcess } from '../../support/stator-process.ts'
import { type ApiRequest, TestStator } from '../../support/stator.ts'
import { TableLocks } from '../../support/table-locks.ts'
import { until } from '../../support/until.ts'

let central: TestStator
let locks: TableLocks

beforeAll(async () => {
  central = await TestStator.start()
  locks = new TableLocks(await central.client())
})

afterAll(() => central.stop())

const races = 40

/** Lets `turns` turns of the event loop pass: another moment of the handshake each time. */
async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/**
 * A connection that a request of an operator races with, a number of turns before or after it, while the charge point
 * has an older connection; null when the handshake was refused.
 */
async function race(number: number, identity: string, request: ApiRequest): Promise<RawChargePoint | null> {
  await central.provision(identity)
  await central.raw(identity)
  const connect = () => central.raw(identity).catch(() => null)
  const change = () => central.api(`/api/chargepoints/${identity}`, request)
  const isFirst = number % 2 === 0
  const first = isFirst ? connect() : change()
  await pass((number >> 1) * 2)
  const [one, other] = await Promise.all([first, isFirst ? change() : connect()])
  if (one instanceof RawChargePoint) return one
  return other instanceof RawChargePoint ? other : null
}

test.each([
  ['a new password', { method: 'PATCH', body: { password: 'another password' } }],
  ['its deletion', { method: 'DELETE' }],
])(`of ${races} connections that race with %s none stays open`, async (_what, request) => {
  const identities = Array.from({ length: races }, (_, number) => `RACE-${request.method}-${number}`)
  const raws = await Promise.all(identities.map((identity, number) => race(number, identity, request)))
  const left: string[] = []
  for (const [number, raw] of raws.entries()) {
    if (raw === null) continue
    // A connection that is to be closed is closed before its first CALL can be served.
    raw.sendCall('BootNotification', flows16.boot)
    await until('an answer, or the end of the connection', () => raw.closing !== null || raw.inbox.length > 0)
    if (raw.closing === null) left.push(identities[number] ?? '')
  }
  expect(left).toEqual([])
})

test('a new password closes a connection that waits for the database at once, and one that has not claimed it yet', async () => {
  await central.provision('WAITING')
  // So the handshake is completed; the claim of the connection has to wait, and the change before it.
  await locks.hold('charge_points', 'reads go on')
  const change = { method: 'PATCH', body: { password: 'another password' } }
  const changed = central.json('/api/chargepoints/WAITING', change)
  await locks.statementsThatWait(1)
  const raw = await central.raw('WAITING')
  await locks.statementsThatWait(2)
  await locks.letGo()
  await changed
  expect((await raw.closed()).code).toBe(1008)
  const again = await central.raw('WAITING', { password: 'another password' })
  expect(await again.call('BootNotification', flows16.boot)).toMatchObject({ status: 'Accepted' })
  await again.close()
})

test('a connection that waits for the one before it is closed by a new password before it has begun', async () => {
  const older = await central.bootedRaw('BEHIND')
  await locks.hold('charge_point_events', 'reads wait')
  older.sendCall('SecurityEventNotification', { type: 'FirmwareUpdated', timestamp: '2025-12-26T12:00:00Z' })
  await locks.statementsThatWait(1)
  const newer = await central.raw('BEHIND')
  await older.closed()
  await central.json('/api/chargepoints/BEHIND', { method: 'PATCH', body: { password: 'another password' } })
  // Still before the older one has settled.
  const closing = await newer.closed().finally(() => locks.letGo())
  expect(closing.code).toBe(1008)
})

test('a new API key closes the socket that authenticated with the old one', async () => {
  await central.provision('KEYED', { password: null, apiKey: 'the old key' })
  const headers = (apiKey: string) => ({ 'X-API-Key': apiKey, 'X-Charge-Point-Id': 'KEYED' })
  const raw = await central.raw('KEYED', { password: '', headers: headers('the old key') })
  await raw.call('BootNotification', flows16.boot)
  await central.json('/api/chargepoints/KEYED', { method: 'PATCH', body: { apiKey: 'the new key' } })
  expect((await raw.closed()).code).toBe(1008)
  const again = await central.raw('KEYED', { password: '', headers: headers('the new key') })
  expect(await again.call('BootNotification', flows16.boot)).toMatchObject({ status: 'Accepted' })
})

test('what an operator does at one node holds for the sockets of another within two seconds', async () => {
  const database: TestDatabase = await testDatabase()
  const identities = ['REKEYED', 'DELETED', 'MOVED', 'LEFT']
  const { connectionString } = database
  const started: StatorProcess[] = []
  try {
    for (const known of [identities, []]) {
      started.push(await StatorProcess.start({ connectionString, identities: known }))
    }
    const [here, there] = started
    if (here === undefined || there === undefined) throw new Error('Two processes were started.')
    const dial = async (to: StatorProcess, identity: string): Promise<RawChargePoint> => {
      const raw = await RawChargePoint.connect({ url: to.ocppUrl, identity, password: benchPasswordDefault })
      await raw.call('BootNotification', flows16.boot)
      return raw
    }
    const [rekeyed, deleted, moved, left] = await Promise.all(identities.map((identity) => dial(there, identity)))
    const ask = (to: StatorProcess, method: string, path: string, body?: object): Promise<Response> =>
      fetch(`${to.url}/api/chargepoints${path}`, {
        method,
        headers: { 'X-API-Key': adminApiKey, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    const answers = await Promise.all([
      ask(here, 'PATCH', '/REKEYED', { password: 'another password' }),
      ask(here, 'DELETE', '/DELETED'),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 204])
    // The identity is free again at once; what is commanded under it does not go to the socket of the deleted one.
    expect((await ask(here, 'POST', '', { chargePointId: 'DELETED' })).status).toBe(201)
    expect((await ask(there, 'POST', '/DELETED/reset', { type: 'Soft' })).status).toBe(409)
    const newer = await dial(here, 'MOVED')
    const closed = (raw: RawChargePoint | undefined) => until('the socket to be closed', () => raw?.closing, 2_000)
    const codes = await Promise.all([rekeyed, deleted, moved].map(async (raw) => (await closed(raw)).code))
    expect(codes).toEqual([1008, 1008, 1001])
    expect(newer.closing).toBeNull()
    expect(await left?.call('Heartbeat', {})).toHaveProperty('currentTime')
    const treatment = { strictness: 'strict', registrationStatus: 'Pending' }
    expect((await ask(here, 'PATCH', '/LEFT', treatment)).status).toBe(200)
    const sloppy = { ...flows16.status('Available'), connectorId: '1' }
    const isRefused = async () => (await left?.answerTo(left.sendCall('StatusNotification', sloppy)))?.[0] === 4
    await until('what is not as its schema says to be refused', isRefused, 2_000)
    expect(await left?.call('BootNotification', flows16.boot)).toMatchObject({ status: 'Pending' })
    for (const raw of [newer, left]) raw?.socket.terminate()
  } finally {
    await Promise.all(started.map((stator) => stator.remove()))
    await database.drop()
  }
}, 60_000)
