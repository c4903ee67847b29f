import { describe, expect, test } from 'bun:test'
import { meterValues16, meterValues201 } from '../../../../src/blocks/metering/meter-values.ts'
import type { FrameMeter } from '../../../../src/blocks/meter-block.ts'
import { examineBatch } from '../../../../src/workers/examine-batch.ts'
import { arrivalMs, chargePoint, decide, known, type KnownParts, openTransaction } from '../../../support/known.ts'

const transactionId = openTransaction.transactionId
const minuteMs = 60_000

/** The meter values of a frame with one register (Wh), as the worker reads them. */
function register(wh: number, atMs: number): FrameMeter {
  const meterValue = [{ timestamp: new Date(atMs).toISOString(), sampledValue: [{ value: String(wh) }] }]
  const text = JSON.stringify([2, 'm', 'MeterValues', { connectorId: 1, transactionId, meterValue }])
  const task = { text, version: '1.6', strictness: 'lenient', chargePointKey: 7, receivedAtMs: arrivalMs } as const
  const { verdicts, meter: block } = examineBatch([task])
  const [verdict] = verdicts
  if (verdict?.kind !== 'call' || verdict.meter === null || block === null) throw new Error('it has no meter values')
  return { block, ...verdict.meter }
}

const closed = { ...openTransaction, open: false, stoppedAtMs: arrivalMs - 10 * minuteMs }
const after = register(2_000, arrivalMs - 5 * minuteMs)
const before = register(2_000, arrivalMs - 15 * minuteMs)

function decideWith(parts: KnownParts, id = transactionId) {
  return decide(meterValues16, { connectorId: 1, transactionId: id }, parts)
}

describe('MeterValues of 1.6', () => {
  test.each([undefined, 0, -1])('without a transaction (%p) are stored without further changes', (id) => {
    const sent = id === undefined ? { connectorId: 1 } : { connectorId: 1, transactionId: id }
    expect(decide(meterValues16, sent)).toEqual({ answer: {}, changes: [], anomalies: [] })
    expect(meterValues16.needs?.(sent, chargePoint)).toEqual({})
    expect(meterValues16.about?.(sent, known())).toEqual({ subject: '1/1' })
  })

  test('of an open transaction have their register remembered, to compare it with the next', () => {
    const decision = decideWith({ transactions: [openTransaction], meter: register(2_000, arrivalMs) })
    expect(decision.remembers).toEqual([{ type: 'register', transactionId, reading: { wh: 2_000, atMs: arrivalMs } }])
    expect(decision.anomalies).toEqual([])
  })

  test('of an open transaction cause an anomaly if a register is below that of the start', () => {
    const decision = decideWith({ transactions: [openTransaction], meter: register(10, arrivalMs) })
    expect(decision.anomalies).toMatchObject([{ kind: 'registerFell', transaction: String(transactionId) }])
  })

  test('that come late do not replace the remembered register', () => {
    const latest = { wh: 3_000, atMs: arrivalMs }
    const parts = { transactions: [openTransaction], lastRegister: () => latest }
    const { remembers } = decideWith({ ...parts, meter: register(2_000, arrivalMs - minuteMs) })
    expect(remembers).toEqual([{ type: 'register', transactionId, reading: latest }])
  })

  test('of an unknown transaction cause an anomaly, and belong to no transaction', () => {
    expect(decideWith({ meter: after })).toMatchObject({
      answer: {},
      anomalies: [{ kind: 'unknownTransaction', transaction: String(transactionId) }],
      meterPlace: { isOfNoTransaction: true },
    })
  })

  test('of a transaction of another charge point cause an anomaly', () => {
    const foreign = { ...openTransaction, chargePointKey: 8 }
    expect(decideWith({ transactions: [foreign], meter: after }).anomalies).toMatchObject([
      { kind: 'foreignTransaction' },
    ])
  })

  test('of a closed transaction cause an anomaly only if they were sampled after its end', () => {
    expect(decideWith({ transactions: [closed], meter: after }).anomalies).toMatchObject([
      { kind: 'closedTransaction' },
    ])
    expect(decideWith({ transactions: [closed], meter: before }).anomalies).toEqual([])
  })

  test('of a transaction have the transaction and its connector as subjects', () => {
    const sent = { connectorId: 2, transactionId }
    expect(meterValues16.about?.(sent, known())).toMatchObject({ also: ['2/1'] })
    expect(meterValues16.needs?.(sent, chargePoint)).toMatchObject({ transactionIds: [transactionId] })
  })
})

describe('MeterValues of 2.0.1', () => {
  test('are outside a transaction: they are stored without further changes', () => {
    expect(decide(meterValues201, { evseId: 1 })).toEqual({ answer: {}, changes: [], anomalies: [] })
  })

  test('have each connector of their EVSE as a subject, once', () => {
    const connectorList = [1, 2].map((connectorId) => ({ evseId: 3, connectorId, status: 'Available' as const }))
    expect(meterValues201.about?.({ evseId: 3 }, known({ connectorList }))).toEqual({ subject: '3/1', also: ['3/2'] })
    expect(meterValues201.about?.({ evseId: 0 }, known({ connectorList }))).toEqual({ subject: '0/0', also: [] })
  })
})
