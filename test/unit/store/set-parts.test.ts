// Which parts a large change set is cut into: nothing may be lost by it, and nothing may move that a resend could store twice.

import { describe, expect, test } from 'bun:test'
import { partBytesMax, partRowsMax } from '../../../src/base/limits.ts'
import type { ChangeSet } from '../../../src/blocks/decision.ts'
import { isOf } from '../../../src/blocks/stored-rows.ts'
import { bulkRowsOf, partsOf } from '../../../src/store/set-parts.ts'
import { chargePointEvent, connectorStatus, sample, startFact, variable } from '../../support/changes.ts'
import { arrivalMs, changeSet, meterRows } from '../../support/store.ts'
import { meterRowsOf } from '../../simulation/meter-rows.ts'

function timeOf(second: number): string {
  return new Date(arrivalMs - 86_400_000 + second * 1_000).toISOString()
}

function samples(count: number, value = '1'): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, second) => sample(timeOf(second), value))
}

function meterSet(meterValue: readonly unknown[], parts: Partial<ChangeSet> = {}): ChangeSet {
  const bytes = JSON.stringify(meterValue).length
  return changeSet(1, { meter: meterRows(1, { connectorId: 1, meterValue }), bytes, ...parts })
}

/** What stands in the meter values of the sets, in order. */
function valuesIn(sets: readonly ChangeSet[]): string[] {
  return sets.flatMap(({ meter }) => (meter === null ? [] : meterRowsOf(meter, undefined).map((row) => row.meterValue)))
}

function rowsOfEach(sets: readonly ChangeSet[]): number[] {
  return sets.map(({ meter }) => (meter === null ? 0 : meter.to - meter.from))
}

function bytesOf(sets: readonly ChangeSet[]): number {
  return sets.reduce((bytes, set) => bytes + set.bytes, 0)
}

describe('a change set', () => {
  test('that is not large is its only part', () => {
    const set = meterSet(samples(partRowsMax), { fact: startFact(1) })
    expect(partsOf(set)).toEqual([set])
    const report = changeSet(1, { changes: Array.from({ length: partRowsMax / 2 }, (_, n) => variable(`V${n}`, '1')) })
    expect(partsOf(report)).toEqual([report])
  })

  test('with many meter values is cut into slices of them, and everything else stays together at the end', () => {
    const changes = [connectorStatus(1, 'Charging'), chargePointEvent('DataTransfer', null)]
    const rest = { changes, fact: startFact(1), anomalies: [{ kind: 'quirk' as const, detail: {} }], answer: { a: 1 } }
    const set = meterSet(samples(2 * partRowsMax + 500), { ...rest, meterPlace: { isOfNoTransaction: true } })
    const parts = partsOf(set)
    expect(rowsOfEach(parts)).toEqual([partRowsMax, partRowsMax, 500])
    expect(valuesIn(parts)).toEqual(valuesIn([set]))
    expect(parts.at(-1)).toMatchObject(rest)
    for (const part of parts.slice(0, -1)) {
      expect(part).toMatchObject({ fact: undefined, answer: {}, changes: [], anomalies: [] })
    }
    for (const part of parts) {
      expect(part).toMatchObject({ messageId: set.messageId, meterPlace: { isOfNoTransaction: true } })
    }
    expect(bytesOf(parts)).toBe(set.bytes)
  })

  test('with many variables is cut into slices of them, in their order', () => {
    const boots = [chargePointEvent('BootNotification', null), connectorStatus(1, 'Available')]
    const variables = Array.from({ length: partRowsMax }, (_, n) => variable(`V${n}`, String(n)))
    const set = changeSet(1, { changes: [...boots, ...variables], bytes: 300 * partRowsMax })
    const parts = partsOf(set)
    expect(parts.map(bulkRowsOf)).toEqual([partRowsMax, partRowsMax])
    const last = parts.at(-1)?.changes ?? []
    expect(last.slice(0, boots.length)).toEqual(boots)
    expect([...(parts[0]?.changes ?? []), ...last.slice(boots.length)]).toEqual(variables)
    expect(bytesOf(parts)).toBe(set.bytes)
  })

  test('with few rows of many bytes is cut by bytes; a row that is larger than a part stands alone', () => {
    const third = 'x'.repeat(partBytesMax / 3)
    const meter = meterSet([...samples(1, 'x'.repeat(partBytesMax + 9)), ...samples(7, third).slice(1)])
    const parts = partsOf(meter)
    expect(rowsOfEach(parts)[0]).toBe(1)
    expect(valuesIn(parts)).toEqual(valuesIn([meter]))
    for (const part of parts.slice(1)) expect(valuesIn([part]).join('').length).toBeLessThanOrEqual(partBytesMax)

    const changes = [variable('Small', '1'), variable('Huge', 'x'.repeat(partBytesMax)), variable('Other', '1')]
    const names = partsOf(changeSet(1, { changes, bytes: partBytesMax + 900 })).map((part) =>
      part.changes.map((change) => (isOf('variables', change) ? change.row.variableName : '')),
    )
    expect(names).toEqual([['Small'], ['Huge'], ['Other']])
  })

  test('with a fact keeps values without a time with the fact, whose key recognises a resend', () => {
    const withoutTime = { sampledValue: [{ value: '1' }] }
    const values = [...samples(1_500), withoutTime, ...samples(1_500)]
    const withFact = meterSet(values, { fact: startFact(1) })
    expect(rowsOfEach(partsOf(withFact))).toEqual([partRowsMax, 500, 1_501])
    expect(valuesIn(partsOf(withFact))).toEqual(valuesIn([withFact]))
    expect(rowsOfEach(partsOf(meterSet(values)))).toEqual([partRowsMax, partRowsMax, partRowsMax, 1])
    const placed = meterSet(values, { meterPlace: { place: 7 } })
    expect(rowsOfEach(partsOf(placed))).toEqual(rowsOfEach(partsOf(withFact)))
    const allWithoutTime = meterSet(
      Array.from({ length: 3_000 }, () => withoutTime),
      { fact: startFact(1) },
    )
    expect(partsOf(allWithoutTime)).toEqual([allWithoutTime])
  })
})
