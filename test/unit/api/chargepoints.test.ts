// What a new charge point is made of when the request leaves something out.

import { expect, test } from 'bun:test'
import type { ChargePointInput } from '../../../src/blocks/records.ts'
import { chargePoint, fakeApi } from './fake-deps.ts'

test.each([
  ['lenient', {}, 'lenient'],
  ['strict', {}, 'strict'],
  ['strict', { strictness: 'lenient' }, 'lenient'],
  ['lenient', { strictness: 'strict' }, 'strict'],
] as const)(
  'where OCPP.Strictness is %s, POST of %p makes a %s charge point',
  async (strictnessDefault, body, made) => {
    const inputs: ChargePointInput[] = []
    const { post } = fakeApi({
      queries: {
        createChargePoint: async (identity, input) => {
          inputs.push(input)
          return { ...chargePoint, identity, strictness: input.strictness ?? 'lenient' }
        },
      },
      deps: { strictnessDefault },
    })
    const response = await post('/api/chargepoints', { chargePointId: 'CP002', ...body })
    expect(response.status).toBe(201)
    expect(inputs).toEqual([{ strictness: made }])
  },
)

test('a change that leaves the strictness out leaves it as it is', async () => {
  const inputs: ChargePointInput[] = []
  const { request } = fakeApi({
    queries: {
      updateChargePoint: async (_identity, input) => {
        inputs.push(input)
        return chargePoint
      },
    },
    live: { provisioned: () => {} },
    deps: { strictnessDefault: 'strict' },
  })
  const body = JSON.stringify({ location: 'Building A' })
  const response = await request('/api/chargepoints/CP001', { method: 'PATCH', body })
  expect(response.status).toBe(200)
  expect(inputs).toEqual([{ location: 'Building A' }])
})
