import { describe, expect, test } from 'bun:test'
import type { Known } from '../../../../src/blocks/decision.ts'
import { startTransaction, stopTransaction } from '../../../../src/blocks/transactions/transactions-16.ts'
import { acceptedToken, arrivalMs, decide, openTransaction, chargePoint } from '../../../support/known.ts'

const start = {
  connectorId: 1,
  idTag: 'USER123',
  meterStart: 1000,
  timestamp: '2025-12-31T23:00:00Z',
  reservationId: 0,
}
const stop = { transactionId: 42, meterStop: 15_000, timestamp: '2025-12-31T23:30:00Z', reason: 'Local' as const }

describe('StartTransaction', () => {
  test('an accepted idTag starts a transaction with a new id', () => {
    const decision = decide(startTransaction, start, { idTokens: [acceptedToken] })
    expect(decision.answer).toEqual({ transactionId: 501, idTagInfo: { status: 'Accepted' } })
    expect(decision.changes).toEqual([
      {
        table: 'transactions',
        row: {
          transactionId: 501,
          stationUse: 1,
          isStartReported: true,
          evseId: 1,
          connectorId: 1,
          idToken: 'USER123',
          idTokenStatus: 'Accepted',
          startedAtMs: Date.parse(start.timestamp),
          meterStartWh: 1000,
          reservationId: null,
        },
      },
    ])
    expect(decision.anomalies).toEqual([])
  })

  test('the letter case of an idTag is ignored', () => {
    const decision = decide(startTransaction, { ...start, idTag: 'user123' }, { idTokens: [acceptedToken] })
    expect(decision.answer.idTagInfo).toEqual({ status: 'Accepted' })
  })

  test.each([
    ['unknown', [], 'Invalid'],
    ['blocked', [{ ...acceptedToken, status: 'Blocked' as const }], 'Blocked'],
    ['expired', [{ ...acceptedToken, expiryDateMs: arrivalMs - 1 }], 'Expired'],
  ])(
    'an %s idTag still gets its transaction stored, with the reason in idTagInfo and an anomaly',
    (_name, idTokens, status) => {
      const decision = decide(startTransaction, start, { idTokens })
      expect(decision.answer).toMatchObject({ transactionId: 501, idTagInfo: { status } })
      expect(decision.changes[0]).toMatchObject({ table: 'transactions', row: { idTokenStatus: status } })
      expect(decision.anomalies.map((anomaly) => anomaly.kind)).toEqual(['unauthorizedStart'])
    },
  )

  test('a start has the same key each time it is sent, with any message id', () => {
    const first = decide(startTransaction, start, { messageId: 'a' })
    const again = decide(startTransaction, start, {
      messageId: 'b',
      newTransactionId: 502,
      receivedAtMs: arrivalMs + 9,
    })
    expect(again.fact?.ref).toBe(first.fact?.ref ?? '')
    expect(again.fact?.seqNo).toBe(0)
  })

  test.each([
    ['connectorId', { connectorId: 2 }],
    ['idTag', { idTag: 'OTHER' }],
    ['timestamp', { timestamp: '2025-12-31T23:00:01Z' }],
    ['meterStart', { meterStart: 1001 }],
  ])('another %s makes another start', (_field, difference) => {
    const key = (payload: typeof start) => decide(startTransaction, payload, {}).fact?.ref
    expect(key({ ...start, ...difference })).not.toBe(key(start))
  })

  test('the transactionId that a remote start promised goes to the start that it caused', () => {
    const asked: unknown[] = []
    const promisedTransactionId: Known['promisedTransactionId'] = (remoteStart) => {
      asked.push(remoteStart)
      return 99
    }
    const decision = decide(startTransaction, start, { promisedTransactionId })
    expect(decision.answer.transactionId).toBe(99)
    decide(startTransaction, start, { promisedTransactionId, idTokens: [acceptedToken] })
    // A stored id token is not another one with something appended.
    const begun = { evseId: 1, connectorId: 1, idToken: 'USER123' }
    expect(asked).toEqual([
      { ...begun, mayBeDecorated: true },
      { ...begun, mayBeDecorated: false },
    ])
  })

  test('a start without a usable time has its place in the key, not the text sent as time', () => {
    const key = (place: number, timestamp: unknown) =>
      decide(startTransaction, start, { sent: { ...start, timestamp }, placed: { place, isResend: false } }).fact?.ref
    expect(key(3, '0')).toBe(key(3, undefined) ?? '')
    expect(key(3, '0')).not.toBe(key(4, '0'))
  })

  test.each(['2025-12-31T23:00:00', '2025-12-31 23:00', '2026-01-01T00:00:00+0100', 1_767_222_000])(
    'a start at %p has a time of its own, and is never taken for another session of the card',
    (timestamp) => {
      const parts = { sent: { ...start, timestamp }, idTokens: [acceptedToken], transactions: [openTransaction] }
      const served = { ...start, timestamp: '2025-12-31T23:00:00.000Z' }
      const decision = decide(startTransaction, served, parts)
      expect(decision.answer.transactionId).toBe(501)
      expect(decision.changes).toHaveLength(1)
    },
  )

  test.each(['12,345', 'n/a', null, true])(
    'a register sent as %p cannot be read, and does not count as zero',
    (register) => {
      const sent = { ...start, meterStart: register }
      expect(decide(startTransaction, { ...start, meterStart: 0 }, { sent }).changes[0]).toMatchObject({
        row: { meterStartWh: null },
      })
      const sentStop = { ...stop, meterStop: register }
      const parts = { sent: sentStop, transactions: [openTransaction] }
      const stopped = decide(stopTransaction, { ...stop, meterStop: 0 }, parts)
      expect(stopped.changes[0]).toMatchObject({ patch: { meterStopWh: null } })
      expect(stopped.anomalies).toEqual([])
    },
  )

  test('a register that was not sent does not count as zero', () => {
    const { meterStart: _, ...sent } = start
    const started = decide(startTransaction, { ...start, meterStart: 0 }, { sent })
    expect(started.changes[0]).toMatchObject({ row: { meterStartWh: null } })
    const { meterStop: _stop, ...sentStop } = stop
    const stopped = decide(
      stopTransaction,
      { ...stop, meterStop: 0 },
      { sent: sentStop, transactions: [openTransaction] },
    )
    expect(stopped.changes[0]).toMatchObject({ patch: { meterStopWh: null } })
    expect(stopped.anomalies).toEqual([])
  })

  test('a start on a connector with an open transaction is stored with an anomaly', () => {
    const decision = decide(startTransaction, start, { idTokens: [acceptedToken], transactions: [openTransaction] })
    expect(decision.changes).toHaveLength(1)
    expect(decision.anomalies).toEqual([
      { kind: 'connectorAlreadyCharging', transaction: '501', detail: { connectorId: 1, openTransactionId: 42 } },
    ])
  })
})

describe('StopTransaction', () => {
  test('a stop closes its transaction with the values that were sent', () => {
    const decision = decide(stopTransaction, stop, { transactions: [openTransaction] })
    expect(decision.answer).toEqual({})
    expect(decision.changes).toEqual([
      {
        table: 'transactions',
        transactionId: 42,
        patch: {
          stoppedAtMs: Date.parse(stop.timestamp),
          meterStopWh: 15_000,
          stopReason: 'Local',
          stopIdToken: null,
          closedBy: 'station',
        },
      },
    ])
    expect(decision.meterPlace).toEqual({ connector: { evseId: 1, connectorId: 1 } })
    expect(decision.anomalies).toEqual([])
  })

  test('the answer to a stop with an idTag has the status of the idTag', () => {
    const decision = decide(
      stopTransaction,
      { ...stop, idTag: 'USER123' },
      { transactions: [openTransaction], idTokens: [acceptedToken] },
    )
    expect(decision.answer).toEqual({ idTagInfo: { status: 'Accepted' } })
  })

  test.each([
    ['nobody knows', [], 'unknownTransaction'],
    ['belongs to another charge point', [{ ...openTransaction, chargePointKey: 8 }], 'foreignTransaction'],
    ['was stopped before', [{ ...openTransaction, open: false, closedBy: 'station' as const }], 'closedTransaction'],
  ])(
    'a stop of a transaction that %s is stored with an anomaly, and changes nothing',
    (_name, transactions, anomaly) => {
      const decision = decide(stopTransaction, stop, { transactions })
      expect(decision.fact).toMatchObject({ ref: `stop:42:15000:${stop.timestamp}`, event: 'Ended' })
      expect(decision.changes).toEqual([])
      expect(decision.anomalies.map((one) => one.kind)).toEqual([anomaly as never])
    },
  )

  test('a stop of a transaction that an operator closed replaces the values of the operator', () => {
    const closed = { ...openTransaction, open: false, closedBy: 'operator' as const }
    const decision = decide(stopTransaction, stop, { transactions: [closed] })
    expect(decision.changes[0]).toMatchObject({
      transactionId: 42,
      patch: { meterStopWh: 15_000, closedBy: 'station' },
    })
    expect(decision.anomalies.map((one) => one.kind)).toEqual(['closedTransaction'])
  })

  test('a register that fell is stored with an anomaly', () => {
    const decision = decide(stopTransaction, { ...stop, meterStop: 900 }, { transactions: [openTransaction] })
    expect(decision.changes[0]).toMatchObject({ patch: { meterStopWh: 900 } })
    expect(decision.anomalies.map((one) => one.kind)).toEqual(['meterBackwards'])
  })

  test('stops without a transactionId (0, -1) are not looked up and have different keys', () => {
    const one = { ...stop, transactionId: -1 }
    const other = { ...one, timestamp: '2025-12-31T23:45:00Z' }
    expect(stopTransaction.needs?.(one, chargePoint)).toEqual({})
    const key = (payload: typeof stop) => decide(stopTransaction, payload, {}).fact?.ref
    expect(key(one)).toBe(key({ ...one }))
    expect(key(one)).not.toBe(key(other))
  })
})
