// What the answer to SetVariables means for its job.

import { expect, test } from 'bun:test'
import { jobDetailItemsMax, jobTextCharactersMax } from '../../../../src/base/limits.ts'
import { variablesSet } from '../../../../src/blocks/provisioning/variables-job.ts'

test('of the results of variables the first are shown with the job, each cut; all of them count', () => {
  const resultOf = (name: string, attributeStatus = 'Accepted') => ({
    ...{ component: { name: 'C' }, variable: { name } },
    attributeStatus,
  })
  const names = [
    'x'.repeat(jobTextCharactersMax),
    ...Array.from({ length: jobDetailItemsMax - 1 }, (_, at) => `V${at}`),
  ]
  const setVariableResult = [...names.map((name) => resultOf(name)), resultOf('Last', 'Rejected')]
  const answer = variablesSet.answered('2.0.1', { setVariableResult })
  const shown = names.map((name) => ({ key: `C.${name}`.slice(0, jobTextCharactersMax), status: 'Accepted' }))
  expect(answer).toMatchObject({ type: 'refused', status: 'Rejected' })
  expect(answer?.detail).toEqual({ results: shown })
})
