// Registers that fall in the middle of a transaction, from the socket to REST: no figure of its energy, and an anomaly.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { anomalyKinds, at, start, stop } from '../../support/sessions-16.ts'

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
  await stator.addIdTag('USER123')
})

afterAll(() => stator.stop())

const kindsOf = (identity: string, central = stator) => anomalyKinds(central, identity)

describe('a 1.6 charge point', () => {
  test('whose register falls in the middle of a transaction has no figure for it, however the samples come', async () => {
    const raw = await stator.bootedRaw('MIDDLE')
    const sample = (minute: number, wh: number) => ({ timestamp: at(minute), sampledValue: [{ value: String(wh) }] })
    const energyOf = async (from: number, meterStop: number, readings: readonly number[], isWithStop: boolean) => {
      const transactionId = await start(raw, from)
      const samples = readings.map((wh, index) => sample(from + 1 + index, wh))
      for (const each of isWithStop ? [] : samples) {
        await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue: [each] })
      }
      const transactionData = isWithStop ? { transactionData: samples } : {}
      await stop(raw, transactionId, from + 9, { meterStop, ...transactionData })
      return (await stator.json(`/api/transactions/${transactionId}`))['energyConsumed']
    }
    let minute = 0
    for (const isWithStop of [false, true]) {
      expect(await energyOf((minute += 10), 3_000, [5_000, 200, 900], isWithStop)).toBeNull()
      expect(await energyOf((minute += 10), 6_000, [5_000, 200, 900], isWithStop)).toBeNull()
      expect(await energyOf((minute += 10), 3_000, [2_000, 5_000], isWithStop)).toBeNull()
      expect(await energyOf((minute += 10), 6_000, [4_000, 0, 4_500], isWithStop)).toBe(5)
      expect(await energyOf((minute += 10), 6_000, [4_000, 3_999, 3_999], isWithStop)).toBe(5)
    }
    // A single odd reading is noted where it is the last of its message.
    expect((await kindsOf('MIDDLE')).filter((kind) => kind === 'registerFell')).toHaveLength(7)
  })

  test('that reports its samples in coarser steps than its start and its stop keeps its figure', async () => {
    const raw = await stator.bootedRaw('COARSE')
    const transactionId = await start(raw, 0, { meterStart: 1_005 })
    const kWh = (minute: number, value: string) => ({ timestamp: at(minute), sampledValue: [{ value, unit: 'kWh' }] })
    for (const [minute, value] of ['1.00', '1.00', '1.00', '6.01'].entries()) {
      await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue: [kWh(minute + 1, value)] })
    }
    await stop(raw, transactionId, 9, { meterStop: 6_005 })
    expect((await stator.json(`/api/transactions/${transactionId}`))['energyConsumed']).toBe(5)
    expect(await kindsOf('COARSE')).toEqual([])
  })

  test('whose samples come late shows with them that its register fell, whatever else was reported meanwhile', async () => {
    const raw = await stator.bootedRaw('FELLBEFORE')
    const sample = (minute: number, wh: number) => ({ timestamp: at(minute), sampledValue: [{ value: String(wh) }] })
    const samples = (transactionId: number, ...meterValue: readonly unknown[]) =>
      raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    const energyOf = async (id: number) => (await stator.json(`/api/transactions/${id}`))['energyConsumed']
    const falls = async () => (await kindsOf('FELLBEFORE')).filter((kind) => kind === 'registerFell').length

    const buffered = await start(raw, 0)
    await samples(buffered, sample(6, 2_000))
    await samples(buffered, sample(3, 5_000))
    await stop(raw, buffered, 9, { meterStop: 4_000 })
    expect(await energyOf(buffered)).toBeNull()
    expect(await falls()).toBe(1)

    const together = await start(raw, 10)
    await stop(raw, together, 19, { meterStop: 6_000 })
    expect(await energyOf(together)).toBe(5)
    await samples(together, sample(12, 5_000), sample(13, 2_000), sample(14, 2_500))
    expect(await energyOf(together)).toBeNull()
    expect(await falls()).toBe(2)

    const oneByOne = await start(raw, 20)
    await stop(raw, oneByOne, 29, { meterStop: 6_000 })
    for (const [minute, wh] of [
      [25, 2_500],
      [24, 2_000],
      [24, 2_000],
      [23, 5_000],
      [23, 5_000],
    ] as const) {
      await samples(oneByOne, sample(minute, wh))
    }
    expect(await energyOf(oneByOne)).toBeNull()
    expect(await falls()).toBe(3)

    const right = await start(raw, 30)
    await samples(right, sample(36, 5_000))
    await samples(right, sample(33, 2_000))
    await stop(raw, right, 39, { meterStop: 6_000 })
    await samples(right, sample(34, 3_000), sample(37, 5_500))
    await samples(right, sample(45, 6_050))
    expect(await energyOf(right)).toBe(5)
    expect(await falls()).toBe(3)

    // What comes with the stop may come late as well.
    for (const [index, early] of [
      [sample(41, 5_000), sample(42, 5_500)],
      [sample(41, 1_500), sample(44, 5_000)],
    ].entries()) {
      const from = 40 + index * 10
      const withStop = await start(raw, from)
      const later = (each: { timestamp: string }) => ({
        ...each,
        timestamp: new Date(Date.parse(each.timestamp) + index * 600_000).toISOString(),
      })
      await samples(withStop, sample(from + 3, 2_000), sample(from + 6, 2_500), sample(from + 7, 2_600))
      await stop(raw, withStop, from + 9, { meterStop: 7_000, transactionData: early.map(later) })
      expect(await energyOf(withStop)).toBeNull()
      expect(await falls()).toBe(4 + index)
    }
    const highest = await start(raw, 60)
    await samples(highest, sample(66, 9_000))
    await stop(raw, highest, 69, { meterStop: 6_000, transactionData: [sample(63, 2_000)] })
    expect(await energyOf(highest)).toBeNull()
    expect(await falls()).toBe(6)
  })

  test('whose register fell once more for a single reading has no figure after the first fall', async () => {
    const raw = await stator.bootedRaw('FELLTWICE')
    const transactionId = await start(raw, 0)
    for (const [index, wh] of [5_000, 100, 2_000, 7_000, 0, 7_500].entries()) {
      const meterValue = [{ timestamp: at(1 + index), sampledValue: [{ value: String(wh) }] }]
      await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    }
    await stop(raw, transactionId, 9, { meterStop: 8_000 })
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({ energyConsumed: null })
  })

  test('that reports each phase in a sample of its own may have a single odd reading, and standby energy after the stop', async () => {
    const raw = await stator.bootedRaw('ODDPHASES')
    const transactionId = await start(raw, 0, { meterStart: 3_000 })
    const phases = (minute: number, wh: number) =>
      raw.call('MeterValues', {
        connectorId: 1,
        transactionId,
        meterValue: ['L1', 'L2', 'L3'].map((phase) => ({
          timestamp: at(minute),
          sampledValue: [{ value: String(wh), phase }],
        })),
      })
    await phases(1, 2_000)
    await phases(2, 0)
    await phases(3, 2_500)
    await stop(raw, transactionId, 9, { meterStop: 9_000 })
    await phases(12, 3_100)
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({ energyConsumed: 6 })
  })

  test('whose meter falls within a transaction is noted once for each fall, and not for what comes late', async () => {
    const raw = await stator.bootedRaw('FELL')
    const transactionId = await start(raw, 0, { meterStart: 1_000 })
    const values = async (minute: number, value: string) => {
      const meterValue = [{ timestamp: at(minute), sampledValue: [{ value }] }]
      await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    }
    for (const [minute, value] of [
      [5, '9000'],
      [4, '7000'],
      [6, '8999'],
      [10, '50'],
      [11, '60'],
      [10, '50'],
    ] as const) {
      await values(minute, value)
    }
    expect(await kindsOf('FELL')).toEqual(['registerFell'])
    await stop(raw, transactionId, 15, { meterStop: 4_000 })
    expect(await kindsOf('FELL')).toEqual(['registerFell'])
    const next = await start(raw, 20, { meterStart: 4_000 })
    await stop(raw, next, 25, { meterStop: 3_000 })
    expect(await kindsOf('FELL')).toEqual(['registerFell', 'meterBackwards'])
  })

  test('whose meter was set back by a reboot in the middle of a transaction is noted', async () => {
    const raw = await stator.bootedRaw('REBOOT')
    const transactionId = await start(raw, 0, { meterStart: 0 })
    const values = (from: RawChargePoint, minute: number, value: string) =>
      from.call('MeterValues', {
        connectorId: 1,
        transactionId,
        meterValue: [
          { timestamp: at(minute), sampledValue: [{ value }, { value: '0', context: 'Transaction.Begin' }] },
        ],
      })
    await values(raw, 5, '5000')
    const again = await stator.raw('REBOOT')
    await values(again, 4, '4000')
    expect(await kindsOf('REBOOT')).toEqual([])
    await values(again, 10, '50')
    expect(await kindsOf('REBOOT')).toEqual(['registerFell'])
    const third = await stator.raw('REBOOT')
    await stop(third, transactionId, 15, { meterStop: 40 })
    expect(await kindsOf('REBOOT')).toEqual(['registerFell', 'registerFell'])
  })

  test('that stops below the last register of its transaction, and above the start, is noted', async () => {
    const raw = await stator.bootedRaw('FELLATEND')
    const transactionId = await start(raw, 0, { meterStart: 1_000 })
    const meterValue = [{ timestamp: at(5), sampledValue: [{ value: '9000' }] }]
    await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })
    await stop(raw, transactionId, 10, { meterStop: 8_000 })
    expect(await kindsOf('FELLATEND')).toEqual(['registerFell'])
  })
})
