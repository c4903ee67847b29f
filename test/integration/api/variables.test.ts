// The stored device model over REST: what NotifyReport brought, in whatever order, and the search in it.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
})

afterAll(() => stator.stop())

const generatedAt = '2026-01-31T12:00:00.000Z'

function entry(component: object, variable: object, value: string) {
  return { component, variable, variableAttribute: [{ value, mutability: 'ReadWrite' }] }
}

const heartbeat = entry({ name: 'OCPPCommCtrlr' }, { name: 'HeartbeatInterval' }, '300')
const attempts = entry({ name: 'OCPPCommCtrlr' }, { name: 'MessageAttempts', instance: 'TransactionEvent' }, '3')
const state = entry({ name: 'Connector', evse: { id: 1, connectorId: 2 } }, { name: 'AvailabilityState' }, 'Available')
const power = entry({ name: 'EVSE', instance: 'left', evse: { id: 1 } }, { name: 'Power' }, '11000')

async function report(raw: RawChargePoint, seqNo: number, tbc: boolean, ...reportData: readonly object[]) {
  await raw.call('NotifyReport', { requestId: 1, generatedAt, seqNo, tbc, reportData })
}

async function names(identity: string, query = ''): Promise<readonly string[]> {
  const { variables } = await stator.json(`/api/chargepoints/${identity}/variables${query}`)
  return (variables as readonly { readonly variable: { readonly name: string } }[]).map(({ variable }) => variable.name)
}

describe.each(['2.0.1', '2.1'] as const)('the device model of a charge point of %s', (version) => {
  const identity = `MODEL-${version}`

  beforeAll(async () => {
    const raw = await stator.bootedRaw(identity, version)
    // Out of order, and one part twice.
    await report(raw, 1, false, state, power)
    await report(raw, 0, true, heartbeat, attempts)
    await report(raw, 0, true, heartbeat, attempts)
  })

  test('is the same whatever order its parts came in, and however often', async () => {
    const found = await stator.json(`/api/chargepoints/${identity}/variables`)
    expect(found).toMatchObject({ totalCount: 4, page: 1 })
    const [first, second] = found['variables'] as readonly object[]
    expect(first).toEqual({
      key: 'Connector@1/2.AvailabilityState',
      component: { name: 'Connector', evse: { id: 1, connectorId: 2 } },
      variable: { name: 'AvailabilityState' },
      attributeType: 'Actual',
      value: 'Available',
      pendingValue: null,
      mutability: 'ReadWrite',
      persistent: false,
      constant: false,
      characteristics: null,
      generatedAt,
      updatedAt: expect.stringMatching(/Z$/),
    })
    expect(second).toMatchObject({ component: { name: 'EVSE', instance: 'left', evse: { id: 1 } } })
  })

  test.each([
    ['?component=ocppcomm', ['HeartbeatInterval', 'MessageAttempts']],
    ['?component=LEFT', ['Power']],
    ['?variable=interval', ['HeartbeatInterval']],
    ['?variable=transactionevent', ['MessageAttempts']],
    ['?value=3', ['HeartbeatInterval', 'MessageAttempts']],
    ['?value=3&variable=heart', ['HeartbeatInterval']],
    ['?value=%25', []],
    ['?pageSize=1&page=3', ['HeartbeatInterval']],
  ])('is searched: %s', async (query, found) => {
    expect(await names(identity, query)).toEqual([...found])
  })

  test('has the newest value of a variable that is reported again', async () => {
    await stator.provision(`${identity}-again`)
    const raw = await stator.raw(`${identity}-again`, { subprotocols: [`ocpp${version}`] })
    const chargingStation = { vendorName: 'V', model: 'M' }
    await raw.call('BootNotification', { reason: 'PowerUp', chargingStation })
    await report(raw, 0, false, heartbeat)
    await report(raw, 0, false, entry({ name: 'OCPPCommCtrlr' }, { name: 'HeartbeatInterval' }, '60'))
    expect(await stator.json(`/api/chargepoints/${identity}-again/variables`)).toMatchObject({
      totalCount: 1,
      variables: [{ value: '60' }],
    })
  })
})

test('a charge point of 1.6 has reported none, and an unknown one is not found', async () => {
  await stator.bootedRaw('MODEL-16')
  expect(await names('MODEL-16')).toEqual([])
  expect((await stator.api('/api/chargepoints/NOBODY/variables')).status).toBe(404)
  expect((await stator.api('/api/chargepoints/MODEL-16/variables?component=')).status).toBe(400)
})
