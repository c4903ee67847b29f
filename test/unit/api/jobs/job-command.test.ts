// Several jobs of one request are queued together, or not at all.

import { expect, test } from 'bun:test'
import { jobsOpenMax } from '../../../../src/base/limits.ts'
import { StatorError } from '../../../../src/base/errors.ts'
import { fakeApi } from '../fake-deps.ts'

/** Sets so many variables at a charge point of 1.6 that is away: a job for each. Only `places` jobs fit. */
async function queued(variables: number, places: number) {
  const made: number[] = []
  const cancelled: number[] = []
  const never = () => Promise.reject(new Error('nothing is sent'))
  const { request } = fakeApi({
    live: { get: () => undefined },
    queries: { variablesOf: async () => ({ totalCount: 0, items: [] }) },
    deps: {
      jobs: {
        start: never,
        repeat: never,
        queue: async () => {
          if (made.length === places) throw new StatorError('CONFLICT', 'It has too many open jobs')
          return made.push(made.length + 1)
        },
        cancel: async (jobId) => {
          cancelled.push(jobId)
          // It was sent meanwhile.
          if (jobId === 1) throw new StatorError('CONFLICT', 'It cannot be cancelled')
        },
      },
    },
  })
  const component = { name: 'Configuration' }
  const list = Array.from({ length: variables }, (_, at) => ({ component, variable: { name: `K${at}` }, value: '1' }))
  const { status } = await request('/api/chargepoints/CP001/variables', {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ variables: list, queue: true }),
  })
  return { status, made: made.length, cancelled }
}

test('all of them are queued', async () => {
  expect(await queued(3, 3)).toEqual({ status: 202, made: 3, cancelled: [] })
})

test('if one cannot be queued, those before it are cancelled', async () => {
  expect(await queued(4, 3)).toEqual({ status: 409, made: 3, cancelled: [1, 2, 3] })
})

test('more than a charge point may have open are refused before any is queued', async () => {
  expect(await queued(jobsOpenMax + 1, jobsOpenMax)).toEqual({ status: 409, made: 0, cancelled: [] })
})
