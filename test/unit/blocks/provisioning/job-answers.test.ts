// What the answers of charge points are shown with their jobs: no more of a long list than its first entries.

import { expect, test } from 'bun:test'
import { jobDetailItemsMax, jobTextCharactersMax } from '../../../../src/base/limits.ts'
import { baseReport } from '../../../../src/blocks/provisioning/report-jobs.ts'
import { variablesSet } from '../../../../src/blocks/provisioning/variables-job.ts'

const many = Array.from({ length: jobDetailItemsMax + 1 }, (_, at) => `Key${at}`)
const long = 'x'.repeat(jobTextCharactersMax + 1)

test('of the keys that a charge point does not know the first are shown, each cut', () => {
  const detailOf = (unknownKey: unknown) => baseReport.answered('1.6', { unknownKey })?.detail
  expect(detailOf(many)).toEqual({ unknownKey: many.slice(0, jobDetailItemsMax) })
  expect(detailOf([long, 7])).toEqual({ unknownKey: [long.slice(1)] })
  expect(detailOf([])).toBeUndefined()
})

test('of the results of variables the first are shown, each cut; all of them count', () => {
  const resultOf = (name: string, attributeStatus = 'Accepted') => ({
    ...{ component: { name: 'C' }, variable: { name } },
    attributeStatus,
  })
  const setVariableResult = [resultOf(long), ...many.slice(2).map((name) => resultOf(name)), resultOf('V', 'Rejected')]
  const answer = variablesSet.answered('2.0.1', { setVariableResult })
  const shown = [`C.${long}`.slice(0, jobTextCharactersMax), ...many.slice(2).map((name) => `C.${name}`)]
  const results = shown.slice(0, jobDetailItemsMax).map((key) => ({ key, status: 'Accepted' }))
  expect(answer?.detail).toEqual({ results })
  expect(answer).toMatchObject({ type: 'refused', status: 'Rejected' })
})
