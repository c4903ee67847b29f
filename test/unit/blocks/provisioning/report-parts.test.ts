// Reports in parts: which parts have come, in whatever order and however often, and which are missing.

import { describe, expect, test } from 'bun:test'
import {
  type KnownReport,
  missingParts,
  reportStatus,
  withPart,
} from '../../../../src/blocks/provisioning/report-parts.ts'
import { reportRangesMax } from '../../../../src/base/limits.ts'

const kind = 'variables'

/** A report after these parts; a part is its number, the last one has `tbc: false`. */
function after(parts: readonly number[], last: number | null, known: KnownReport | null = null, atMs = 1): KnownReport {
  let report = known
  for (const seqNo of parts) {
    const part = { kind, requestId: 7, seqNo, tbc: seqNo !== last, generatedAtMs: atMs, receivedAtMs: atMs } as const
    report = withPart(report, part)
  }
  if (report === null) throw new Error('No part was given.')
  return report
}

describe('a report in parts', () => {
  test.each([
    [[0, 1, 2], 2, [], 'Complete'],
    [[2, 0, 1], 2, [], 'Complete'],
    [[0, 0, 1, 1], 1, [], 'Complete'],
    [[0, 1], null, [], 'Receiving'],
    [[0, 3], null, [[1, 2]], 'Receiving'],
    [
      [0, 2, 5],
      5,
      [
        [1, 1],
        [3, 4],
      ],
      'PartsMissing',
    ],
    [[1], 1, [[0, 0]], 'PartsMissing'],
  ] as const)('of the parts %p, the last is %p, misses %p', (parts, last, missing, status) => {
    const report = after(parts, last)
    expect(missingParts(report)).toEqual(missing.map(([from, to]) => [from, to] as const))
    expect(reportStatus(report)).toBe(status)
  })

  test('begins anew with a part that it has, and that was generated later; a resend changes nothing', () => {
    const whole = after([0, 1], 1)
    expect(after([1], 1, whole)).toEqual(whole)
    const again = after([0], null, whole, 2)
    expect([again.parts, again.lastSeqNo, again.beganAtMs, reportStatus(again)]).toEqual([
      [[0, 0]],
      null,
      2,
      'Receiving',
    ])
  })

  test('keeps a limited number of ranges: what is beyond counts as missing', () => {
    const parts = Array.from({ length: reportRangesMax + 10 }, (_, at) => at * 2)
    expect(after(parts, null).parts).toHaveLength(reportRangesMax)
    // A gap that is closed makes room.
    expect(after([1, 400], null, after(parts, null)).parts).toHaveLength(reportRangesMax)
  })
})
