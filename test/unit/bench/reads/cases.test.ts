// Which requests `bun bench reads` makes of an operation.

import { expect, test } from 'bun:test'
import { casesOf, scopedCasesOf, unmeasured } from '../../../../bench/reads/cases.ts'
import { operationsOf, type ReadOperation } from '../../../../bench/reads/operations.ts'
import { fakeApi } from '../../api/fake-deps.ts'

const prices: ReadOperation = {
  id: 'listPrices',
  path: '/api/chargepoints/{chargePointId}/prices',
  kind: 'list',
  pathParameters: ['chargePointId'],
  filters: ['from', 'to', 'currency'],
}

/** Subjects that have these values for every operation. */
function having(...names: string[]) {
  const subject = Object.fromEntries(names.map((name) => [name, name]))
  return { of: () => [subject] }
}

test('a list is read without a filter, with each filter, and with both ends of a period together', () => {
  const cases = casesOf([prices], having('chargePointId', 'from', 'to', 'currency'))
  const usual = cases.filter(({ isOfBusiest }) => !isOfBusiest)
  expect(usual.map(({ filters }) => filters)).toEqual([[], ['currency'], ['from', 'to']])
  expect(unmeasured([prices], cases)).toEqual([])
})

test('a list of a charge point is also read of the busiest one', () => {
  const busiest = casesOf([prices], having('chargePointId', 'from', 'to', 'currency')).filter((one) => one.isOfBusiest)
  expect(busiest).toHaveLength(3)
})

test('for some charge points a list is read with its filters, but not with one charge point, nor of one with filters', () => {
  const tags: ReadOperation = { ...prices, id: 'listTags', path: '/api/tags', pathParameters: [] }
  const asked = { ...tags, filters: ['chargePointId', 'idTag', 'from', 'to'] }
  const cases = scopedCasesOf([prices, asked], having('chargePointId', 'idTag', 'from', 'to', 'currency'), 'half')
  expect(cases.map(({ operation, filters, isOfBusiest }) => [operation.id, filters, isOfBusiest])).toEqual([
    ['listPrices', [], false],
    ['listTags', [], false],
    ['listTags', ['idTag'], false],
    ['listTags', ['idTag'], true],
    ['listTags', ['from', 'to'], false],
  ])
})

test('a filter without a value is reported, and so is a list that nothing can be asked of', () => {
  const partly = casesOf([prices], having('chargePointId', 'from', 'to'))
  expect(unmeasured([prices], partly)).toEqual(['listPrices currency'])
  expect(unmeasured([prices], casesOf([prices], having('from', 'to', 'currency')))).toEqual(['listPrices'])
})

test('transactions and messages are read with the filters that operators combine', async () => {
  const { app } = fakeApi()
  const operations = operationsOf(await (await app.request('/openapi.json')).json())
  const names = operations.flatMap(({ pathParameters, filters }) => [...pathParameters, ...filters])
  const cases = casesOf(operations, having(...names))
  const combined = (id: string) =>
    cases.filter(({ operation, isOfBusiest }) => operation.id === id && !isOfBusiest).map(({ filters }) => filters)
  expect(combined('listTransactions')).toEqual(
    expect.arrayContaining([
      ['chargePointId', 'from', 'to'],
      ['idTag', 'open'],
      ['chargePointId', 'idTag', 'open', 'from', 'to'],
    ]),
  )
  expect(combined('listMessages')).toEqual(
    expect.arrayContaining([['action'], ['messageId'], ['from', 'to'], ['action', 'from', 'to']]),
  )
  expect(unmeasured(operations, cases)).toEqual([])
})
