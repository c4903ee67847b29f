// Meter values as charge points send them, and what operators read of them: contexts, phases, units, numbers, times.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

let stator: TestStator
let stations = 0

beforeAll(async () => {
  stator = await TestStator.start()
  await stator.addIdTag('USER123')
})

afterAll(() => stator.stop())

/** A charge point with a transaction that began with a register of zero. */
async function charging(
  timestamp: unknown = '2026-01-01T08:00:00Z',
): Promise<{ raw: RawChargePoint; identity: string; transactionId: number }> {
  const identity = `ODD${++stations}`
  const raw = await stator.bootedRaw(identity)
  const start = { connectorId: 1, idTag: 'USER123', meterStart: 0, timestamp }
  return { raw, identity, transactionId: Number((await raw.call('StartTransaction', start)).transactionId) }
}

async function meterValuesOf(transactionId: number): Promise<readonly Record<string, unknown>[]> {
  const { meterValues } = await stator.json(`/api/transactions/${transactionId}/meter-values`)
  return Array.isArray(meterValues) ? meterValues : []
}

async function quirksOf(identity: string): Promise<readonly unknown[]> {
  const { anomalies } = await stator.json(`/api/chargepoints/${identity}/anomalies`)
  return (Array.isArray(anomalies) ? anomalies : []).map(({ detail }) => detail.quirk)
}

describe('meter values', () => {
  test('show the periodic register, whatever else is reported beside it', async () => {
    const { raw, identity, transactionId } = await charging()
    const sampledValue = [
      { value: '203', context: 'Sample.Periodic' },
      { value: '0', context: 'Transaction.Begin' },
      { value: '229.9', measurand: 'Voltage', phase: 'L1-N' },
      { value: '0.00', measurand: 'Voltage', phase: 'L2-N' },
    ]
    const meterValue = [{ timestamp: '2026-01-01T08:05:00Z', sampledValue }]
    await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    expect(await meterValuesOf(transactionId)).toMatchObject([{ energyWh: 203, voltageV: 229.9, sampledValue }])
    expect(await quirksOf(identity)).toEqual([])
  })

  test('are read with decimal commas and stray spaces, shown as sent, and noted', async () => {
    const { raw, identity, transactionId } = await charging()
    const sampledValue = [
      { value: '5,5', measurand: 'Energy.Active.Import. Register', unit: 'kwh' },
      { value: '230. 5', measurand: 'Voltage', unit: 'v' },
    ]
    const meterValue = [{ timestamp: '2026-01-01T08:05:00Z', sampledValue }]
    await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    expect(await meterValuesOf(transactionId)).toMatchObject([{ energyWh: 5500, voltageV: 230.5, sampledValue }])
    expect((await quirksOf(identity)).toSorted()).toEqual(['decimalComma', 'enumCase', 'straySpace'])
  })

  test('have no register where a comma can be read in two ways, and that is noted', async () => {
    const { raw, identity, transactionId } = await charging()
    const sampledValue = [{ value: '12,345', unit: 'kWh' }]
    const meterValue = [{ timestamp: '2026-01-01T08:05:00Z', sampledValue }]
    await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    expect(await meterValuesOf(transactionId)).toMatchObject([{ energyWh: null, sampledValue }])
    expect(await quirksOf(identity)).toEqual(['numberAmbiguous'])
  })
})

describe('meter values of one moment', () => {
  const registers = Array.from({ length: 12 }, (_, index) => 100 * (index + 1))
  const sample = (register: number) => ({
    timestamp: '2026-01-01T08:05:00Z',
    sampledValue: [{ value: String(register) }],
  })
  const shown = async (transactionId: number) => (await meterValuesOf(transactionId)).map(({ energyWh }) => energyWh)

  test('are listed in the order in which they came, one message after another', async () => {
    const { raw, transactionId } = await charging()
    for (const register of registers) {
      await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue: [sample(register)] })
    }
    expect(await shown(transactionId)).toEqual(registers)
  })

  test('are listed in the order in which they came, though nobody waits for an answer', async () => {
    const { raw, transactionId } = await charging()
    for (const register of registers) {
      raw.sendCall('MeterValues', { connectorId: 1, transactionId, meterValue: [sample(register)] })
    }
    await until('all are answered', () => raw.inbox.length === registers.length)
    expect(await shown(transactionId)).toEqual(registers)
  })

  test('are listed in the order of their list, on whatever page', async () => {
    const { raw, transactionId } = await charging()
    await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue: registers.map(sample) })
    expect(await shown(transactionId)).toEqual(registers)
    const page = `/api/transactions/${transactionId}/meter-values?page=2&pageSize=5`
    expect(await stator.json(page)).toMatchObject({
      meterValues: registers.slice(5, 10).map((energyWh) => ({ energyWh })),
    })
  })
})

describe('a second session of the same card and register', () => {
  test.each([
    ['2026-01-01T08:00:00', '2026-01-01T10:00:00'],
    ['2026-1-1 8:00:00', '2026-1-1 10:00:00'],
    ['2026-01-01T08:00:00+0000', '2026-01-01T10:00:00+0000'],
    [1_767_254_400, 1_767_261_600],
  ])('is one of its own when its time can be read: %p, %p', async (first, second) => {
    const { raw, transactionId } = await charging(first)
    const start = { connectorId: 1, idTag: 'USER123', meterStart: 0, timestamp: second }
    const next = Number((await raw.call('StartTransaction', start)).transactionId)
    expect(next).not.toBe(transactionId)
    expect(await stator.json(`/api/transactions/${next}`)).toMatchObject({ startTime: '2026-01-01T10:00:00.000Z' })
  })
})

describe('a 2.x transaction', () => {
  test('ends with the register of its end, whatever order the values are listed in', async () => {
    const raw = await stator.bootedRaw(`ODD${++stations}`, '2.0.1')
    const event = (eventType: string, seqNo: number, timestamp: string, meterValue: readonly object[]) =>
      raw.call('TransactionEvent', {
        eventType,
        seqNo,
        timestamp,
        triggerReason: 'Trigger',
        evse: { id: 1, connectorId: 1 },
        transactionInfo: { transactionId: 'ordered' },
        meterValue,
      })
    const at = (timestamp: string, value: number, context: string) => ({
      timestamp,
      sampledValue: [{ value, context }],
    })
    const begin = at('2026-01-01T08:00:00Z', 1000, 'Transaction.Begin')
    await event('Started', 0, '2026-01-01T08:00:00Z', [begin])
    await event('Ended', 1, '2026-01-01T08:30:00Z', [
      at('2026-01-01T08:30:00Z', 9000, 'Transaction.End'),
      begin,
      at('2026-01-01T08:15:00Z', 4000, 'Sample.Periodic'),
    ])
    const { transactions } = await stator.json(`/api/transactions?chargePointId=ODD${stations}`)
    expect(transactions).toMatchObject([{ meterStart: 1000, meterStop: 9000, energyConsumed: 8 }])
  })
})

describe('escapes in meter values', () => {
  test.each([
    ['a character zero', '\\u0000'],
    ['two of them', '\\u0000\\u0000'],
    ['half of a surrogate pair', '\\uD800'],
    ['an escaped backslash before what is no escape', '\\\\u0000'],
    ['a backslash, and a character zero', '\\\\\\u0000'],
  ])('that PostgreSQL cannot read (%s) keep no later message from being served', async (_, escape) => {
    const { raw, identity, transactionId } = await charging()
    const texts = [
      ['08:05', '{"value":"203","context":"Transaction.Begin","format":"Raw"}'],
      ['08:06', '{"value":"500"},{"value":"203","context":"Transaction.Begin"}'],
    ].map(
      ([time, samples]) =>
        `{"connectorId":1,"transactionId":${transactionId},"meterValue":[{"timestamp":"2026-01-01T${time}:00Z",` +
        `"x":"${escape}","sampledValue":[${samples}]}]}`,
    )
    for (const text of texts) {
      raw.send(`[2,"odd","MeterValues",${text}]`)
      expect(await raw.answerTo('odd')).toEqual([3, 'odd', {}])
    }
    // The last register of its open transaction is read from the database then.
    await raw.close()
    const again = await stator.raw(identity)
    const meterValue = [{ timestamp: '2026-01-01T08:03:00Z', sampledValue: [{ value: '100' }] }]
    expect(await again.call('MeterValues', { connectorId: 1, transactionId, meterValue })).toEqual({})
    const { transactions } = await stator.json(`/api/transactions?chargePointId=${identity}`)
    expect(transactions).toMatchObject([{ energySoFar: 0.5 }])
  })
})
