import { expect, test } from 'bun:test'
import { nextPartOf } from '../../../../src/blocks/provisioning/report-messages.ts'
import type { KnownReport } from '../../../../src/blocks/provisioning/report-parts.ts'
import { arrivalMs, known } from '../../../support/known.ts'

/** The words about a whole report that each of these parts stores. */
function wordsOf(
  ...parts: readonly (readonly [tbc: boolean, isCut?: boolean, wasRefusedBefore?: boolean])[]
): readonly number[] {
  let report: KnownReport | null = null
  return parts.map(([tbc, isCut = false, wasRefusedBefore = false], at) => {
    const now = known({ report, wasRefusedBefore, receivedAtMs: arrivalMs + at })
    const changes = nextPartOf('chargingProfiles', { requestId: 1, tbc }, isCut, now)
    for (const change of changes)
      if (change.table === 'deviceReports' && 'row' in change) report = change.row as KnownReport
    return changes.filter(({ table }) => table === 'wholeReports').length
  })
}

test('a report without numbers is whole with its last part, in the order in which parts come', () => {
  expect(wordsOf([false])).toEqual([1])
  expect(wordsOf([true], [true], [false])).toEqual([0, 0, 1])
})

test('a last part that comes again changes nothing, and another report may follow under the same id', () => {
  expect(wordsOf([true], [false], [false])).toEqual([0, 1, 0])
  expect(wordsOf([false], [true], [false])).toEqual([1, 0, 1])
})

test('a report of which not all is stored is never whole', () => {
  expect(wordsOf([true, true], [false])).toEqual([0, 0])
  expect(wordsOf([false, true])).toEqual([0])
})

test('a report of which a part may have been refused is never whole', () => {
  expect(wordsOf([true], [false, false, true])).toEqual([0, 0])
  expect(wordsOf([false, false, true])).toEqual([0])
})
