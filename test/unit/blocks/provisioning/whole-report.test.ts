import { expect, test } from 'bun:test'
import { reportAsked, reportComplete } from '../../../../src/blocks/provisioning/whole-report.ts'

const asked = reportAsked('monitors', ['componentVariable', 'criteria'], (status) => status === 'EmptyResultSet')
const words = (request: object, status: string) =>
  asked({ requestId: 1, ...request }, { status }).map(({ row }) => ('word' in row ? row.word : null))

test('a report without criteria is one about everything, if its request is accepted or there is nothing', () => {
  expect(words({}, 'Accepted')).toEqual(['asked'])
  expect(words({ criteria: {} }, 'Accepted')).toEqual(['asked'])
  expect(words({}, 'EmptyResultSet')).toEqual(['asked', 'empty'])
  expect(words({}, 'Rejected')).toEqual([])
  expect(words({ criteria: ['Delta'] }, 'Accepted')).toEqual([])
  expect(words({ componentVariable: [{}] }, 'EmptyResultSet')).toEqual([])
  expect(asked({}, { status: 'Accepted' })).toEqual([])
})

test('a complete report says when it began', () => {
  expect(reportComplete('monitors', 1, 5).row).toEqual({
    kind: 'monitors',
    requestId: 1,
    word: 'complete',
    beganAtMs: 5,
  })
})
