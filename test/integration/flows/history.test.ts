// The history of a charge point over REST: its connections with real sockets, and the statuses of its connectors.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { flows16 } from '../../fixtures/seed-flows.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

interface Entry {
  readonly kind: string
  readonly time: string
  readonly event: string
  readonly epoch: number
}

let central: TestStator

beforeAll(async () => {
  central = await TestStator.start({ settings: { OCPP: { MaxMessageSize: 2_048 } } })
})

afterAll(() => central.stop())

/** Oldest first. */
async function historyOf(identity: string): Promise<Entry[]> {
  const { history } = await central.json(`/api/chargepoints/${identity}/history?pageSize=100`)
  return (history as Entry[]).toReversed()
}

/** The history, once it has this many entries. */
function once(identity: string, entries: number): Promise<Entry[]> {
  return until(`${entries} entries`, async () => {
    const history = await historyOf(identity)
    return history.length === entries ? history : null
  })
}

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

test('a connection, the statuses of its connectors, and its end are in the history, newest first', async () => {
  const raw = await central.bootedRaw('STORY')
  for (const status of ['Available', 'Available', 'Preparing'] as const)
    await raw.call('StatusNotification', flows16.status(status))
  await raw.close(4000)
  await once('STORY', 4)
  const page = await central.json('/api/chargepoints/STORY/history')
  const connection = {
    kind: 'connection',
    time: isoTime,
    epoch: expect.any(Number),
    node: expect.stringContaining(':'),
    remoteAddress: expect.stringContaining('127.0.0.1'),
  }
  const connector = { kind: 'connector', time: isoTime, occurredAt: isoTime, evseId: 1, connectorId: 1 }
  expect(page).toEqual({
    totalCount: 4,
    page: 1,
    pageSize: 20,
    history: [
      { ...connection, event: 'closed', closedBy: 'chargePoint', closeCode: 4000, reason: '' },
      { ...connector, status: 'Preparing', errorCode: 'NoError', vendorErrorCode: '' },
      { ...connector, status: 'Available', errorCode: 'NoError', vendorErrorCode: '' },
      { ...connection, event: 'opened', closedBy: null, closeCode: null, reason: null },
    ],
  })
})

test('the end of a connection has its address, even if its opening is on a later page', async () => {
  await central.provision('PAGES')
  for (let time = 1; time <= 3; time++) {
    await (await central.raw('PAGES')).close()
    await once('PAGES', 2 * time)
  }
  for (const page of [1, 2, 3, 4, 5, 6]) {
    const { history } = await central.json(`/api/chargepoints/PAGES/history?pageSize=1&page=${page}`)
    expect(history).toMatchObject([{ remoteAddress: expect.stringContaining('127.0.0.1') }])
  }
})

test('the statuses of 2.x are there by whatever message they are reported, charging states too, and nothing for a connection that ends', async () => {
  const raw = await central.bootedRaw('STORY-2', '2.0.1')
  const reported = { timestamp: '2026-01-01T00:00:00Z', connectorStatus: 'Available', evseId: 1, connectorId: 1 }
  await raw.call('StatusNotification', reported)
  await raw.call('TransactionEvent', {
    eventType: 'Started',
    timestamp: '2026-01-01T00:01:00Z',
    triggerReason: 'ChargingStateChanged',
    seqNo: 0,
    evse: { id: 1, connectorId: 1 },
    transactionInfo: { transactionId: 'T1', chargingState: 'Charging' },
  })
  const event = {
    eventId: 1,
    timestamp: '2026-01-01T00:02:00Z',
    trigger: 'Delta',
    eventNotificationType: 'HardWiredNotification',
  }
  await raw.call('NotifyEvent', {
    generatedAt: '2026-01-01T00:02:00Z',
    seqNo: 0,
    eventData: [
      {
        ...event,
        actualValue: 'Faulted',
        component: { name: 'Connector', evse: { id: 1, connectorId: 1 } },
        variable: { name: 'AvailabilityState' },
      },
    ],
  })
  await raw.close()
  expect(await once('STORY-2', 5)).toMatchObject([
    { event: 'opened' },
    { status: 'Available' },
    { status: 'Charging' },
    { status: 'Faulted' },
    { event: 'closed' },
  ])
})

test.each<[string, (raw: RawChargePoint, identity: string) => unknown, object]>([
  ['its socket is gone', (raw) => raw.socket.terminate(), { closedBy: 'lost', closeCode: 1006 }],
  [
    'a frame is too big',
    (raw) => raw.socket.send('x'.repeat(3_000)),
    { closedBy: 'centralSystem', closeCode: 1009, reason: expect.stringContaining('too big') },
  ],
  [
    'it gets other credentials',
    (_, identity) =>
      central.json(`/api/chargepoints/${identity}`, { method: 'PATCH', body: { password: 'another-password' } }),
    { closedBy: 'centralSystem', closeCode: 1008, reason: 'Credentials or rules of access changed' },
  ],
])('the history says that %s', async (why, end, ended) => {
  const identity = `END-${why.replaceAll(' ', '-')}`
  const raw = await central.bootedRaw(identity)
  await end(raw, identity)
  await raw.closed()
  expect(await once(identity, 2)).toMatchObject([{ event: 'opened' }, { event: 'closed', ...ended }])
})

test('a connection that is replaced ends once, before the newer one opens', async () => {
  const older = await central.bootedRaw('REPLACED')
  const newer = await central.raw('REPLACED')
  await older.closed()
  await newer.call('Heartbeat', {})
  await newer.close()
  const history = await once('REPLACED', 4)
  expect(history).toMatchObject([
    { event: 'opened' },
    {
      event: 'closed',
      closedBy: 'centralSystem',
      closeCode: 1001,
      reason: expect.stringContaining('newer connection'),
    },
    { event: 'opened' },
    { event: 'closed', closedBy: 'chargePoint', closeCode: 1000 },
  ])
  expect(history[1]?.epoch).toBe(history[0]?.epoch)
  expect(history[2]?.epoch).toBeGreaterThan(history[0]?.epoch ?? Number.POSITIVE_INFINITY)
})

test('a restart of the central system ends connections, and a status that a connector reports again afterwards is no change', async () => {
  const raw = await central.bootedRaw('RESTARTED')
  await raw.call('StatusNotification', flows16.status('Available'))
  await central.restart()
  const again = await central.raw('RESTARTED')
  await again.call('BootNotification', flows16.boot)
  await again.call('StatusNotification', { ...flows16.status('Available'), info: 'after a restart' })
  expect(await historyOf('RESTARTED')).toMatchObject([
    { event: 'opened' },
    { kind: 'connector', status: 'Available' },
    { event: 'closed', closedBy: 'centralSystem', closeCode: 1001, reason: 'The central system is stopping.' },
    { event: 'opened' },
  ])
})

test.each([
  ['?from=yesterday', 'from'],
  ['?from=2026-02-01&to=2026-01-01', 'to'],
  ['?page=0', 'page'],
  ['?kind=connector', 'kind'],
])('%s is a bad request', async (query, field) => {
  await central.provision('ASKED').catch(() => {})
  const answer = await central.api(`/api/chargepoints/ASKED/history${query}`)
  expect(answer).toMatchObject({ status: 400, body: { details: { field } } })
})

test('a period cuts it, and it is read by operators and by the charge point itself, and by nobody else', async () => {
  const raw = await central.bootedRaw('OWN')
  await central.provision('OTHER')
  const path = '/api/chargepoints/OWN/history'
  expect(await central.json(`${path}?to=2020-01-01`)).toMatchObject({ totalCount: 0, history: [] })
  expect(await central.json(`${path}?from=2020-01-01`)).toMatchObject({ totalCount: 1 })
  expect((await central.api(path, { basic: ['OWN', passwordDefault] })).status).toBe(200)
  expect((await central.api(path, { basic: ['OTHER', passwordDefault] })).status).toBe(404)
  expect((await central.api(path, { key: null })).status).toBe(401)
  expect((await central.api('/api/chargepoints/NOBODY/history')).status).toBe(404)
  await raw.close()
})

test('a charge point shows how its last connection ended, and its last refused handshake, with the addresses', async () => {
  const nothing = { lastDisconnect: null, lastRefusal: null }
  const raw = await central.bootedRaw('OFFLINE')
  expect(await central.json('/api/chargepoints/OFFLINE')).toMatchObject(nothing)
  await raw.close(4001)
  const path = '/api/chargepoints/OFFLINE'
  const isShown = async (field: string) => until(field, async () => (await central.json(path))[field] ?? null)
  const [node, remoteAddress] = [expect.stringContaining(':'), expect.stringContaining('127.0.0.1')]
  const lastDisconnect = { at: isoTime, closedBy: 'chargePoint', closeCode: 4001, reason: '', node, remoteAddress }
  expect(await isShown('lastDisconnect')).toEqual(lastDisconnect)
  const Authorization = `Basic ${btoa('OFFLINE:wrong')}`
  const headers = { Upgrade: 'websocket', Connection: 'Upgrade', Authorization }
  expect((await fetch(`${central.url}/ocpp/OFFLINE`, { headers })).status).toBe(401)
  const lastRefusal = { at: isoTime, status: 401, reason: 'wrong password', node, remoteAddress }
  expect(await isShown('lastRefusal')).toEqual(lastRefusal)
  expect(await central.json(path)).toMatchObject({ status: 'Offline', connected: false, lastDisconnect })
})
