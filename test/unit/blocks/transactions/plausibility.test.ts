// Implausible facts are stored as sent, with an anomaly, in 1.6 and 2.0.1.

import { describe, expect, test } from 'bun:test'
import type { BeforeStart, Decision, KnownTransaction, TransactionStory } from '../../../../src/blocks/decision.ts'
import { concurrentTransaction } from '../../../../src/blocks/transactions/plausibility.ts'
import { startTransaction, stopTransaction } from '../../../../src/blocks/transactions/transactions-16.ts'
import { transactionEvent } from '../../../../src/blocks/transactions/transactions-201.ts'
import { acceptedToken, chargePoint, decide, known, type KnownParts, openTransaction } from '../../../support/known.ts'
import { MeterColumns } from '../../../../src/workers/meter-columns.ts'

const startedAtMs = Date.UTC(2025, 11, 31, 23)
const iso = (ms: number): string => new Date(ms).toISOString()
const kinds = ({ anomalies }: Decision) => anomalies.map(({ kind }) => kind)
const begun: KnownTransaction = { ...openTransaction, stationTransactionId: 'T-1', startedAtMs }

interface Start {
  readonly evseId?: number
  readonly idTag?: string
  readonly meterStart?: number
  readonly atMs?: number
}
interface Stop {
  readonly idTag?: string
  readonly meterStop?: number
  readonly atMs?: number
}

function register(value: number, atMs: number) {
  const columns = new MeterColumns()
  const payload = { meterValue: [{ timestamp: iso(atMs), sampledValue: [{ value }] }] }
  const range = columns.add(payload, payload, { chargePointKey: chargePoint.key, receivedAtMs: atMs })
  return range === null ? null : { block: columns.finish(), ...range }
}

function start16({ evseId = 1, idTag = 'USER123', meterStart = 1_000, atMs = startedAtMs }: Start, parts: KnownParts) {
  return decide(startTransaction, { connectorId: evseId, idTag, meterStart, timestamp: iso(atMs) }, parts)
}

function start201({ evseId = 1, idTag = 'USER123', meterStart = 1_000, atMs = startedAtMs }: Start, parts: KnownParts) {
  const event = {
    eventType: 'Started' as const,
    timestamp: iso(atMs),
    triggerReason: 'Authorized' as const,
    seqNo: 0,
    transactionInfo: { transactionId: 'T-2' },
    evse: { id: evseId, connectorId: 1 },
    idToken: { idToken: idTag, type: 'ISO14443' as const },
  }
  const station = { ...chargePoint, version: '2.0.1' as const }
  return decide(transactionEvent, event, { chargePoint: station, meter: register(meterStart, atMs), ...parts })
}

function stop16({ idTag, meterStop = 5_000, atMs = startedAtMs + 60_000 }: Stop, parts: KnownParts = {}) {
  const payload = { transactionId: 42, meterStop, timestamp: iso(atMs), ...(idTag === undefined ? {} : { idTag }) }
  return decide(stopTransaction, payload, { transactions: [begun], ...parts })
}

function stop201({ idTag, meterStop = 5_000, atMs = startedAtMs + 60_000 }: Stop, parts: KnownParts = {}) {
  const event = {
    eventType: 'Ended' as const,
    timestamp: iso(atMs),
    triggerReason: 'StopAuthorized' as const,
    seqNo: 3,
    transactionInfo: { transactionId: 'T-1' },
    ...(idTag === undefined ? {} : { idToken: { idToken: idTag, type: 'ISO14443' as const } }),
  }
  const station = { ...chargePoint, version: '2.0.1' as const }
  const meter = register(meterStop, atMs)
  return decide(transactionEvent, event, { chargePoint: station, transactions: [begun], meter, ...parts })
}

const stops = [
  ['1.6', stop16],
  ['2.0.1', stop201],
] as const
const starts = [
  ['1.6', start16],
  ['2.0.1', start201],
] as const

const token = (idToken: string, parentIdTag: string | null = null) => ({ ...acceptedToken, idToken, parentIdTag })

describe('a late start of a 2.x transaction that another card stopped', () => {
  const story = { use: 1, isStartReported: false, lastSeqNo: 3, firstReceivedAtMs: 0, lastReceivedAtMs: 0 }
  const stoppedAtMs = startedAtMs + 60_000
  const stopped = {
    ...begun,
    open: false,
    closedBy: 'station' as const,
    stopIdToken: 'OTHERCARD',
    stoppedAtMs,
    story: { ...story, lastEventAtMs: stoppedAtMs, stoppedAtMs },
  }

  test('causes an anomaly only if the card of the start was unknown before', () => {
    const late = (idToken: string | null) =>
      start201({}, { transactions: [{ ...stopped, idToken, stationTransactionId: 'T-2' }] })
    expect(kinds(late('USER123'))).not.toContain('stopByOtherCard')
    expect(kinds(late(null))).toContain('stopByOtherCard')
  })
})

describe.each(stops)('a stop of %s', (_version, stop) => {
  test('that is before its start is stored with an anomaly', () => {
    const decision = stop({ atMs: startedAtMs - 1_000 })
    expect(decision.changes[decision.changes.length - 1]).toMatchObject({
      patch: { stoppedAtMs: startedAtMs - 1_000 },
    })
    expect(decision.anomalies).toMatchObject([
      { kind: 'stopBeforeStart', detail: { startTime: iso(startedAtMs), stopTime: iso(startedAtMs - 1_000) } },
    ])
    expect(kinds(stop({ atMs: startedAtMs }))).toEqual([])
  })

  test('whose register fell by 1 Wh is meterRounding, and by more is meterBackwards', () => {
    expect(kinds(stop({ meterStop: 1_000 }))).toEqual([])
    expect(kinds(stop({ meterStop: 999 }))).toEqual(['meterRounding'])
    expect(kinds(stop({ meterStop: 998 }))).toEqual(['meterBackwards'])
  })

  test('by another card causes an anomaly, whether that card is known or not', () => {
    const decision = stop({ idTag: 'OTHERCARD' }, { idTokens: [token('USER123'), token('OTHERCARD')] })
    expect(decision.anomalies).toMatchObject([
      { kind: 'stopByOtherCard', detail: { idTag: 'USER123', stopIdTag: 'OTHERCARD' } },
    ])
    expect(kinds(stop({ idTag: 'OTHERCARD' }))).toEqual(['stopByOtherCard'])
  })

  test('by its own card causes no anomaly, in any spelling of the charge point', () => {
    for (const idTokens of [[], [token('USER123')]]) {
      for (const idTag of ['USER123', 'user123', 'USER123_98765', ' user123']) {
        expect(kinds(stop({ idTag }, { idTokens }))).toEqual([])
      }
      const suffixed = [{ ...begun, idToken: 'User123_1' }]
      expect(kinds(stop({ idTag: 'USER123' }, { idTokens, transactions: suffixed }))).toEqual([])
    }
    const suffixed = [{ ...begun, idToken: 'User123_1' }]
    expect(kinds(stop({ idTag: 'USER123_2' }, { idTokens: [token('USER123')], transactions: suffixed }))).toEqual([])
  })

  test('by a card whose suffix makes it another stored card causes an anomaly', () => {
    const idTokens = [token('USER123'), token('USER123_2')]
    expect(kinds(stop({ idTag: 'USER123_2' }, { idTokens }))).toEqual(['stopByOtherCard'])
  })

  test('by a card of the same group, by the parent, or of a child causes no anomaly', () => {
    const stopped = (...idTokens: ReturnType<typeof token>[]) => kinds(stop({ idTag: 'OTHERCARD' }, { idTokens }))
    expect(stopped(token('USER123', 'FLEET'), token('OTHERCARD', 'fleet'))).toEqual([])
    expect(stopped(token('USER123', 'OTHERCARD'), token('OTHERCARD'))).toEqual([])
    expect(stopped(token('USER123'), token('OTHERCARD', 'USER123'))).toEqual([])
    expect(stopped(token('USER123', 'FLEET'), token('OTHERCARD', 'FIRM'))).toEqual(['stopByOtherCard'])
  })

  test('without a card, or of a transaction without one, causes no anomaly', () => {
    expect(kinds(stop({}))).toEqual([])
    expect(kinds(stop({ idTag: 'OTHERCARD' }, { transactions: [{ ...begun, idToken: null }] }))).toEqual([])
  })
})

const before = (parts: Partial<BeforeStart>): KnownParts => ({
  idTokens: [acceptedToken],
  beforeStart: { lastStop: null, openOfIdToken: [], ...parts },
})
const lastStop = { transactionId: 41, stoppedAtMs: startedAtMs - 600_000, meterStopWh: 9_000 }

describe.each(starts)('a start of %s', (_version, start) => {
  test('below the last stop of its connector causes an anomaly with both registers', () => {
    const { anomalies } = start({ meterStart: 8_000 }, before({ lastStop }))
    expect(anomalies).toMatchObject([
      {
        kind: 'startBelowLastStop',
        detail: { evseId: 1, meterStart: 8_000, lastMeterStop: 9_000, lastTransactionId: 41 },
      },
    ])
    expect(kinds(start({ meterStart: 9_000 }, before({ lastStop })))).toEqual([])
    expect(kinds(start({ meterStart: 9_500 }, before({ lastStop })))).toEqual([])
    expect(kinds(start({ meterStart: 8_999 }, before({ lastStop })))).toEqual(['meterRounding'])
  })

  test('at 0 causes the anomaly registerPerSession, once for each connection', () => {
    expect(start({ meterStart: 0 }, before({ lastStop })).anomalies).toMatchObject([
      { kind: 'registerPerSession', oncePerConnection: true },
    ])
    expect(kinds(start({ meterStart: 0 }, before({})))).toEqual([])
  })

  test('that is reported late is not compared with a later stop', () => {
    const later = { ...lastStop, stoppedAtMs: startedAtMs + 1 }
    expect(kinds(start({ meterStart: 8_000 }, before({ lastStop: later })))).toEqual([])
  })

  const elsewhere: KnownTransaction = {
    ...openTransaction,
    transactionId: 40,
    chargePointKey: chargePoint.key + 1,
    startedAtMs: startedAtMs - 60_000,
  }

  test('of a card that charges at another charge point is accepted, or denied with an anomaly if so configured', () => {
    const parts = before({ openOfIdToken: [elsewhere] })
    const infoOf = (decision: Decision) => decision.answer['idTagInfo'] ?? decision.answer['idTokenInfo']
    const accepted = start({}, parts)
    expect(infoOf(accepted)).toMatchObject({ status: 'Accepted' })
    expect(accepted.anomalies).toEqual([])
    const denied = start({}, { ...parts, concurrentTransactions: 'deny' })
    expect(infoOf(denied)).toMatchObject({ status: 'ConcurrentTx' })
    expect(denied.changes[0]).toMatchObject({ table: 'transactions', row: { idTokenStatus: 'ConcurrentTx' } })
    const detail = { idTag: 'USER123', openTransactionId: 40, status: 'ConcurrentTx' }
    expect(denied.anomalies).toMatchObject([{ kind: 'concurrentTransaction', detail }])
  })

  test('of a blocked card that charges elsewhere is answered with Blocked', () => {
    const parts = { ...before({ openOfIdToken: [elsewhere] }), concurrentTransactions: 'deny' as const }
    const decision = start({}, { ...parts, idTokens: [{ ...acceptedToken, status: 'Blocked' }] })
    expect(decision.changes[0]).toMatchObject({ row: { idTokenStatus: 'Blocked' } })
    expect(kinds(decision)).toEqual(['unauthorizedStart', 'concurrentTransaction'])
  })

  test('conflicts with a transaction on another connector of its charge point, but not on the same one', () => {
    const own = { ...elsewhere, transactionId: 39, chargePointKey: chargePoint.key }
    expect(start({ evseId: 2 }, before({ openOfIdToken: [elsewhere, own] })).anomalies).toMatchObject([
      { kind: 'concurrentTransaction', detail: { openTransactionId: 39, status: 'Accepted' } },
    ])
    expect(kinds(start({ evseId: 1 }, before({ openOfIdToken: [own] })))).toEqual([])
  })

  test('that is reported late does not conflict with a transaction that started later', () => {
    const later = { ...elsewhere, startedAtMs: startedAtMs + 1 }
    const parts = { ...before({ openOfIdToken: [later] }), concurrentTransactions: 'deny' as const }
    expect(kinds(start({}, parts))).toEqual([])
  })

  test('conflicts with the same card with a suffix, but not with another card', () => {
    const of = (idToken: string) => {
      const parts = before({ openOfIdToken: [{ ...elsewhere, idToken }] })
      return kinds(start({}, { ...parts, concurrentTransactions: 'deny' }))
    }
    expect(of('user123_777')).toEqual(['concurrentTransaction'])
    expect(of('USER1234')).toEqual([])
  })
})

test('a card that comes with a later 2.0.1 event is checked for concurrent transactions like the card of a start', () => {
  const event = {
    eventType: 'Updated' as const,
    timestamp: iso(startedAtMs + 5_000),
    triggerReason: 'Authorized' as const,
    seqNo: 1,
    transactionInfo: { transactionId: 'T-1' },
    idToken: { idToken: 'USER123', type: 'ISO14443' as const },
  }
  const open = { ...openTransaction, transactionId: 40, evseId: 2, startedAtMs: startedAtMs + 1_000 }
  const updated = (idToken: string | null) =>
    decide(transactionEvent, event, {
      ...before({ openOfIdToken: [open, begun] }),
      concurrentTransactions: 'deny',
      transactions: [{ ...begun, idToken }],
    })
  expect(updated(null).answer).toEqual({ idTokenInfo: { status: 'ConcurrentTx' } })
  expect(kinds(updated(null))).toEqual(['concurrentTransaction'])
  expect(updated('USER123').answer).toEqual({ idTokenInfo: { status: 'Accepted' } })
  expect(kinds(updated('USER123'))).toEqual([])
})

test('a transaction whose EVSE is unknown does not conflict with itself', () => {
  const own = { ...begun, evseId: 0, connectorId: 0 }
  const parts = known(before({ openOfIdToken: [own] }))
  const again = { transactionId: 42, evseId: 0, idToken: 'USER123', atMs: startedAtMs }
  expect(concurrentTransaction(again, parts)).toBeUndefined()
  expect(concurrentTransaction({ ...again, transactionId: 43 }, parts)).toBe(own)
})

const story: TransactionStory = {
  use: 1,
  isStartReported: true,
  lastEventAtMs: startedAtMs + 30_000,
  lastSeqNo: 2,
  firstReceivedAtMs: 0,
  lastReceivedAtMs: startedAtMs + 30_000,
  stoppedAtMs: null,
}

test('an end that is older than all events of its transaction causes no anomaly of the start if that is missing', () => {
  const stop = (isStartReported: boolean) =>
    kinds(
      stop201(
        { atMs: startedAtMs - 1, meterStop: 1 },
        { transactions: [{ ...begun, story: { ...story, isStartReported } }] },
      ),
    )
  expect(stop(false)).toEqual(['clockSetBack'])
  expect(stop(true)).toEqual(['clockSetBack', 'stopBeforeStart', 'meterBackwards'])
})

test('a second end of a transaction causes no anomaly of its stop', () => {
  const closed = { ...begun, open: false, closedBy: 'station' as const, story: { ...story, stoppedAtMs: startedAtMs } }
  const decision = stop201({ atMs: startedAtMs - 1, meterStop: 1, idTag: 'OTHERCARD' }, { transactions: [closed] })
  expect(kinds(decision)).toEqual(['clockSetBack', 'secondEnd'])
})

test('a second start is answered like the first, and is not compared with transactions in between', () => {
  const again = (open: KnownTransaction) => {
    const parts = { ...before({ openOfIdToken: [open], lastStop }), concurrentTransactions: 'deny' as const }
    const own = { ...begun, stationTransactionId: 'T-2', story }
    return start201({ atMs: startedAtMs + 20_000, meterStart: 8_000 }, { ...parts, transactions: [own] })
  }
  const other = { ...openTransaction, transactionId: 40, evseId: 2 }
  const earlier = again({ ...other, startedAtMs: startedAtMs - 1 })
  const later = again({ ...other, startedAtMs: startedAtMs + 1 })
  expect(earlier.answer).toEqual({ idTokenInfo: { status: 'ConcurrentTx' } })
  expect(kinds(earlier)).toEqual(['secondStart'])
  expect(later.answer).toEqual({ idTokenInfo: { status: 'Accepted' } })
  expect(kinds(later)).toEqual(['secondStart'])
})
