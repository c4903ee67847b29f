// The heart of the audit: facts that are missing, duplicated, altered or invented are distinguished and counted.

import { expect, test } from 'bun:test'
import { Comparison, findingsSentence, isClean, noFindings, sumOf } from '../../../../bench/audit/comparison.ts'

const fact = (key: string, content: string, isAcknowledged = true) => ({ key, contents: [content], isAcknowledged })

function comparison(): Comparison {
  const table = new Comparison('The sample')
  table.expect(fact('a', '1'))
  table.expect(fact('b', '2'))
  table.expect(fact('c', '3', false))
  return table
}

test('facts that are stored once, as they were sent, are no finding', () => {
  const table = comparison()
  table.find('a', '1')
  table.find('b', '2')
  expect(table.findings).toEqual({ ...noFindings, facts: 2, rows: 2 })
  expect(isClean(table.findings)).toBe(true)
})

test('a fact whose answer never came may be stored or not', () => {
  const table = comparison()
  table.find('a', '1')
  table.find('b', '2')
  table.find('c', '3')
  expect(isClean(table.findings)).toBe(true)
})

test.each([
  ['missing', [['a', '1']], 'The sample b was acknowledged, but is not stored'],
  [
    'duplicated',
    [
      ['a', '1'],
      ['b', '2'],
      ['b', '2'],
    ],
    'The sample b is stored 2 times, but was sent 1 times',
  ],
  [
    'altered',
    [
      ['a', '1'],
      ['b', '9'],
    ],
    'The sample b is stored as 9, but 2 was sent',
  ],
  [
    'unexpected',
    [
      ['a', '1'],
      ['b', '2'],
      ['z', '1'],
    ],
    'The sample z was stored, but no station sent it: 1',
  ],
] as const)('a fact that is %s is found', (problem, rows, example) => {
  const table = comparison()
  for (const [key, content] of rows) table.find(key, content)
  expect(table.findings).toMatchObject({
    ...{ missing: 0, duplicated: 0, altered: 0, unexpected: 0, [problem]: 1 },
    examples: [example],
  })
  expect(isClean(table.findings)).toBe(false)
})

test('equal facts are counted: three boots are three rows, and two are one too few', () => {
  const table = new Comparison('The event')
  for (let i = 0; i < 3; i++) table.expect(fact('boot', ''))
  table.find('boot', '')
  table.find('boot', '')
  expect(table.findings.missing).toBe(1)
})

test('findings add up, and say themselves in a sentence', () => {
  const table = comparison()
  table.find('a', '1')
  const sum = sumOf([table.findings, table.findings])
  expect(sum).toMatchObject({ facts: 4, missing: 2, rows: 2 })
  expect(findingsSentence(sum)).toBe(
    'of 4 acknowledged facts 2 are missing, 0 duplicated, 0 altered; 0 rows were never sent (2 rows read)',
  )
})
