// What `bun bench reads` finds in an OpenAPI document.

import { expect, test } from 'bun:test'
import { notRead, operationsOf } from '../../../../bench/reads/operations.ts'
import { fakeApi } from '../../api/fake-deps.ts'

const { app } = fakeApi()
const document: unknown = await (await app.request('/openapi.json')).json()

test('every GET operation of the API is a list, an export or one thing', () => {
  const kinds = Object.fromEntries(operationsOf(document).map(({ id, kind }) => [id, kind]))
  expect(kinds).toMatchObject({
    listTransactions: 'list',
    listMessages: 'list',
    exportTransactions: 'export',
    getTransaction: 'one',
  })
})

test('a list has its filters, without page and form of the answer', () => {
  const transactions = operationsOf(document).find(({ id }) => id === 'exportTransactions')
  expect(transactions?.filters).toContain('idTag')
  expect(transactions?.filters).not.toContain('page')
  expect(transactions?.filters).not.toContain('separator')
})

test('a list that is added to the document is found', () => {
  const added = {
    paths: {
      '/api/tariffs/{tariffId}/prices': {
        get: {
          operationId: 'listPrices',
          parameters: ['page', 'from', 'to']
            .map((name) => ({ name, in: 'query' }))
            .concat([{ name: 'tariffId', in: 'path' }]),
          responses: { 200: { description: '', content: { 'application/json': {} } } },
        },
        post: { operationId: 'addPrice' },
      },
      '/health/live': { get: { operationId: 'getLiveness', responses: {} } },
    },
  }
  expect(operationsOf(added)).toEqual([
    {
      id: 'listPrices',
      path: '/api/tariffs/{tariffId}/prices',
      kind: 'list',
      pathParameters: ['tariffId'],
      filters: ['from', 'to'],
    },
  ])
})

test('what is not measured exists, and no list is among it', () => {
  const text = JSON.stringify(document)
  for (const id of Object.keys(notRead)) {
    expect(text).toContain(`"operationId":"${id}"`)
    expect(id).not.toStartWith('list')
  }
})
