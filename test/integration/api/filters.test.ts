// Filters of lists over HTTP: charge points by what is known of them, messages and events by what they are.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
  await stator.json('/api/chargepoints', { body: { chargePointId: 'NEVER-SEEN', location: 'Harbour 1' } }, 201)
  const old = await stator.bootedRaw('GONE', '2.0.1')
  await old.close()
  await until('it is gone', async () => (await stator.json('/api/chargepoints/GONE'))['connected'] === false)
  const raw = await stator.bootedRaw('HERE')
  await raw.call('BootNotification', {
    chargePointVendor: 'Acme 100%',
    chargePointModel: 'X1',
    firmwareVersion: '1.2.3',
    chargePointSerialNumber: 'SN-77',
  })
})

afterAll(() => stator.stop())

async function listed(query: string): Promise<string> {
  const { chargePoints, totalCount } = await stator.json(`/api/chargepoints?${query}`)
  const names = (chargePoints as { chargePointId: string }[]).map(({ chargePointId }) => chargePointId)
  expect(totalCount).toBe(names.length)
  return names.join(' ')
}

test.each([
  ['connected=true', 'HERE'],
  ['connected=false', 'GONE NEVER-SEEN'],
  ['connected=false&status=Offline', 'GONE NEVER-SEEN'],
  ['connected=true&status=Offline', ''],
  ['connected=false&status=Unknown', ''],
  ['vendor=acme%20100%25', 'HERE'],
  ['vendor=Acme', ''],
  ['model=x1&firmwareVersion=1.2.3', 'HERE'],
  ['model=x1&firmwareVersion=1.2', ''],
  ['version=2.0.1', 'GONE'],
  ['location=harbour%201', 'NEVER-SEEN'],
  ['lastSeenBefore=2020-01-01', 'NEVER-SEEN'],
  ['lastSeenBefore=2100-01-01&connected=false', 'GONE NEVER-SEEN'],
  ['q=one', 'GONE'],
  ['q=arbour', 'NEVER-SEEN'],
  ['q=sn-77', 'HERE'],
  ['q=0%25', 'HERE'],
  ['q=%25', 'HERE'],
  ['q=_', ''],
])('charge points are listed by ?%s', async (query, names) => {
  expect(await listed(query)).toBe(names)
})

test.each(['connected=yes', 'version=1.5', 'lastSeenBefore=now', 'q=', 'vendor='])(
  '?%s is a bad request of the list of charge points',
  async (query) => {
    const { status, body } = await stator.api(`/api/chargepoints?${query}`)
    expect(status).toBe(400)
    expect(body['details']).toMatchObject({ field: query.split('=')[0] })
  },
)

test('messages and events are listed by action, direction, message id and period', async () => {
  const raw = await stator.bootedRaw('TALKS')
  raw.send('[2,"first-one","DataTransfer",{"vendorId":"Acme"}]')
  raw.send('[2,"second","Heartbeat",{}]')
  const path = '/api/chargepoints/TALKS/messages'
  const messages = async (query: string) => {
    const { messages } = await stator.json(`${path}?${query}`)
    return (messages as { messageType: string; messageId: string }[]).map(
      ({ messageType, messageId }) => `${messageType} ${messageId}`,
    )
  }
  await until('the answer', async () => (await messages('messageId=second')).length === 2)
  expect(await messages('messageId=first-one')).toEqual(['CALLRESULT first-one', 'CALL first-one'])
  expect(await messages('messageId=first-one&direction=toChargePoint')).toEqual(['CALLRESULT first-one'])
  expect(await messages('action=Heartbeat')).toEqual(['CALL second'])
  expect(await messages('action=Heartbeat&to=2020-01-01')).toEqual([])
  expect(await messages('action=Heartbeat&from=2020-01-01')).toEqual(['CALL second'])
  expect((await stator.api(`${path}?direction=up`)).status).toBe(400)
  expect((await stator.api(`${path}?from=2026-02-01&to=2026-01-01`)).status).toBe(400)

  const events = async (query: string) => {
    const { events } = await stator.json(`/api/chargepoints/TALKS/events?${query}`)
    return (events as { action: string; direction: string }[]).map(({ action, direction }) => `${action} ${direction}`)
  }
  const transfer = ['DataTransfer fromChargePoint']
  for (const query of ['messageId=first-one', 'action=DataTransfer', 'action=DataTransfer&from=2020-01-01']) {
    expect([query, await events(query)]).toEqual([query, transfer])
    expect(await events(`${query}&direction=fromChargePoint`)).toEqual(transfer)
    expect(await events(`${query}&direction=toChargePoint`)).toEqual([])
  }
  expect(await events('messageId=second')).toEqual([])
  expect(await events('to=2020-01-01')).toEqual([])
  expect((await stator.api('/api/chargepoints/TALKS/events?direction=up')).status).toBe(400)
})
