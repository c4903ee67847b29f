import { describe, expect, test } from 'bun:test'
import { callQueueCallsMax, remoteStartPromiseMs } from '../../../src/base/limits.ts'
import type { Hydration } from '../../../src/blocks/records.ts'
import type { Connected } from '../../../src/station/connection.ts'
import { Registry } from '../../../src/station/registry.ts'
import { FakeSocket } from '../../support/fake-socket.ts'
import { committedByOperator, openStation, stationDeps } from '../../support/fake-station.ts'
import { begunAs, boot, connectorStatus, transactionStopped, transactionUpdated } from '../../support/changes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint, openTransaction } from '../../support/known.ts'
import { resultAnswer } from '../../support/read-answer.ts'

const accepted = resultAnswer({ status: 'Accepted' })

const first = { evseId: 1, connectorId: 1 }

function house() {
  const clock = new HandClock()
  const failures: string[] = []
  const onFailure = (identity: string, error: unknown): void => {
    failures.push(`${identity}: ${String(error)}`)
  }
  const registry = new Registry({ clock, callTimeoutMs: 30_000, onFailure })
  const deps = stationDeps(clock, registry)
  /** A station whose socket has opened, and its socket. */
  const open = (socket = new FakeSocket()) => ({ socket, station: openStation(socket, deps) })
  /** A station that has been read from the database, and what is known of it then. */
  const connect = (parts: Partial<Hydration> = {}) => {
    const read = hydration(parts)
    const { key, identity } = read.chargePoint
    const opened = open(new FakeSocket({ chargePointKey: key, identity }))
    const station = registry.connect(read, opened.station)
    return { socket: opened.socket, station, live: station.live }
  }
  return { clock, registry, open, connect, failures }
}

function accept(station: Connected, socket: FakeSocket): boolean {
  return station.answer(socket.messageId, accepted)
}

/** What a CALL failed with; the test fails when it did not. */
async function failure(call: Promise<unknown>): Promise<{ code: unknown; message: unknown }> {
  const error: unknown = await call.then(
    () => 'it was answered',
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error) || !('code' in error)) throw new Error(`Not an error of Stator: ${String(error)}`)
  return { code: error.code, message: error.message }
}

describe('the registry', () => {
  test('knows the charge points that are connected, by identity', () => {
    const { registry, connect } = house()
    const { station } = connect()
    const other = connect({ chargePoint: { ...chargePoint, key: 8, identity: 'CP002' } })
    expect(registry.size).toBe(2)
    expect(registry.get('CP001')).toBe(station)
    expect([...registry]).toEqual([station, other.station])
    registry.release(station)
    expect(registry.get('CP001')).toBeUndefined()
    expect([...registry]).toEqual([other.station])
  })

  test('an actor that fails is reported, and its connection closed; others are not affected', async () => {
    const { registry, connect, failures } = house()
    const { station, socket } = connect()
    const other = connect({ chargePoint: { ...chargePoint, key: 8, identity: 'CP002' } })
    socket.onSend = () => {
      throw new Error('a defect')
    }
    const call = failure(station.call('Reset', { type: 'Soft' }))
    expect(failures).toEqual(['CP001: Error: a defect'])
    expect(socket.closed).toEqual([[1011, 'The central system failed; connect again.']])
    registry.release(station)
    expect(await call).toMatchObject({ code: 'NOT_CONNECTED' })
    const answered = other.station.call('Reset', { type: 'Soft' })
    expect(accept(other.station, other.socket)).toBe(true)
    expect(await answered).toMatchObject({ kind: 'result' })
  })

  test('a newer connection replaces the older one: connection closed, calls failed, moved no more', async () => {
    const { registry, connect } = house()
    const old = connect({ epoch: 1 })
    const call = old.station.call('Reset', { type: 'Soft' })
    const { station, live } = connect({ epoch: 2 })
    expect(registry.get('CP001')).toBe(station)
    expect(registry.size).toBe(1)
    expect(old.socket.closed).toEqual([[1000, 'Replaced by a newer connection']])
    expect(await failure(call)).toEqual({
      code: 'NOT_CONNECTED',
      message: "Reset was sent but not answered: charge point 'CP001' was replaced by a newer connection",
    })
    old.live.apply([boot({ bootStatus: 'Rejected', lastBootAtMs: 1 })])
    expect([old.live.isClosed, live.isClosed]).toEqual([true, false])
    expect(old.live.chargePoint.bootStatus).toBe('Accepted')
  })

  test('the late end of a replaced connection does not affect the newer one', () => {
    const { registry, connect } = house()
    const old = connect({ epoch: 1 })
    const { station, live, socket } = connect({ epoch: 2 })
    registry.release(old.station)
    expect(registry.get('CP001')).toBe(station)
    expect(live.isClosed).toBe(false)
    expect(socket.closed).toEqual([])
  })

  test('of two handshakes that overtook each other the higher epoch stays', async () => {
    const { registry, connect } = house()
    const newer = connect({ epoch: 2 })
    const older = connect({ epoch: 1 })
    expect(registry.get('CP001')).toBe(newer.station)
    expect(newer.socket.closed).toEqual([])
    expect(older.socket.closed.length).toBe(1)
    expect(older.live.isClosed).toBe(true)
    expect((await failure(older.station.call('Reset', {}))).code).toBe('NOT_CONNECTED')
  })
})

describe('a live charge point', () => {
  test('continues a transaction after a restart', () => {
    const { connect } = house()
    const open = { ...openTransaction, chargingState: 'SuspendedEV', stationTransactionId: 'tx-9' }
    const { live } = connect({
      chargePoint: { ...chargePoint, version: '2.0.1' },
      connectors: [{ ...first, status: 'Occupied' }],
      openTransactions: [open],
    })
    expect(live.chargePoint.bootStatus).toBe('Accepted')
    expect(live.gate(false, false)).toBe('serve')
    expect(live.connectors()).toEqual([{ ...first, status: 'Occupied' }])
    expect(live.openTransactions()).toEqual([open])
    expect(live.transaction(42)).toEqual(open)
    expect(live.transactionsNamed('tx-9')).toEqual([open])
    live.apply([transactionUpdated(42, { chargingState: 'Charging' })])
    expect(live.transactionsNamed('tx-9')).toEqual([{ ...open, chargingState: 'Charging' }])
    live.apply([transactionStopped(42), connectorStatus(1, 'Available')])
    expect(live.openTransactions()).toEqual([])
    expect(live.transaction(42)).toBeUndefined()
    expect(live.connector(first)).toEqual({ ...first, status: 'Available' })
  })

  test('lists the open transactions of one id by use, whatever their numbers', () => {
    const story = {
      use: 1,
      isStartReported: true,
      lastEventAtMs: openTransaction.startedAtMs,
      lastSeqNo: 0,
      firstReceivedAtMs: openTransaction.startedAtMs,
      lastReceivedAtMs: openTransaction.startedAtMs,
      stoppedAtMs: null,
    }
    const open = { ...openTransaction, chargingState: null, stationTransactionId: 'tx-9' }
    const { live } = house().connect({
      openTransactions: [
        { ...open, transactionId: 42, story },
        { ...open, transactionId: 7, story: { ...story, use: 2 } },
      ],
    })
    expect(live.transactionsNamed('tx-9').map(({ transactionId }) => transactionId)).toEqual([7, 42])
  })

  test('has the same state with and without a reconnect between its events', () => {
    const { connect } = house()
    const one = connect({ connectors: [{ ...first, status: 'Available' }] }).live
    const before = [
      connectorStatus(1, 'Preparing'),
      begunAs({ ...openTransaction, chargingState: null }),
      connectorStatus(1, 'Charging'),
    ] as const
    const after = [connectorStatus(1, 'SuspendedEVSE'), transactionUpdated(42, { idToken: 'OTHER' })] as const
    one.apply(before)
    const two = connect({
      epoch: 2,
      connectors: [{ ...first, status: 'Charging' }],
      openTransactions: [{ ...openTransaction, chargingState: null, price: null }],
    }).live
    expect(two.openTransactions()).toEqual([...one.openTransactions()])
    const whole = house().connect({ connectors: [{ ...first, status: 'Available' }] }).live
    whole.apply([...before, ...after])
    two.apply(after)
    expect(two.openTransactions()).toEqual([...whole.openTransactions()])
    expect(two.connectors()).toEqual([...whole.connectors()])
  })

  test('does not know a connector that never reported, or a transaction that is not open', () => {
    const { live } = house().connect()
    expect(live.connector(first)).toBeUndefined()
    expect(live.transaction(42)).toBeUndefined()
    expect(live.transactionsNamed('tx-9')).toEqual([])
  })

  test('was last seen when it connected, and sent no heartbeat yet', () => {
    const { clock, connect } = house()
    const { station } = connect()
    expect(station.lastSeenAtMs).toBe(clock.nowMs())
    expect(station.lastHeartbeatAtMs).toBeNull()
  })

  test('shows what an operator changed', () => {
    const { live } = house().connect()
    live.provisioned({ strictness: 'strict' })
    expect(live.chargePoint).toEqual({ ...chargePoint, strictness: 'strict' })
  })

  test('shows its last state after its end, and does not change', () => {
    const { registry, connect } = house()
    const { station, live } = connect({ connectors: [{ ...first, status: 'Charging' }] })
    registry.release(station)
    live.apply([connectorStatus(1, 'Available')])
    live.provisioned({ strictness: 'strict' })
    live.drain()
    registry.release(station)
    expect(live.isClosed).toBe(true)
    expect(live.connectors()).toEqual([{ ...first, status: 'Charging' }])
    expect(live.chargePoint).toEqual(chargePoint)
  })
})

describe('a CALL to a live charge point', () => {
  test('goes out as a frame under a UUID and comes back as its answer', async () => {
    const { registry, connect } = house()
    const { station, socket } = connect()
    const call = station.call('Reset', { type: 'Soft' })
    expect(socket.messageId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(socket.sent).toEqual([`[2,"${socket.messageId}","Reset",{"type":"Soft"}]`])
    expect(accept(station, socket)).toBe(true)
    expect(await call).toEqual(accepted)
    expect(registry.calls.counts).toEqual({ sent: 1, answered: 1, timedOut: 0, late: 0, unknown: 0 })
  })

  test('resolves with the CALLERROR of the charge point', async () => {
    const { station, socket } = house().connect()
    const call = station.call('Reset', { type: 'Soft' })
    const answer = { kind: 'error', code: 'NotSupported', description: 'no', details: { why: 1 } } as const
    station.answer(socket.messageId, answer)
    expect(await call).toEqual(answer)
  })

  test('fails when no answer comes in time; a later answer is counted and dropped', async () => {
    const { clock, registry, connect } = house()
    const { station, socket } = connect()
    const call = station.call('Reset', { type: 'Soft' })
    const brief = station.call('ClearCache', {}, 5_000)
    clock.pass(5_000)
    expect((await failure(brief)).code).toBe('CALL_TIMEOUT')
    clock.pass(25_000)
    expect(await failure(call)).toEqual({
      code: 'CALL_TIMEOUT',
      message: "Charge point 'CP001' did not answer Reset within 30 s",
    })
    expect(accept(station, socket)).toBe(false)
    expect(socket.sent.length).toBe(1)
    expect(registry.calls.counts).toEqual({ sent: 1, answered: 0, timedOut: 2, late: 1, unknown: 0 })
  })

  test('is not answered by an unknown message id', async () => {
    const { registry, connect } = house()
    const { station, socket } = connect()
    expect(station.answer('x', accepted)).toBe(false)
    const call = station.call('Reset', { type: 'Soft' })
    expect(station.answer('x', accepted)).toBe(false)
    accept(station, socket)
    expect(station.answer(socket.messageId, accepted)).toBe(false)
    expect(await call).toEqual(accepted)
    expect(registry.calls.counts).toMatchObject({ answered: 1, unknown: 3 })
  })

  test('is refused when too many wait', async () => {
    const { station } = house().connect()
    const calls = Array.from({ length: callQueueCallsMax + 1 }, () => station.call('Reset', { type: 'Soft' }))
    expect((await failure(station.call('ClearCache', {}))).code).toBe('CALL_QUEUE_FULL')
    station.detach('closed')
    const codes = await Promise.all(calls.map(async (call) => (await failure(call)).code))
    expect(new Set(codes)).toEqual(new Set(['NOT_CONNECTED']))
  })

  test('fails at once when the charge point is gone', async () => {
    const { registry, connect } = house()
    const { station, socket } = connect()
    registry.release(station)
    expect(await failure(station.call('Reset', { type: 'Soft' }))).toEqual({
      code: 'NOT_CONNECTED',
      message: "Reset was not sent: charge point 'CP001' is not connected",
    })
    expect(socket.sent).toEqual([])
  })

  test('is refused while this node stops, whether there were CALLs before or not', async () => {
    const { station, live } = house().connect()
    live.drain()
    live.drain()
    expect((await failure(station.call('Reset', { type: 'Soft' }))).code).toBe('SHUTTING_DOWN')

    const busy = house().connect()
    const underWay = busy.station.call('Reset', { type: 'Soft' })
    const inLine = busy.station.call('ClearCache', {})
    busy.live.drain()
    expect((await failure(inLine)).code).toBe('SHUTTING_DOWN')
    expect((await failure(busy.station.call('ClearCache', {}))).code).toBe('SHUTTING_DOWN')
    accept(busy.station, busy.socket)
    expect(await underWay).toEqual(accepted)
  })

  // A socket may break under the very frame that it is given, and say so before `send` returns.
  for (const what of ['first CALL', 'CALL after an answer', 'CALL after a time-out'] as const) {
    test(`fails with all others when the socket breaks under the ${what}`, async () => {
      const { clock, registry, connect } = house()
      const { station, live, socket } = connect()
      const isFirst = what === 'first CALL'
      const breaks = () => registry.release(station)
      if (isFirst) socket.onSend = breaks
      const calls = ['Reset', 'ClearCache', 'GetLocalListVersion'].map((action) => station.call(action, {}))
      const failures = Promise.allSettled(calls)
      if (!isFirst) socket.onSend = breaks
      if (what === 'CALL after an answer') accept(station, socket)
      if (what === 'CALL after a time-out') clock.pass(30_000)
      const settled = await failures
      expect(settled.slice(1).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      expect(live.isClosed).toBe(true)
      expect(clock.alarms).toBe(0)
    })
  }

  test('leaves no timer behind, however it ends', async () => {
    const { clock, registry, connect } = house()
    const { station, socket } = connect()
    const answered = station.call('Reset', { type: 'Soft' })
    accept(station, socket)
    await answered
    expect(clock.alarms).toBe(0)
    const calls = Promise.allSettled([station.call('Reset', { type: 'Soft' }), station.call('ClearCache', {})])
    expect(clock.alarms).toBe(2)
    registry.release(station)
    await calls
    expect(clock.alarms).toBe(0)
  })
})

describe('a charge point whose connection is being set up', () => {
  const read = hydration({ openTransactions: [{ ...openTransaction, chargingState: null }] })
  const { identity } = read.chargePoint
  const begin = ({ registry, open }: ReturnType<typeof house>) => {
    const { socket, station } = open()
    const arrival = registry.arriving(station)
    registry.reading(arrival)
    return { arrival, socket, station }
  }

  test('is moved by what was committed after it had been read', () => {
    const parts = house()
    const { registry } = parts
    const { arrival, station } = begin(parts)
    registry.take(committedByOperator(read.chargePoint, transactionStopped(openTransaction.transactionId)))
    registry.provisioned(read.chargePoint, { registrationStatus: 'Pending' })
    const { live } = registry.connect(read, station, arrival)
    registry.arrived(identity, arrival)
    expect(live.openTransactions()).toEqual([])
    expect(live.chargePoint.registrationStatus).toBe('Pending')
  })

  test('is disconnected at once, before anything of it was read', () => {
    const { registry, open } = house()
    const { socket, station } = open()
    registry.arriving(station)
    registry.disconnect(read.chargePoint, 1008, 'Its credentials changed.')
    expect(socket.closed).toEqual([[1008, 'Its credentials changed.']])
  })

  test('is not moved by what was committed before it was read, or for another one', () => {
    const parts = house()
    const { registry } = parts
    const { arrival: earlier } = begin(parts)
    registry.arrived(identity, earlier)
    registry.provisioned(read.chargePoint, { registrationStatus: 'Pending' })
    const { arrival, station } = begin(parts)
    registry.provisioned({ key: 99, identity: 'another' }, { registrationStatus: 'Rejected' })
    expect(registry.connect(read, station, arrival).live.chargePoint.registrationStatus).toBe('Accepted')
  })

  test('is closed when another node took the connection away while it was being read, and only then', () => {
    const parts = house()
    const { registry } = parts
    const { arrival, socket, station } = begin(parts)
    registry.fence(read.chargePoint, read.epoch, 1008, 'Its own claim.')
    registry.fence(read.chargePoint, read.epoch + 1, 1008, 'Credentials changed')
    registry.connect(read, station, arrival)
    expect(socket.closed).toEqual([[1008, 'Credentials changed']])
  })
})

test('a charge point that has the identity of a deleted one is not reached through the connection of that one', () => {
  const { registry, connect } = house()
  const { socket } = connect()
  const successor = { key: chargePoint.key + 1, identity: chargePoint.identity }
  registry.provisioned(successor, { strictness: 'strict' })
  registry.disconnect(successor, 1008, 'Credentials changed')
  expect(registry.find(successor)).toBeUndefined()
  expect(registry.find(chargePoint)?.live.chargePoint.strictness).toBe('lenient')
  expect(socket.closed).toEqual([])
})

describe('the promise of a remote start', () => {
  const start = { ...first, idToken: 'USER123' }

  test('is kept by the transaction that begins with its number', () => {
    const { live } = house().connect()
    live.promiseTransaction(start, 42)
    expect(live.promisedTransactionId(start)).toBe(42)
    live.apply([begunAs(openTransaction)])
    expect(live.promisedTransactionId(start)).toBeUndefined()
  })

  test('is read with the state of the charge point, and holds for what is left of its time', () => {
    const { clock, connect } = house()
    const { live } = connect({ promises: [{ transactionId: 42, start, leftMs: 1_000 }] })
    expect(live.promisedTransactionId(start)).toBe(42)
    clock.pass(1_000)
    expect(live.promisedTransactionId(start)).toBeUndefined()
  })

  test('is not known to the next connection when the database does not keep it', () => {
    const { registry, connect } = house()
    const { station, live } = connect({ epoch: 1 })
    registry.promiseTransaction(chargePoint, start, 42)
    expect(live.promisedTransactionId(start)).toBe(42)
    registry.release(station)
    expect(connect({ epoch: 2 }).live.promisedTransactionId(start)).toBeUndefined()
  })

  test('is known to a connection that was read before it was made', () => {
    const { registry, open } = house()
    const { station } = open()
    const arrival = registry.arriving(station)
    registry.reading(arrival)
    registry.promiseTransaction(chargePoint, start, 42)
    const { live } = registry.connect(hydration(), station, arrival)
    expect(live.promisedTransactionId(start)).toBe(42)
  })

  test('is void for a connection that was read before it was withdrawn', () => {
    const { registry, open } = house()
    const { station } = open()
    const arrival = registry.arriving(station)
    registry.reading(arrival)
    registry.withdrawPromise(chargePoint, 42)
    const promises = [{ transactionId: 42, start, leftMs: remoteStartPromiseMs }]
    const { live } = registry.connect(hydration({ promises }), station, arrival)
    expect(live.promisedTransactionId(start)).toBeUndefined()
  })

  test('can be withdrawn', () => {
    const { live } = house().connect()
    live.promiseTransaction({ remoteStartId: 42 }, 42)
    live.withdrawPromise(42)
    expect(live.promisedTransactionId({ remoteStartId: 42 })).toBeUndefined()
  })

  test('is made to one charge point only', () => {
    const { connect } = house()
    const { live } = connect()
    const other = connect({ chargePoint: { ...chargePoint, key: 8, identity: 'CP002' } }).live
    live.promiseTransaction(start, 42)
    expect(other.promisedTransactionId(start)).toBeUndefined()
  })
})
