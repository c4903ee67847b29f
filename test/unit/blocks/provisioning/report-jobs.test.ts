// What the answer to GetConfiguration means for the job of a report.

import { expect, test } from 'bun:test'
import { jobDetailItemsMax, jobTextCharactersMax } from '../../../../src/base/limits.ts'
import { baseReport } from '../../../../src/blocks/provisioning/report-jobs.ts'

test('of the keys that a charge point does not know the first are shown with the job, each cut', () => {
  const detailOf = (unknownKey: unknown) => baseReport.answered('1.6', { unknownKey }, {})?.detail
  const many = Array.from({ length: jobDetailItemsMax + 1 }, (_, at) => `Key${at}`)
  const long = 'x'.repeat(jobTextCharactersMax + 1)
  expect(detailOf(many)).toEqual({ unknownKey: many.slice(0, jobDetailItemsMax) })
  expect(detailOf([long, 7])).toEqual({ unknownKey: [long.slice(1)] })
  expect(detailOf([])).toBeUndefined()
})

test('of the keys that were asked for those that are not in the answer are unknown, also if it has all others', () => {
  const answer = {
    configurationKey: [
      { key: 'a', readonly: false },
      { key: 'B', readonly: true },
    ],
  }
  expect(baseReport.answered('1.6', answer, { key: ['A', 'c'] })?.detail).toEqual({ unknownKey: ['c'] })
})
