// Wrong clocks: that of the server jumps, those of charge points are years off. Facts are stored with both times, and
// the last arrival counts as the last, whatever a charge point's clock says.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Client } from 'pg'
import { type Clock, isoTime, systemClock } from '../../src/base/clock.ts'
import { flows16, idTag } from '../fixtures/seed-flows.ts'
import { keepResult } from '../support/fault-results.ts'
import { TestStator } from '../support/stator.ts'

const file = 'clocks.test.ts'
const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs

/** The clock of this machine, set wrong by as much as a test says. Timers are not affected, like those of a process. */
class JumpingClock implements Clock {
  offsetMs = 0

  nowMs(): number {
    return systemClock.nowMs() + this.offsetMs
  }

  after(delayMs: number, callback: () => void): () => void {
    return systemClock.after(delayMs, callback)
  }
}

let central: TestStator
let clock: JumpingClock
let client: Client

beforeAll(async () => {
  clock = new JumpingClock()
  central = await TestStator.start({ hooks: { clock } })
  await central.addIdTag(idTag)
  client = new Client({ connectionString: central.connectionString ?? '' })
  await client.connect()
})

afterAll(async () => {
  await client.end()
  await central.stop()
})

interface Times {
  readonly occurred: number
  readonly received: number
  readonly payload: Readonly<Record<string, unknown>>
}

/** The start and the stop of a charge point. A message without a usable time counts as of its arrival. */
async function factsOf(identity: string): Promise<Times[]> {
  const { rows } = await client.query<Times>(
    `SELECT (extract(epoch FROM CASE WHEN f.sent_at = 'epoch' THEN f.received_at ELSE f.sent_at END) * 1000)::float8
         AS occurred,
       (extract(epoch FROM f.received_at) * 1000)::float8 AS received, f.payload
     FROM transaction_facts f JOIN charge_points c ON c.id = f.charge_point_id
     WHERE c.identity = $1 ORDER BY (f.payload->>'meterStop') IS NOT NULL`,
    [identity],
  )
  return rows
}

function sample(transactionId: unknown, atMs: number): object {
  return {
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp: isoTime(atMs), sampledValue: [{ value: '1000' }] }],
  }
}

test('the clock of the server jumps hours ahead and back while a charge point charges, and nothing is lost or mistaken', async () => {
  clock.offsetMs = 0
  const raw = await central.bootedRaw('JUMPS')
  const startedMs = systemClock.nowMs()
  const { transactionId } = await raw.call('StartTransaction', { ...flows16.start, timestamp: isoTime(startedMs) })
  const jumps = [6 * hourMs, -12 * hourMs, hourMs, -1_000, 0]
  for (const [index, offsetMs] of jumps.entries()) {
    clock.offsetMs = offsetMs
    const { currentTime } = await raw.call('Heartbeat', {})
    expect(Math.abs(Date.parse(String(currentTime)) - clock.nowMs())).toBeLessThan(60_000)
    const status = index % 2 === 0 ? 'Charging' : 'SuspendedEV'
    await raw.call('StatusNotification', { ...flows16.status(status), timestamp: isoTime(startedMs + index) })
    await raw.call('MeterValues', sample(transactionId, startedMs + index * 1_000))
    // The last arrival counts, although by the clock of the server it came first.
    expect(await central.json('/api/chargepoints/JUMPS/status')).toMatchObject({
      status,
      connectors: [{ status, currentTransaction: transactionId }],
    })
  }
  clock.offsetMs = -6 * hourMs
  await raw.call('StopTransaction', { transactionId, timestamp: isoTime(startedMs + hourMs), meterStop: 2_000 })
  clock.offsetMs = 0
  expect(await central.json(`/api/transactions/${transactionId}/meter-values`)).toMatchObject({
    totalCount: jumps.length,
  })
  const [start, stop] = await factsOf('JUMPS')
  expect(start?.occurred).toBe(startedMs)
  expect(stop?.occurred).toBe(startedMs + hourMs)
  expect(Number(stop?.received)).toBeLessThan(Number(start?.received))
  expect(await central.json('/api/transactions?chargePointId=JUMPS')).toMatchObject({ totalCount: 1 })
  keepResult({
    id: '8-server-clock',
    fault: 'the clock of the server set 6 h ahead, 12 h back, and so on',
    file,
    injected: jumps.length + 1,
    audit: null,
    recoveryMs: [],
    recovery: '',
    figures: { 'facts stored with both times': String(2 * jumps.length + 2) },
  })
})

test.each([
  ['three years behind', -3 * yearMs, true],
  ['three years ahead', 3 * yearMs, true],
  ['in 1970', -Date.now(), false],
  ['forty years ahead', 40 * yearMs, false],
])(
  'messages of a charge point whose clock is %s are stored with both times, and the last one counts as the newest',
  async (name, offMs, isKept) => {
    clock.offsetMs = 0
    const identity = `CLOCK ${name}`
    const raw = await central.bootedRaw(identity)
    const theirs = (): number => Date.now() + offMs
    const startedMs = theirs()
    const beganMs = Date.now()
    const first = await raw.call('StartTransaction', { ...flows16.start, timestamp: isoTime(startedMs) })
    await raw.call('StatusNotification', { ...flows16.status('Charging'), timestamp: isoTime(theirs()) })
    await raw.call('MeterValues', sample(first['transactionId'], theirs()))
    // Its clock is corrected; from here on it is ours.
    await raw.call('StatusNotification', { ...flows16.status('Finishing'), timestamp: isoTime(Date.now()) })
    const second = await raw.call('StartTransaction', { ...flows16.start, timestamp: isoTime(Date.now()) })
    expect(second['transactionId']).not.toBe(first['transactionId'])

    const view = await central.json(`/api/chargepoints/${encodeURIComponent(identity)}/status`)
    expect(view).toMatchObject({ connectors: [{ status: 'Finishing', currentTransaction: second['transactionId'] }] })
    const { transactions } = await central.json(`/api/transactions?chargePointId=${encodeURIComponent(identity)}`)
    expect(transactions).toMatchObject([second, first].map(({ transactionId }) => ({ transactionId })))

    const facts = await factsOf(identity)
    const fact = facts.find(({ payload }) => payload['timestamp'] === isoTime(startedMs))
    // Messages are kept as they were sent. An implausible time is replaced by that of the arrival.
    expect(fact).toBeDefined()
    const { occurred, received } = fact ?? { occurred: 0, received: 0 }
    expect(received).toBeGreaterThanOrEqual(beganMs)
    expect(received).toBeLessThanOrEqual(Date.now())
    expect(occurred).toBe(isKept ? startedMs : received)
    expect(await central.json(`/api/transactions/${first['transactionId']}/meter-values`)).toMatchObject({
      totalCount: 1,
    })
    keepResult({
      id: `8-station-clock-${name.replaceAll(' ', '-')}`,
      fault: `a charge point whose clock is ${name}`,
      file,
      injected: 1,
      audit: null,
      recoveryMs: [],
      recovery: '',
      figures: {
        'stored as the time of the event': isKept ? 'what it said' : 'when it came; what it said is kept beside it',
      },
    })
  },
)
