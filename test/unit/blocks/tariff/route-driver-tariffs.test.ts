// What may be stored for drivers over REST.

import { expect, test } from 'bun:test'
import { driverTariffCharactersMax } from '../../../../src/base/limits.ts'
import { fakeApi } from '../../api/fake-deps.ts'

test('a tariff that each answer to its driver would be long with is refused, and says how long it may be', async () => {
  const { request } = fakeApi()
  const prices = Array.from({ length: 1_000 }, () => ({ priceKwh: 0.49 }))
  const response = await request('/api/id-tags/USER123/tariff', {
    method: 'PUT',
    headers: { 'x-api-key': 'k', 'content-type': 'application/json' },
    body: JSON.stringify({ tariff: { tariffId: 'T', currency: 'EUR', energy: { prices } } }),
  })
  expect(response.status).toBe(400)
  const issue = `Tariff must be at most ${driverTariffCharactersMax} characters of JSON`
  expect(await response.json()).toMatchObject({ details: { field: 'tariff', issue } })
})
