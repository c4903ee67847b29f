import { describe, expect, test } from 'bun:test'
import { meterColumns, transactionRef } from '../../../src/csms/meter-block.ts'
import { energyWh } from '../../../src/csms/metering.ts'
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
        return [column.name, JSON.parse(new TextDecoder().decode(body.subarray(at + 4, at + 4 + length)))]
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

  test('phases are summed, the largest current counts, voltages are averaged, and a total goes before its phases', () => {
    const phases = (measurand: string, ...values: number[]) =>
      values.map((value, index) => ({ value: String(value), measurand, phase: `L${index + 1}` }))
    expect(samples(...phases('Power.Active.Import', 1000, 2000, 3000))?.power_w).toBe(6000)
    expect(samples(...phases('Current.Import', 6, 16, 10))?.current_a).toBe(16)
    expect(samples(...phases('Voltage', 228, 230, 232))?.voltage_v).toBe(230)
    expect(
      samples({ value: '5', measurand: 'Power.Active.Import' }, ...phases('Power.Active.Import', 1, 2))?.power_w,
    ).toBe(5)
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
    expect(ranges[699]).toEqual({ from: 699, to: 700 })
    expect(rows[699]?.energy_wh).toBe(699)
    expect(rows[699]?.meter_value).toEqual(payloads[699]?.meterValue[0] ?? {})
  })

  test('an open block takes rows until somebody looks into it; later ones are in the next', () => {
    const columns = new MeterColumns()
    const add = (value: string) => {
      const payload = { connectorId: 1, meterValue: [{ timestamp, sampledValue: [{ value }] }] }
      const range = columns.add(payload, payload, frame)
      return { range, block: columns.open }
    }
    const [first, second] = [add('1'), add('2')]
    expect(second.block).toBe(first.block)
    expect([first.range, second.range]).toEqual([
      { from: 0, to: 1 },
      { from: 1, to: 2 },
    ])
    expect(decode(first.block).map((row) => row['energy_wh'])).toEqual([1, 2])
    const third = add('3')
    expect(third.range).toEqual({ from: 0, to: 1 })
    expect(columns.finish().rows).toBe(1)
    expect(decode(third.block).map((row) => row['energy_wh'])).toEqual([3])
    expect(decode(first.block).map((row) => row['energy_wh'])).toEqual([1, 2])
  })

  test('the same element has the same digest, another one another', () => {
    const digest = (value: string) => samples({ value })?.digest
    expect(digest('1')).toBe(digest('1'))
    expect(digest('1')).not.toBe(digest('2'))
  })

  test('years before 2000 and times that are none do not break the columns', () => {
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

  test('the first and the last register of a range are read back from the columns', () => {
    const columns = new MeterColumns()
    const other = { connectorId: 4, meterValue: [{ timestamp, sampledValue: [{ value: '1' }] }] }
    const registers = [{ measurand: 'Voltage', value: '230' }, { value: '10' }, { value: '20' }]
    const stop = {
      transactionId: 9,
      transactionData: registers.map((sample) => ({ timestamp, sampledValue: [sample] })),
    }
    columns.add(other, other, frame)
    const range = columns.add(stop, stop, frame)
    if (range === null) throw new Error('the stop had no rows')
    const rows = { block: columns.finish(), ...range }
    expect(energyWh(rows, 'first')).toBe(10)
    expect(energyWh(rows, 'last')).toBe(20)
    expect(energyWh(null, 'last')).toBeNull()
  })
})
