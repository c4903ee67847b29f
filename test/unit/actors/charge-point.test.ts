import { describe, expect, test } from 'bun:test'
import { createActor, initialTransition, transition } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import {
  chargePointMachine,
  connectorIn,
  transactionIn,
  wouldMove,
  type ChargePointEvent,
  type ChargePointSnapshot,
} from '../../../actors/charge-point.ts'
import { openTransactionsMax } from '../../../src/base/limits.ts'
import type { ActorEvent, RegistrationStatus } from '../../../src/blocks/decision.ts'
import type { Hydration } from '../../../src/blocks/records.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint, openTransaction } from '../../support/known.ts'

const effects = { transmit: () => {}, settle: () => {} }
const first = { evseId: 1, connectorId: 1 }
const second = { evseId: 2, connectorId: 1 }

function start(parts: Partial<Hydration> = {}) {
  return initialTransition(chargePointMachine, { hydration: hydration(parts), effects })[0]
}

function run(parts: Partial<Hydration> = {}) {
  const actor = createActor(chargePointMachine, { input: { hydration: hydration(parts), effects } }).start()
  const send = (...events: readonly ChargePointEvent[]) => events.forEach((event) => actor.send(event))
  return {
    actor,
    send,
    connectors: () => actor.getSnapshot().context.connectors.map(connectorIn),
    transactions: () => actor.getSnapshot().context.transactions.map(transactionIn),
    children: () => Object.keys(actor.getSnapshot().children).toSorted(),
  }
}

describe('the life cycle of a charge point', () => {
  const answers: readonly (readonly [RegistrationStatus | null, 'accepted' | 'pending' | 'rejected'])[] = [
    ['Accepted', 'accepted'],
    ['Pending', 'pending'],
    ['Rejected', 'rejected'],
    [null, 'pending'],
  ]
  for (const [bootStatus, value] of answers) {
    test(`starts ${value} when its last boot was answered ${bootStatus}`, () => {
      expect(start({ chargePoint: { ...chargePoint, bootStatus } }).value).toBe(value)
    })
  }

  test('follows the answer to every boot, from every state', () => {
    const boots = (['Accepted', 'Pending', 'Rejected'] as const).map((status) => ({
      type: 'booted' as const,
      status,
      atMs: 1,
    }))
    for (const from of boots) {
      for (const to of boots) {
        const [before] = transition(chargePointMachine, start(), from)
        const [after] = transition(chargePointMachine, before, to)
        expect(String(after.value)).toBe(to.status.toLowerCase())
        expect(after.context.chargePoint).toEqual({ ...chargePoint, bootStatus: to.status, lastBootAtMs: 1 })
      }
    }
  })

  test('reaches every state, and is done when its connection ends', () => {
    const events: ChargePointEvent[] = [
      { type: 'booted', status: 'Accepted', atMs: 1 },
      { type: 'booted', status: 'Pending', atMs: 1 },
      { type: 'booted', status: 'Rejected', atMs: 1 },
      { type: 'drain' },
      { type: 'closed' },
      { type: 'replaced' },
    ]
    const paths = getShortestPaths(chargePointMachine, {
      input: { hydration: hydration(), effects },
      events,
      stopWhen: (state) => state.status === 'done',
      serializeState: (state) => String(state.value),
    })
    const reached = new Map(paths.map(({ state, steps }) => [String(state.value), steps.length - 1]))
    expect(Object.fromEntries(reached)).toEqual({ accepted: 0, pending: 1, rejected: 1, draining: 1, closed: 1 })
    expect(paths.filter(({ state }) => state.status === 'done').map(({ state }) => state.value)).toEqual(['closed'])
  })

  test('a boot while this node stops is noted, and stops nothing', () => {
    const [draining] = transition(chargePointMachine, start(), { type: 'drain' })
    const [after] = transition(chargePointMachine, draining, { type: 'booted', status: 'Pending', atMs: 1 })
    expect(after.value).toBe('draining')
    expect(after.context.chargePoint.bootStatus).toBe('Pending')
  })
})

test('what an operator changes of a charge point is known at once, and the rest of it stays', () => {
  const settings = { registrationStatus: 'Rejected' as const }
  const [after] = transition(chargePointMachine, start(), { type: 'provisioned', settings })
  expect(after.context.chargePoint).toEqual({ ...chargePoint, registrationStatus: 'Rejected' })
  expect(after.value).toBe('accepted')
})

describe('the children of a charge point', () => {
  const stored = hydration({
    connectors: [
      { ...first, status: 'Charging' },
      { ...second, status: 'Available' },
    ],
    openTransactions: [{ ...openTransaction, chargingState: null }],
  })

  test('of transactions without end only the newest are held', () => {
    const { transactions, send } = run({
      openTransactions: [2, 1].map((transactionId) => ({ ...openTransaction, transactionId, chargingState: null })),
    })
    for (let transactionId = 3; transactionId <= openTransactionsMax + 1; transactionId++) {
      send({ type: 'transactionStarted', transaction: { ...openTransaction, transactionId }, chargingState: null })
    }
    const held = transactions().map(({ transactionId }) => transactionId)
    expect(held).toEqual(Array.from({ length: openTransactionsMax }, (_, index) => index + 2))
  })

  test('what was stored is known without starting a single actor', () => {
    const { connectors, transactions, children } = run(stored)
    expect(connectors()).toEqual([...stored.connectors])
    expect(transactions()).toEqual([{ ...openTransaction, chargingState: 'Charging' }])
    expect(children()).toEqual([])
  })

  test('only what an event is about is started, and stays in its place', () => {
    const { send, connectors, children } = run(stored)
    send({ type: 'connectorStatus', ...second, status: 'Preparing' })
    expect(children()).toEqual(['connector.2.1'])
    send({ type: 'connectorStatus', ...first, status: 'SuspendedEV' })
    expect(children()).toEqual(['connector.1.1', 'connector.2.1', 'transaction.42'])
    expect(connectors()).toEqual([
      { ...first, status: 'SuspendedEV' },
      { ...second, status: 'Preparing' },
    ])
  })

  test('a connector that was never heard of before is added', () => {
    const { send, connectors } = run()
    send({ type: 'connectorStatus', evseId: 0, connectorId: 0, status: 'Available' })
    send({ type: 'connectorStatus', ...first, status: 'Preparing' })
    send({ type: 'connectorStatus', ...first, status: 'Charging' })
    expect(connectors()).toEqual([
      { evseId: 0, connectorId: 0, status: 'Available' },
      { ...first, status: 'Charging' },
    ])
  })

  test('a woken connector moves from the status that was stored', () => {
    const { send, actor } = run({ connectors: [{ ...first, status: 'Finishing' }] })
    send({ type: 'connectorStatus', ...first, status: 'Preparing' })
    const connector = actor.getSnapshot().context.connectors[0]?.actor
    expect(connector?.getSnapshot().context.lastMove).toBe('F2')
  })

  test('a connector is woken once', () => {
    const { send, actor } = run(stored)
    send({ type: 'connectorStatus', ...second, status: 'Finishing' })
    const connector = actor.getSnapshot().context.connectors[1]?.actor
    send({ type: 'connectorStatus', ...second, status: 'Reserved' })
    expect(actor.getSnapshot().context.connectors[1]?.actor).toBe(connector)
    expect(connector?.getSnapshot().context.irregularMoves).toBe(2)
  })

  test('a 1.6 transaction follows the status of its own connector', () => {
    const { send, transactions } = run(stored)
    send({ type: 'connectorStatus', ...second, status: 'SuspendedEV' })
    expect(transactions()[0]?.chargingState).toBe('Charging')
    send({ type: 'connectorStatus', ...first, status: 'SuspendedEVSE' })
    expect(transactions()[0]?.chargingState).toBe('SuspendedEVSE')
    send({ type: 'connectorStatus', ...first, status: 'Faulted' })
    expect(transactions()[0]?.chargingState).toBe('SuspendedEVSE')
  })

  test('a 1.6 transaction that begins has the charging state of its connector', () => {
    const { send, transactions } = run({ connectors: [{ ...first, status: 'Charging' }] })
    send({ type: 'transactionStarted', transaction: openTransaction, chargingState: null })
    expect(transactions()).toEqual([{ ...openTransaction, chargingState: 'Charging' }])
  })

  test('a 2.x transaction goes by what the charge point says of it, not by its connector', () => {
    const transaction = { ...openTransaction, stationTransactionId: 'tx-1' }
    const { send, transactions } = run({ chargePoint: { ...chargePoint, version: '2.0.1' } })
    send({ type: 'transactionStarted', transaction, chargingState: 'EVConnected' })
    send({ type: 'connectorStatus', ...first, status: 'Occupied' })
    send({ type: 'connectorStatus', ...first, status: 'Available' })
    expect(transactions()[0]?.chargingState).toBe('EVConnected')
    send({ type: 'transactionUpdated', transactionId: 42, chargingState: 'Charging', idToken: 'LATE' })
    expect(transactions()).toEqual([{ ...transaction, idToken: 'LATE', chargingState: 'Charging' }])
    send({ type: 'transactionUpdated', transactionId: 42, chargingState: null, connector: second })
    expect(transactions()).toEqual([{ ...transaction, ...second, idToken: 'LATE', chargingState: 'Charging' }])
  })

  test('a 2.x transaction of which no charging state was stored has none, whatever its connector says', () => {
    const { transactions } = run({ ...stored, chargePoint: { ...chargePoint, version: '2.0.1' } })
    expect(transactions()[0]?.chargingState).toBeNull()
  })

  test('a stored 2.x transaction is woken in the state that was stored', () => {
    const { send, transactions } = run({
      chargePoint: { ...chargePoint, version: '2.0.1' },
      openTransactions: [{ ...openTransaction, chargingState: 'SuspendedEV' }],
    })
    send({ type: 'transactionUpdated', transactionId: 42, chargingState: null, meterStartWh: 12 })
    expect(transactions()).toEqual([{ ...openTransaction, meterStartWh: 12, chargingState: 'SuspendedEV' }])
  })

  test('a transaction that ends is forgotten, whether its actor ran or not', () => {
    const asleep = run(stored)
    asleep.send({ type: 'transactionStopped', transactionId: 42 })
    expect(asleep.transactions()).toEqual([])
    const awake = run(stored)
    awake.send({ type: 'connectorStatus', ...first, status: 'Finishing' })
    awake.send({ type: 'transactionStopped', transactionId: 42 })
    expect(awake.transactions()).toEqual([])
    expect(awake.children()).toEqual(['connector.1.1'])
  })

  test('a transaction of the same number takes the place of the one that is open', () => {
    const { send, actor, transactions, children } = run(stored)
    const again = { ...openTransaction, idToken: 'OTHER' }
    send({ type: 'connectorStatus', ...first, status: 'SuspendedEV' })
    const earlier = actor.getSnapshot().context.transactions[0]?.actor
    send({ type: 'transactionStarted', transaction: again, chargingState: 'Idle' })
    expect(earlier?.getSnapshot().status).toBe('stopped')
    expect(transactions()).toEqual([{ ...again, chargingState: 'Idle' }])
    send({ type: 'connectorStatus', ...first, status: 'Charging' })
    expect(transactions()).toEqual([{ ...again, chargingState: 'Charging' }])
    expect(children()).toEqual(['connector.1.1', 'transaction.42'])
  })

  test('a thousand transactions leave nothing behind', () => {
    const { send, transactions, children } = run({ connectors: [{ ...first, status: 'Available' }] })
    for (let transactionId = 1; transactionId <= 1_000; transactionId++) {
      send({ type: 'transactionStarted', transaction: { ...openTransaction, transactionId }, chargingState: null })
      send({ type: 'connectorStatus', ...first, status: 'Charging' })
      send({ type: 'connectorStatus', ...first, status: 'Available' })
      send({ type: 'transactionStopped', transactionId })
    }
    expect(transactions()).toEqual([])
    expect(children()).toEqual(['connector.1.1'])
  })

  test('a stop or an update of a transaction that is not open moves nothing', () => {
    const { send, transactions } = run(stored)
    const before = transactions()
    send({ type: 'transactionStopped', transactionId: 7 })
    send({ type: 'transactionUpdated', transactionId: 7, chargingState: 'Idle' })
    expect(transactions()).toEqual(before)
  })
})

describe('an event would move a charge point', () => {
  const snapshot: ChargePointSnapshot = start({
    connectors: [{ ...first, status: 'Charging' }],
    openTransactions: [{ ...openTransaction, chargingState: 'Charging' }],
  })
  const update = { type: 'transactionUpdated', transactionId: 42, chargingState: null } as const
  const moving: readonly ActorEvent[] = [
    { type: 'booted', status: 'Rejected', atMs: 1 },
    { type: 'booted', status: 'Accepted', atMs: 1 },
    { type: 'connectorStatus', ...first, status: 'Finishing' },
    { type: 'connectorStatus', ...second, status: 'Unknown' },
    { type: 'transactionStarted', transaction: openTransaction, chargingState: null },
    { ...update, chargingState: 'Idle' },
    { ...update, connector: second },
    { ...update, idToken: 'OTHER' },
    { ...update, startedAtMs: 1 },
    { ...update, meterStartWh: 1 },
    { type: 'transactionStopped', transactionId: 42 },
  ]
  const idle: readonly ActorEvent[] = [
    { type: 'connectorStatus', ...first, status: 'Charging' },
    update,
    { ...update, chargingState: 'Charging', connector: first, idToken: 'USER123', meterStartWh: 1_000 },
    { ...update, chargingState: 'Levitating' },
    { ...update, transactionId: 7, chargingState: 'Idle' },
    { type: 'transactionStopped', transactionId: 7 },
  ]

  for (const event of moving) {
    test(`when it says something new: ${JSON.stringify(event)}`, () => {
      expect(wouldMove(snapshot, event)).toBe(true)
    })
  }

  for (const event of idle) {
    test(`not when it says what is known: ${JSON.stringify(event)}`, () => {
      expect(wouldMove(snapshot, event)).toBe(false)
    })
  }

  test('not after the end of its connection', () => {
    const [closed] = transition(chargePointMachine, snapshot, { type: 'closed' })
    for (const event of moving) expect(wouldMove(closed, event)).toBe(false)
  })
})
