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
  const answer = variablesSet.answered('2.0.1', { setVariableResult }, { setVariableData: setVariableResult })
  const shown = names.map((name) => ({ key: `C.${name}`.slice(0, jobTextCharactersMax), status: 'Accepted' }))
  expect(answer).toMatchObject({ type: 'partly', status: 'PartlyAccepted' })
  expect(answer?.detail).toEqual({ results: shown })
})

test('an answer that takes some of the values, or says nothing of some, is no success', () => {
  const resultOf = (name: string, attributeStatus: string) => ({
    ...{ component: { name: 'C' }, variable: { name } },
    attributeStatus,
  })
  const setVariableData = Array.from({ length: 10 }, (_, at) => ({ at }))
  const answerTo = (...statuses: string[]) => {
    const setVariableResult = statuses.map((status, at) => resultOf(`V${at}`, status))
    return variablesSet.answered('2.0.1', { setVariableResult }, { setVariableData })
  }
  const message = 'The charge point has set 1 of 10 values'
  expect(answerTo('Accepted')).toMatchObject({ type: 'partly', status: 'PartlyAccepted', message })
  const rejected = Array.from({ length: 9 }, () => 'Rejected')
  expect(answerTo('RebootRequired', ...rejected)).toMatchObject({ type: 'partly', message })
  expect(answerTo(...rejected, 'UnknownVariable')).toMatchObject({ type: 'refused', status: 'Rejected' })
  expect(answerTo(...rejected.map(() => 'Accepted'), 'Accepted')).toMatchObject({ type: 'done', status: 'Accepted' })
  expect(answerTo()).toBeNull()
})
