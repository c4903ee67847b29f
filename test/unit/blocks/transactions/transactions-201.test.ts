import { isOf } from '../../../../src/blocks/stored-rows.ts'
import type { Decision } from '../../../../src/blocks/decision.ts'
import { describe, expect, test } from 'bun:test'
import { connectorsMax } from '../../../../src/base/limits.ts'
import { transactionEvent } from '../../../../src/blocks/transactions/transactions-201.ts'
import { MeterColumns } from '../../../../src/workers/meter-columns.ts'
import { acceptedToken, arrivalMs, chargePoint, decide, openTransaction } from '../../../support/known.ts'

const station = { ...chargePoint, version: '2.0.1' as const }
const transaction = { ...openTransaction, stationTransactionId: 'T-1' }
const started = {
  eventType: 'Started' as const,
  timestamp: '2025-12-31T23:00:00Z',
  triggerReason: 'Authorized' as const,
  seqNo: 0,
  transactionInfo: { transactionId: 'T-1', chargingState: 'EVConnected' as const },
  evse: { id: 1, connectorId: 1 },
  idToken: { idToken: 'USER123', type: 'ISO14443' as const },
}
const ended = {
  eventType: 'Ended' as const,
  timestamp: '2026-01-01T00:00:00Z',
  triggerReason: 'EVDeparted' as const,
  seqNo: 3,
  transactionInfo: { transactionId: 'T-1', stoppedReason: 'EVDisconnected' as const },
}

function energy(...registers: number[]) {
  const columns = new MeterColumns()
  const payload = {
    meterValue: registers.map((value) => ({ timestamp: started.timestamp, sampledValue: [{ value }] })),
  }
  const range = columns.add(payload, payload, { chargePointKey: 7, receivedAtMs: arrivalMs })
  return range === null ? null : { block: columns.finish(), ...range }
}

function statusesOf({ changes }: Decision): readonly string[] {
  return changes.flatMap((change) =>
    isOf('connectors', change) ? [`${change.row.evseId}.${change.row.connectorId} ${change.row.status}`] : [],
  )
}

describe('TransactionEvent', () => {
  test('a Started event begins a transaction, and its answer has the status of the idToken', () => {
    const decision = decide(transactionEvent, started, {
      chargePoint: station,
      idTokens: [acceptedToken],
      meter: energy(1234),
    })
    expect(decision.answer).toEqual({ idTokenInfo: { status: 'Accepted' } })
    expect(decision.changes[0]).toMatchObject({
      table: 'transactions',
      row: {
        transactionId: 501,
        stationTransactionId: 'T-1',
        evseId: 1,
        connectorId: 1,
        idToken: 'USER123',
        idTokenType: 'ISO14443',
        meterStartWh: 1234,
        chargingState: 'EVConnected',
      },
    })
    expect(decision.anomalies).toEqual([])
  })

  test('its answer tells cost and limit beside the status of the idToken, in the order of the schema', () => {
    const price = { currency: 'EUR', perKwh: 0.5, perMinute: 0, perSession: 1 }
    const givenCost = { totalCost: null, isFinal: false, transactionLimit: { maxCost: 5 }, atMs: 1, by: 'billing' }
    const { answer, changes } = decide(
      transactionEvent,
      { ...ended, idToken: started.idToken },
      {
        chargePoint: { ...station, version: '2.1' },
        idTokens: [acceptedToken],
        transactions: [{ ...transaction, price, givenCost }],
        meter: energy(3000),
      },
    )
    expect(Object.entries(answer)).toEqual([
      ['totalCost', 2],
      ['idTokenInfo', { status: 'Accepted' }],
      ['transactionLimit', { maxCost: 5 }],
    ])
    expect(changes).toContainEqual({ table: 'transactions', transactionId: 42, patch: { costToldMs: 1 } })
    const begun = decide(transactionEvent, started, {
      chargePoint: station,
      beforeStart: { lastStop: null, openOfIdToken: [], price },
    })
    expect(begun.changes[0]).toMatchObject({ table: 'transactions', row: { price } })
  })

  test('the context of a register decides whether it is that of start or end, not the order', () => {
    const at = (timestamp: string, value: number, context: string) => ({
      timestamp,
      sampledValue: [{ value, context }],
    })
    const meterValue = [
      at('2026-01-01T00:00:00Z', 9000, 'Transaction.End'),
      at('2025-12-31T23:30:00Z', 4000, 'Sample.Periodic'),
      at('2025-12-31T23:00:00Z', 1000, 'Transaction.Begin'),
    ]
    const columns = new MeterColumns()
    const range = columns.add({ meterValue }, { meterValue }, { chargePointKey: 7, receivedAtMs: arrivalMs })
    const meter = range === null ? null : { block: columns.finish(), ...range }
    const stopped = decide(transactionEvent, ended, { chargePoint: station, transactions: [transaction], meter })
    expect(stopped.changes).toContainEqual(
      expect.objectContaining({
        patch: expect.objectContaining({ stoppedAtMs: expect.any(Number), meterStopWh: 9000 }),
      }),
    )
    const begun = decide(transactionEvent, started, { chargePoint: station, idTokens: [acceptedToken], meter })
    expect(begun.changes[0]).toMatchObject({ row: { meterStartWh: 1000 } })
  })

  test('an Ended event closes the transaction with its last register', () => {
    const decision = decide(transactionEvent, ended, {
      chargePoint: station,
      transactions: [transaction],
      meter: energy(2000, 9000),
    })
    expect(decision.changes).toContainEqual(
      expect.objectContaining({
        table: 'transactions',
        transactionId: 42,
        patch: expect.objectContaining({ meterStopWh: 9000, stopReason: 'EVDisconnected', closedBy: 'station' }),
      }),
    )
  })

  test('an Ended event of an unknown transaction begins and ends it, with an anomaly', () => {
    const decision = decide(transactionEvent, ended, { chargePoint: station })
    expect(decision.changes).toMatchObject([
      { table: 'transactions', row: { stationTransactionId: 'T-1' } },
      { table: 'transactions', patch: { closedBy: 'station' } },
    ])
    expect(decision.anomalies.map((anomaly) => anomaly.kind)).toEqual(['missingStart'])
  })

  test('an Ended event that comes first has the token that stopped the transaction, not the one that started it', () => {
    const { idToken } = started
    const { answer, changes } = decide(
      transactionEvent,
      { ...ended, idToken },
      { chargePoint: station, idTokens: [acceptedToken] },
    )
    expect(answer).toEqual({ idTokenInfo: { status: 'Accepted' } })
    expect(changes).toMatchObject([
      { table: 'transactions', row: { idToken: null, idTokenType: null, idTokenStatus: null } },
      { table: 'transactions', patch: { closedBy: 'station', stopIdToken: 'USER123' } },
    ])
  })

  test('a Started event that comes after others corrects the start', () => {
    const decision = decide(transactionEvent, started, {
      chargePoint: station,
      transactions: [transaction],
      meter: energy(1234),
    })
    expect(decision.changes[0]).toMatchObject({
      table: 'transactions',
      transactionId: 42,
      patch: { startedAtMs: Date.parse(started.timestamp), meterStartWh: 1234 },
    })
  })

  test('an event of a closed transaction is stored with an anomaly, and does not close it again', () => {
    const closed = { ...transaction, open: false, closedBy: 'station' as const }
    const decision = decide(transactionEvent, ended, { chargePoint: station, transactions: [closed] })
    expect(decision.changes).toEqual([
      { table: 'transactions', transactionId: 42, patch: expect.not.objectContaining({ closedBy: 'station' }) },
    ])
    expect(decision.anomalies.map((anomaly) => anomaly.kind)).toEqual(['secondEnd'])
  })

  test('a resent event has the same key, and different events with the same seqNo have different keys', () => {
    const key = (event: typeof started) => {
      const { fact } = decide(transactionEvent, event, { chargePoint: station })
      return `${fact?.ref} ${fact?.seqNo}`
    }
    expect(key({ ...started })).toBe(key(started))
    expect(key({ ...started, seqNo: 1 })).not.toBe(key(started))
    expect(key({ ...started, timestamp: '2025-12-31T23:00:10Z' })).not.toBe(key(started))
  })

  test('charging states change the status of the connector, but events from the time offline do not', () => {
    const charging = {
      ...started,
      eventType: 'Updated' as const,
      transactionInfo: { transactionId: 'T-1', chargingState: 'Charging' as const },
    }
    const parts = {
      chargePoint: station,
      transactions: [transaction],
      connectorList: [{ evseId: 1, connectorId: 1, status: 'Occupied' as const }],
    }
    const now = decide(transactionEvent, charging, parts)
    expect(statusesOf(now)).toEqual(['1.1 Charging'])
    expect(now.changes).toContainEqual({ table: 'chargePoints', patch: { status: 'Charging' } })
    // OCPP does not have this charging state, but a lenient charge point may send it.
    const odd: typeof charging = JSON.parse(JSON.stringify(charging).replace('"Charging"', '"constructor"'))
    const unknown = decide(transactionEvent, odd, { ...parts, connectorList: [] })
    expect(statusesOf(unknown)).toEqual(['1.1 Occupied'])
    const late = decide(transactionEvent, { ...charging, offline: true }, parts)
    expect(late.changes.map(({ table }) => table)).toEqual(['transactions'])
  })

  test('a connector beyond the maximum is not stored but causes an anomaly; the transaction is stored', () => {
    const connectorList = Array.from({ length: connectorsMax }, (_, index) => ({
      ...{ evseId: 100 + index, connectorId: 1, status: 'Available' as const },
    }))
    const decision = decide(transactionEvent, started, {
      chargePoint: station,
      connectorList,
      idTokens: [acceptedToken],
    })
    expect(decision.changes).toMatchObject([{ table: 'transactions' }])
    expect(decision.anomalies.map(({ kind }) => kind)).toEqual(['tooManyConnectors'])
  })

  test('a token typed into a keypad is not the card with the same number', () => {
    const card = { ...acceptedToken, type: 'ISO14443' }
    const keypad = { ...started, idToken: { idToken: 'USER123', type: 'KeyCode' as const } }
    const decision = decide(transactionEvent, keypad, { chargePoint: station, idTokens: [card] })
    expect(decision.answer).toEqual({ idTokenInfo: { status: 'Unknown' } })
  })
})
