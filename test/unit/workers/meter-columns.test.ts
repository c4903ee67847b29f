import { describe, expect, test } from 'bun:test'
import { meterColumns, transactionRef } from '../../../src/blocks/meter-block.ts'
import { unpackedText } from '../../../src/store/meter-text.ts'
import { MeterColumns } from '../../../src/workers/meter-columns.ts'

const frame = { chargePointKey: 7, receivedAtMs: Date.UTC(2026, 0, 1) }
const timestamp = '2025-12-26T12:15:00Z'

/** The rows of a block, decoded again by hand. */
function decode(block: ReturnType<MeterColumns['finish']>): Record<string, unknown>[] {
  return Array.from({ length: block.rows }, (_, row) =>
    Object.fromEntries(
      meterColumns.map((column, index) => {
        const body = block.columns[index] ?? new Uint8Array()
        const at = column.bytes === null ? (block.offsets[row] ?? 0) : row * (4 + column.bytes)
        const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
        const length = view.getInt32(at)
        if (column.bytes !== null) expect(length).toBe(column.bytes)
        if (column.type === 'int2') return [column.name, view.getInt16(at + 4)]
        if (column.type === 'int4') return [column.name, view.getInt32(at + 4)]
        if (column.type === 'int8') return [column.name, view.getBigInt64(at + 4)]
        if (column.type === 'float8') return [column.name, view.getFloat64(at + 4)]
        if (column.type === 'timestamptz') {
          return [column.name, Number(view.getBigInt64(at + 4)) / 1000 + Date.UTC(2000, 0, 1)]
        }
        const text = new TextDecoder().decode(body.subarray(at + 4, at + 4 + length))
        return [column.name, JSON.parse(text < ' ' ? unpackedText(text) : text)]
      }),
    ),
  )
}

function rowsOf(payload: Record<string, unknown>): Record<string, unknown>[] {
  const columns = new MeterColumns()
  columns.add(payload, payload, frame)
  return decode(columns.finish())
}

const samples = (...sampledValue: unknown[]) => rowsOf({ connectorId: 1, meterValue: [{ timestamp, sampledValue }] })[0]

describe('meter columns', () => {
  test('a meter value of the seed becomes one row, with the element as sent beside its figures', () => {
    const meterValue = {
      timestamp,
      sampledValue: [
        {
          value: '5000',
          context: 'Sample.Periodic',
          format: 'Raw',
          measurand: 'Energy.Active.Import.Register',
          unit: 'Wh',
        },
        { value: '16.5', measurand: 'Current.Import', unit: 'A' },
        { value: '230.5', measurand: 'Voltage', unit: 'V' },
      ],
    }
    expect(rowsOf({ connectorId: 1, transactionId: 12345, meterValue: [meterValue] })).toEqual([
      {
        charge_point_id: 7,
        transaction_ref: 12345n,
        sampled_at: Date.parse(timestamp),
        evse_id: 1,
        connector_id: 1,
        digest: expect.any(BigInt),
        received_at: frame.receivedAtMs,
        energy_wh: 5000,
        power_w: Number.NaN,
        current_a: 16.5,
        voltage_v: 230.5,
        soc_percent: Number.NaN,
        meter_value: meterValue,
      },
    ])
  })

  test.each([
    ['kilowatt-hours become watt-hours', { value: '1.5', unit: 'kWh' }, 'energy_wh', 1500],
    ['the last watt-hour is not a fraction', { value: '2081.892', unit: 'kWh' }, 'energy_wh', 2_081_892],
    ['no measurand means the energy register, no unit means Wh', { value: '7' }, 'energy_wh', 7],
    [
      'a 2.x multiplier counts',
      { value: 3.2, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W', multiplier: 3 } },
      'power_w',
      3200,
    ],
    [
      'the state of charge is taken at the EV',
      { value: '80', measurand: 'SoC', location: 'EV', unit: 'Percent' },
      'soc_percent',
      80,
    ],
    ['signed data is no figure', { value: 'AABB', format: 'SignedData' }, 'energy_wh', Number.NaN],
    ['an empty value is no figure', { value: '' }, 'energy_wh', Number.NaN],
    ['a figure without end is none', { value: '1e400' }, 'energy_wh', Number.NaN],
    ['an unknown unit is no figure', { value: '50', unit: 'Hz' }, 'energy_wh', Number.NaN],
    ['a register of the grid side is not the outlet', { value: '9', location: 'Inlet' }, 'energy_wh', Number.NaN],
  ])('%s', (_name, sample, column, value) => {
    expect(samples(sample)?.[column]).toBe(value)
  })

  test('phases are summed, the largest current counts, voltages are averaged, and a total takes precedence over its phases', () => {
    const phases = (measurand: string, ...values: number[]) =>
      values.map((value, index) => ({ value: String(value), measurand, phase: `L${index + 1}` }))
    expect(samples(...phases('Power.Active.Import', 1000, 2000, 3000))?.power_w).toBe(6000)
    expect(samples(...phases('Current.Import', 6, 16, 10))?.current_a).toBe(16)
    expect(samples(...phases('Voltage', 228, 230, 232))?.voltage_v).toBe(230)
    expect(
      samples({ value: '5', measurand: 'Power.Active.Import' }, ...phases('Power.Active.Import', 1, 2))?.power_w,
    ).toBe(5)
  })

  test('a unit is read in any letter case, and with spaces', () => {
    const figures = [
      ['energy_wh', { value: '1.5', unit: 'kwh' }, 1500],
      ['energy_wh', { value: '7', unit: ' W h' }, 7],
      ['energy_wh', { value: 7, unitOfMeasure: { unit: 'KWH' } }, 7000],
      ['power_w', { value: '11', measurand: 'Power.Active.Import', unit: 'kw' }, 11_000],
      ['current_a', { value: '16', measurand: 'Current.Import', unit: 'a' }, 16],
      ['voltage_v', { value: '230', measurand: 'Voltage', unit: 'v' }, 230],
      ['soc_percent', { value: '80', measurand: 'SoC', unit: 'PERCENT' }, 80],
    ] as const
    for (const [column, sample, figure] of figures) expect(samples(sample)?.[column]).toBe(figure)
  })

  test('a number may have a decimal comma or spaces; energy that can be read in two ways has no figure', () => {
    expect(samples({ value: '16,5', measurand: 'Current.Import' })?.current_a).toBe(16.5)
    expect(samples({ value: '230. 5', measurand: 'Voltage' })?.voltage_v).toBe(230.5)
    expect(samples({ value: '12,5', unit: 'kWh' })?.energy_wh).toBe(12_500)
    const odd = samples({ value: '12,345', unit: 'kWh' })
    expect(odd?.energy_wh).toBeNaN()
    expect(odd?.meter_value).toEqual({ timestamp, sampledValue: [{ value: '12,345', unit: 'kWh' }] })
  })

  test('rows and texts of any number and length keep their places', () => {
    const columns = new MeterColumns()
    const payloads = Array.from({ length: 700 }, (_, index) => ({
      connectorId: 2,
      meterValue: [{ timestamp, sampledValue: [{ value: String(index) }], note: 'é'.repeat(index) }],
    }))
    const ranges = payloads.map((payload) => columns.add(payload, payload, frame))
    const rows = decode(columns.finish())
    expect(rows).toHaveLength(700)
    expect(ranges[699]).toMatchObject({ from: 699, to: 700 })
    expect(rows[699]?.energy_wh).toBe(699)
    expect(rows[699]?.meter_value).toEqual(payloads[699]?.meterValue[0] ?? {})
  })

  test('an open block takes rows until it is read; later rows are in the next one', () => {
    const columns = new MeterColumns()
    const add = (value: string) => {
      const payload = { connectorId: 1, meterValue: [{ timestamp, sampledValue: [{ value }] }] }
      const range = columns.add(payload, payload, frame)
      return { range, block: columns.open }
    }
    const [first, second] = [add('1'), add('2')]
    expect(second.block).toBe(first.block)
    expect([first.range, second.range]).toMatchObject([
      { from: 0, to: 1 },
      { from: 1, to: 2 },
    ])
    expect(decode(first.block).map((row) => row['energy_wh'])).toEqual([1, 2])
    const third = add('3')
    expect(third.range).toMatchObject({ from: 0, to: 1 })
    expect(columns.finish().rows).toBe(1)
    expect(decode(third.block).map((row) => row['energy_wh'])).toEqual([3])
    expect(decode(first.block).map((row) => row['energy_wh'])).toEqual([1, 2])
  })

  test('the meter values of a frame arrive a microsecond after one another, in the order of the list', () => {
    const meterValue = Array.from({ length: 1_500 }, (_, index) => ({
      timestamp,
      sampledValue: [{ value: String(index) }],
    }))
    const rows = rowsOf({ connectorId: 1, meterValue })
    const microseconds = rows.map((row) => Math.round((Number(row['received_at']) - frame.receivedAtMs) * 1_000))
    expect(microseconds).toEqual(meterValue.map((_, index) => index))
  })

  test('the same element has the same digest, another one another', () => {
    const digest = (value: string) => samples({ value })?.digest
    expect(digest('1')).toBe(digest('1'))
    expect(digest('1')).not.toBe(digest('2'))
  })

  test('years before 2000 and invalid times do not break the columns', () => {
    const at = (text: string) =>
      rowsOf({ connectorId: 1, meterValue: [{ timestamp: text, sampledValue: [] }] })[0]?.sampled_at
    expect(at('1970-01-01T00:00:00Z')).toBe(0)
    expect(at('garbage')).toBe(frame.receivedAtMs)
  })

  test('2.x transactions have references of their own, which no transactionId can meet', () => {
    const ref = rowsOf({
      evse: { id: 3 },
      transactionInfo: { transactionId: 'T-1' },
      meterValue: [{ timestamp, sampledValue: [] }],
    })[0]
    expect(ref?.transaction_ref).toBe(transactionRef('T-1'))
    expect(transactionRef('T-1')).toBeLessThan(0n)
    expect(ref).toMatchObject({ evse_id: 3, connector_id: 1 })
  })
})

describe('samples of one measurand in several contexts', () => {
  const register = (value: string, context?: string, more: object = {}) => ({ value, context, ...more })

  test.each([
    ['Sample.Periodic', 'Transaction.Begin'],
    ['Sample.Periodic', 'Transaction.End'],
    [undefined, 'Transaction.Begin'],
    [undefined, 'Sample.Clock'],
    ['Sample.Periodic', 'Sample.Clock'],
    ['Sample.Clock', 'Transaction.Begin'],
    ['Sample.Clock', 'Trigger'],
    ['Sample.Whenever', 'Transaction.Begin'],
    ['Trigger', 'Transaction.Begin'],
    ['Other', 'Transaction.End'],
    ['Transaction.End', 'Transaction.Begin'],
    ['Transaction.End', 'Interruption.Begin'],
    ['Interruption.End', 'Interruption.Begin'],
  ])('%p goes before %p, wherever it stands', (context, other) => {
    const [wanted, unwanted] = [register('203', context), register('7', other)]
    expect(samples(wanted, unwanted)?.energy_wh).toBe(203)
    expect(samples(unwanted, wanted)?.energy_wh).toBe(203)
  })

  test('are not added up: the phases of one context count', () => {
    const phases = (value: string, context: string) =>
      ['L1', 'L2'].map((phase) => register(value, context, { phase, unit: 'Wh' }))
    const all = [...phases('100', 'Transaction.Begin'), ...phases('300', 'Transaction.End')]
    expect(samples(...all)?.energy_wh).toBe(600)
    expect(samples(...all.toReversed())?.energy_wh).toBe(600)
    expect(samples(...all, register('900', 'Transaction.Begin'))?.energy_wh).toBe(600)
  })

  test('are chosen for each measurand alone, among those that can be read', () => {
    const row = samples(
      register('', 'Sample.Periodic'),
      register('5', 'Transaction.Begin'),
      register('10', 'Sample.Periodic', { measurand: 'Current.Import' }),
      register('16', 'Transaction.Begin', { measurand: 'Current.Import' }),
      register('230', 'Transaction.Begin', { measurand: 'Voltage' }),
    )
    expect(row).toMatchObject({ energy_wh: 5, current_a: 10, voltage_v: 230 })
  })

  test('do not leak into the next meter value', () => {
    const rows = rowsOf({
      connectorId: 1,
      meterValue: [
        { timestamp, sampledValue: [register('1', undefined, { phase: 'L1' })] },
        { timestamp, sampledValue: [register('2', 'Transaction.Begin', { phase: 'L2' })] },
      ],
    })
    expect(rows.map((row) => row['energy_wh'])).toEqual([1, 2])
  })
})

describe('phases', () => {
  const volts = (...values: string[]) =>
    values.map((value, index) => ({ value, measurand: 'Voltage', phase: `L${index + 1}-N` }))

  test('whose voltage is less than half of the highest are not in use, and are not averaged in', () => {
    expect(samples(...volts('229.9', '0.00', '0.00'))?.voltage_v).toBe(229.9)
    expect(samples(...volts('230', '114', '232'))?.voltage_v).toBe(231)
    expect(samples(...volts('230', '115', '230'))?.voltage_v).toBeCloseTo(191.67, 1)
    expect(samples(...volts('0', '0', '0'))?.voltage_v).toBe(0)
  })

  test('that come twice in one context count once', () => {
    const energy = (value: string, phase: string) => ({ value, phase, context: 'Sample.Clock' })
    expect(samples(energy('100', 'L1'), energy('100', 'L1'), energy('50', 'L2'))?.energy_wh).toBe(150)
    expect(samples(energy('100', 'L1'), energy('100', 'L1-N'))?.energy_wh).toBe(100)
  })

  test('are the three of the grid: the neutral is not one', () => {
    const amps = (value: string, phase: string) => ({ value, phase, measurand: 'Current.Import' })
    expect(samples(amps('6', 'L1'), amps('9', 'N'))?.current_a).toBe(6)
    const neutral = { value: '3', phase: 'N', measurand: 'Voltage' }
    expect(samples(...volts('230'), neutral)?.voltage_v).toBe(230)
  })
})

describe('the energy registers of a frame', () => {
  const at = (minute: number, value: string, context?: string) => ({
    timestamp: `2025-12-26T12:${String(minute).padStart(2, '0')}:00Z`,
    sampledValue: [{ value, context }],
  })
  const registersOf = (...meterValue: unknown[]) => {
    const payload = { connectorId: 1, meterValue }
    return new MeterColumns().add(payload, payload, frame)?.registers
  }

  test('are found by context and time, in whatever order they are listed', () => {
    const listed = [
      at(30, '9000', 'Transaction.End'),
      at(0, '1000', 'Transaction.Begin'),
      at(15, '4000', 'Sample.Periodic'),
    ]
    const registers = {
      ...{ begin: 1000, end: 9000, first: 1000, last: 9000, lastAtMs: Date.UTC(2025, 11, 26, 12, 30) },
      ...{ earlier: { wh: 4000, atMs: Date.UTC(2025, 11, 26, 12, 15) }, fall: null },
    }
    expect(registersOf(...listed)).toEqual(registers)
    expect(registersOf(...listed.toReversed())).toEqual(registers)
    expect(registersOf(at(20, '3'), at(10, '2'), at(5, '1'))).toMatchObject({
      begin: null,
      end: null,
      first: 1,
      last: 3,
      lastAtMs: Date.UTC(2025, 11, 26, 12, 20),
    })
  })

  test('of one meter value are found by context, although its row shows one of them', () => {
    const sampledValue = [
      { value: '5', context: 'Transaction.Begin' },
      { value: '7', context: 'Sample.Periodic' },
      { value: '9', context: 'Transaction.End' },
    ]
    expect(registersOf({ timestamp, sampledValue })).toMatchObject({ begin: 5, end: 9, first: 7, last: 7 })
  })

  test('have none from a later time if only the begin is repeated', () => {
    expect(registersOf(at(30, '1000', 'Transaction.Begin'))).toEqual({
      begin: 1000,
      end: null,
      first: 1000,
      last: null,
      lastAtMs: null,
      earlier: null,
      fall: null,
    })
    expect(registersOf(at(30, '1000', 'Transaction.Begin'), at(20, '4000'))).toMatchObject({ begin: 1000, last: 4000 })
  })

  test('show where one fell, in whatever order they are listed, and a single odd reading is no fall', () => {
    const atMs = (minute: number) => Date.UTC(2025, 11, 26, 12, minute)
    const fallOf = (...values: number[]) => {
      const listed = values.map((value, index) => at(index, String(value)))
      expect(registersOf(...listed.toReversed())?.fall).toEqual(registersOf(...listed)?.fall ?? null)
      return registersOf(...listed)?.fall
    }
    expect(fallOf(1_000, 5_000, 200, 300, 6_000)).toEqual({ fromWh: 5_000, toWh: 200, atMs: atMs(2) })
    expect(fallOf(1_000, 5_000, 200)).toEqual({ fromWh: 5_000, toWh: 200, atMs: atMs(2) })
    expect(fallOf(1_000, 5_000, 0, 5_100, 5_200)).toBeNull()
    expect(fallOf(1_000, 5_000, 4_999, 4_999)).toBeNull()
    const phases = ['L1', 'L2'].flatMap((phase) =>
      [0, 1].map((minute) => ({ ...at(minute, ''), sampledValue: [{ value: String(500 + minute), phase }] })),
    )
    expect(registersOf(...phases.toSorted((a, b) => a.timestamp.localeCompare(b.timestamp)))?.fall).toBeNull()
  })

  test('with one time are taken in the order of the list', () => {
    expect(registersOf(at(0, '10'), at(0, '20'))).toMatchObject({ first: 10, last: 20 })
  })

  test('leave out meter values without one, and are null when there is none', () => {
    const volts = { timestamp: '2025-12-26T13:00:00Z', sampledValue: [{ value: '230', measurand: 'Voltage' }] }
    expect(registersOf(volts, at(0, '10'))).toMatchObject({ begin: null, end: null, first: 10, last: 10 })
    expect(registersOf(volts)).toEqual({
      ...{ begin: null, end: null, first: null, last: null, lastAtMs: null },
      ...{ earlier: null, fall: null },
    })
  })

  test('of phases that are reported one by one are added up, and a total beside them takes precedence', () => {
    const phase = (value: string, name: string, context?: string) => ({
      timestamp,
      sampledValue: [{ value, phase: name, context }],
    })
    const phases = [phase('100', 'L1'), phase('200', 'L2'), phase('300', 'L3')]
    expect(registersOf(...phases)).toMatchObject({ first: 600, last: 600 })
    expect(registersOf({ timestamp, sampledValue: [{ value: '601' }] }, ...phases)).toMatchObject({
      first: 601,
      last: 601,
    })
    expect(registersOf(phase('10', 'L1', 'Transaction.Begin'), phase('20', 'L2', 'Transaction.Begin'))).toMatchObject({
      begin: 30,
    })
    expect(
      registersOf(phase('10', 'L1'), at(20, '50'), { ...phase('30', 'L1'), timestamp: '2025-12-26T12:30:00Z' }),
    ).toMatchObject({ first: 10, last: 30 })
  })

  test('without a usable time have that of their message, and none if that has none', () => {
    const sampledValue = [{ value: '7' }]
    const arrived = new Date(frame.receivedAtMs).toISOString()
    const sent = { timestamp, transactionData: [{ sampledValue }, { timestamp: '2025-12-26T10:00:00', sampledValue }] }
    const served = {
      timestamp,
      transactionData: [
        { timestamp: arrived, sampledValue },
        { timestamp: '2025-12-26T10:00:00.000Z', sampledValue },
      ],
    }
    const columns = new MeterColumns()
    expect(columns.add(served, sent, frame)?.registers.lastAtMs).toBe(Date.parse(timestamp))
    expect(columns.add(served, sent, frame, true)?.registers.lastAtMs).toBe(frame.receivedAtMs)
  })

  test('are those of this frame alone', () => {
    const columns = new MeterColumns()
    const add = (value: unknown) => {
      const payload = { connectorId: 1, meterValue: [value] }
      return columns.add(payload, payload, frame)?.registers
    }
    add(at(0, '1', 'Transaction.Begin'))
    expect(add(at(5, '2'))).toMatchObject({ begin: null, end: null, first: 2, last: 2 })
  })
})
