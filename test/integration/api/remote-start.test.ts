// Remote starts for tags that Stator itself would not accept.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { TestStator } from '../../support/stator.ts'

const path = '/api/chargepoints/STARTS/start-transaction'
let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
  await stator.addIdTag('STOLEN', { status: 'Blocked' })
  await stator.addIdTag('LATE', { status: 'Accepted', expiryDate: '2020-01-01' })
  await stator.addIdTag('OLD', { status: 'Expired' })
  await stator.addIdTag('GOOD', { expiryDate: '2100-01-01' })
})

afterAll(() => stator.stop())

test('a tag that is Blocked or Expired here is refused and nothing is sent, unless the start is forced', async () => {
  const raw = await stator.bootedRaw('STARTS')
  for (const [idTag, status] of [
    ['STOLEN', 'Blocked'],
    ['stolen', 'Blocked'],
    ['STOLEN_4711', 'Blocked'],
    ['LATE', 'Expired'],
    ['OLD', 'Expired'],
  ]) {
    for (const force of [{}, { force: false }]) {
      const answer = await stator.api(path, { body: { connectorId: 1, idTag, ...force } })
      expect(answer).toMatchObject({ status: 409, body: { error: 'Conflict' } })
      expect(answer.body['message']).toContain(`is ${status}, so the start is not sent; set force to true`)
    }
  }
  for (const body of [{ idTag: 'STOLEN', force: true }, { idTag: 'GOOD' }, { idTag: 'UNKNOWN' }]) {
    const answer = stator.json(path, { body: { connectorId: 1, ...body } })
    const { messageId, payload } = await raw.command('RemoteStartTransaction')
    expect(payload).toEqual({ connectorId: 1, idTag: body.idTag })
    raw.answer(messageId, { status: 'Rejected' })
    expect(await answer).toMatchObject({ status: 'Rejected' })
  }
  expect((await stator.api(path, { body: { connectorId: 1, idTag: 'GOOD', force: 'yes' } })).status).toBe(400)
})
