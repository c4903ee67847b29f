// What is wrong with a charge point and its connectors, over real sockets: fault codes of statuses, states and problems
// reported by NotifyEvent, in GET …/status.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { monitored, monitoredAt, notifyEventOf } from '../../support/notify-events.ts'
import { TestStator } from '../../support/stator.ts'

const noFault = { errorCode: null, info: null, vendorId: null, vendorErrorCode: null }

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
})

afterAll(() => stator.stop())

const statusOf = (identity: string): Promise<Record<string, unknown>> =>
  stator.json(`/api/chargepoints/${identity}/status`)

describe('a fault reported with a status', () => {
  test('is shown with its connector; of connector 0 with the charge point', async () => {
    const raw = await stator.bootedRaw('faults')
    expect(await statusOf('faults')).toMatchObject({ connectors: [], fault: null, problems: [] })
    const fault = {
      errorCode: 'OtherError',
      info: 'no pilot',
      vendorId: 'com.example',
      vendorErrorCode: 'NoPPDetected',
    }
    await raw.call('StatusNotification', { connectorId: 2, status: 'Faulted', timestamp: monitoredAt, ...fault })
    await raw.call('StatusNotification', {
      connectorId: 1,
      status: 'Available',
      errorCode: 'NoError',
      timestamp: monitoredAt,
    })
    const ofStation = { errorCode: 'GroundFailure', vendorErrorCode: 'X1' }
    await raw.call('StatusNotification', { connectorId: 0, status: 'Available', timestamp: monitoredAt, ...ofStation })
    expect(await statusOf('faults')).toMatchObject({
      status: 'Faulted',
      connectors: [
        { connectorId: 1, status: 'Available', ...noFault, errorCode: 'NoError', problems: [] },
        { connectorId: 2, status: 'Faulted', ...fault, problems: [] },
      ],
      fault: { status: 'Available', ...noFault, ...ofStation },
      problems: [],
    })
  })

  test('is shown with the time since when, which a repeated report does not change', async () => {
    const raw = await stator.bootedRaw('since')
    const report = (errorCode: string) =>
      raw.call('StatusNotification', { connectorId: 0, status: 'Faulted', errorCode, timestamp: monitoredAt })
    const since = async () =>
      z.object({ fault: z.object({ since: z.string() }) }).parse(await statusOf('since')).fault.since
    await report('GroundFailure')
    const first = await since()
    expect(Date.parse(first)).toBeGreaterThan(Date.parse(monitoredAt))
    await report('GroundFailure')
    expect(await since()).toBe(first)
    await report('HighTemperature')
    expect(await since()).not.toBe(first)
  })
})

describe('a state reported by NotifyEvent', () => {
  test('is a status like any other, also on the next connection', async () => {
    const raw = await stator.bootedRaw('events', '2.0.1')
    const status = { timestamp: monitoredAt, connectorStatus: 'Available', evseId: 1, connectorId: 1 }
    await raw.call('StatusNotification', status)
    const evse = { id: 1, connectorId: 1 }
    await raw.call(
      'NotifyEvent',
      notifyEventOf(monitored('Connector', 'AvailabilityState', 'Faulted', evse, { techCode: 'E42' })),
    )
    const shown = { status: 'Faulted', connectors: [{ evseId: 1, status: 'Faulted', vendorErrorCode: 'E42' }] }
    expect(await statusOf('events')).toMatchObject(shown)
    await raw.close()
    await stator.raw('events', { subprotocols: ['ocpp2.0.1'] })
    await stator.statusOnce('it is back', 'events', ({ status }) => status === 'Faulted')
    expect(await statusOf('events')).toMatchObject(shown)
    expect(await stator.json('/api/chargepoints?status=Faulted&pageSize=500')).toMatchObject({
      chargePoints: expect.arrayContaining([expect.objectContaining({ chargePointId: 'events' })]),
    })
  })

  test('counts among the thousands of a long frame, which is stored whole', async () => {
    const raw = await stator.bootedRaw('long', '2.0.1')
    const noise = Array.from({ length: 4_000 }, (_, index) => monitored('Fan', 'Speed', String(index), { id: 1 }))
    const fault = monitored('Connector', 'AvailabilityState', 'Unavailable', { id: 2, connectorId: 1 })
    const problem = monitored('Connector', 'Problem', 'true', { id: 2, connectorId: 1 }, { techCode: 'Stuck' })
    const sent = notifyEventOf(...noise, fault, ...noise.slice(0, 100), problem)
    await raw.call('NotifyEvent', sent)
    expect(await statusOf('long')).toMatchObject({
      connectors: [{ evseId: 2, status: 'Unavailable', problems: [{ techCode: 'Stuck' }] }],
    })
    expect(await stator.json('/api/chargepoints/long/events?action=NotifyEvent')).toMatchObject({
      totalCount: 1,
      events: [{ payload: sent }],
    })
  })
})

test('a password in a NotifyEvent is kept nowhere', async () => {
  const raw = await stator.bootedRaw('reporter', '2.0.1')
  const reported = monitored('SecurityCtrlr', 'BasicAuthPassword', 'hunter2-hunter2-hunter2', { id: 1 })
  await raw.call('NotifyEvent', notifyEventOf(reported))
  const { events } = await stator.json('/api/chargepoints/reporter/events?action=NotifyEvent')
  expect(events).toMatchObject([{ payload: { eventData: [{ actualValue: '***' }] } }])
  expect(JSON.stringify(await stator.json('/api/chargepoints/reporter/messages'))).not.toContain('hunter2')
})

test('a password in a NotifyEvent that is a number is kept nowhere, and is no anomaly', async () => {
  const raw = await stator.bootedRaw('number-reporter', '2.0.1')
  const reported = { ...monitored('SecurityCtrlr', 'basicAuthPassword', '', { id: 1 }), actualValue: 8_675_309 }
  await raw.call('NotifyEvent', { generatedAt: monitoredAt, seqNo: 0, eventData: [reported] })
  const { events } = await stator.json('/api/chargepoints/number-reporter/events?action=NotifyEvent')
  expect(events).toMatchObject([{ payload: { eventData: [{ actualValue: '***' }] } }])
  // It is hidden before the message is examined.
  expect(await stator.json('/api/chargepoints/number-reporter/anomalies')).toMatchObject({ anomalies: [] })
  expect(JSON.stringify(await stator.json('/api/chargepoints/number-reporter/messages'))).not.toContain('8675309')
})

describe('a problem reported by NotifyEvent', () => {
  test('is shown where it belongs until it is over', async () => {
    const raw = await stator.bootedRaw('problems', '2.0.1')
    await raw.call('StatusNotification', {
      timestamp: monitoredAt,
      connectorStatus: 'Available',
      evseId: 1,
      connectorId: 1,
    })
    const evse = { id: 1, connectorId: 1 }
    const hot = { techCode: 'OverTemperature', techInfo: '81 °C', cause: 7 }
    await raw.call(
      'NotifyEvent',
      notifyEventOf(
        monitored('Connector', 'Problem', 'true', evse, hot),
        monitored('Controller', 'Problem', 'true', undefined, { techCode: 'LowMemory' }),
        monitored('EVSE', 'Problem', 'true', { id: 1 }, { techCode: 'DoorOpen' }),
      ),
    )
    const view = { component: 'Connector', instance: null, evseId: 1, connectorId: 1, ...hot, since: monitoredAt }
    expect(await statusOf('problems')).toMatchObject({
      status: 'Available',
      connectors: [{ problems: [view, { component: 'EVSE', connectorId: null, techCode: 'DoorOpen' }] }],
      problems: [{ component: 'Controller', evseId: null, connectorId: null, techCode: 'LowMemory' }],
    })
    await raw.call(
      'NotifyEvent',
      notifyEventOf(monitored('Connector', 'Problem', 'true', evse, { ...hot, techCode: 'Fire' })),
    )
    expect(JSON.stringify(await statusOf('problems'))).toContain('Fire')
    await raw.call('NotifyEvent', notifyEventOf(monitored('Connector', 'Problem', 'false', evse)))
    await raw.call('NotifyEvent', notifyEventOf(monitored('EVSE', 'Problem', 'false', { id: 1 })))
    expect(await statusOf('problems')).toMatchObject({
      connectors: [{ problems: [] }],
      problems: [{ techCode: 'LowMemory' }],
    })
  })

  test('is not changed by a report of an earlier time, unless that came from a clock that was ahead', async () => {
    const raw = await stator.bootedRaw('late-problems', '2.0.1')
    const report = async (actualValue: string, timestamp: string, techCode: string): Promise<unknown> => {
      const reported = monitored('Controller', 'Problem', actualValue, undefined, { timestamp, techCode })
      await raw.call('NotifyEvent', notifyEventOf(reported))
      return (await statusOf('late-problems')).problems
    }
    expect(await report('true', '2026-01-31T12:00:00.000Z', 'New')).toMatchObject([{ techCode: 'New' }])
    expect(await report('true', '2026-01-31T11:00:00.000Z', 'Old')).toMatchObject([{ techCode: 'New' }])
    expect(await report('false', '2026-01-31T11:30:00.000Z', 'Old')).toMatchObject([{ techCode: 'New' }])
    expect(await report('true', '2126-01-31T12:00:00.000Z', 'Ahead')).toMatchObject([{ techCode: 'Ahead' }])
    expect(await report('false', new Date(Date.now() + 1_000).toISOString(), 'Ahead')).toEqual([])
  })

  test('does not come back by an older event that comes after its end, also after a restart', async () => {
    let raw = await stator.bootedRaw('over', '2.0.1')
    const report = async (actualValue: string, timestamp: string, techCode = 'Hot'): Promise<unknown> => {
      const reported = monitored('Controller', 'Problem', actualValue, undefined, { timestamp, techCode })
      await raw.call('NotifyEvent', notifyEventOf(reported))
      return (await statusOf('over')).problems
    }
    expect(await report('false', '2026-01-31T12:00:00.000Z')).toEqual([])
    expect(await report('true', '2026-01-31T11:00:00.000Z')).toEqual([])
    await stator.restart()
    raw = await stator.raw('over', { subprotocols: ['ocpp2.0.1'] })
    expect(await report('true', '2026-01-31T11:30:00.000Z')).toEqual([])
    expect(await report('true', '2026-01-31T12:00:00.001Z', 'Again')).toMatchObject([{ techCode: 'Again' }])
    expect(await report('false', '2026-01-31T12:00:00.001Z')).toEqual([])
    // A clock that was never set has no usable time: the arrival counts.
    expect(await report('true', '1970-01-01T00:00:09.000Z', 'Untimed')).toMatchObject([{ techCode: 'Untimed' }])
  })
})

test('a transaction reported by its EVSE alone is on the connector that is plugged in, also when that is reported later', async () => {
  const raw = await stator.bootedRaw('EVSEONLY', '2.0.1')
  const status = (connectorId: number, connectorStatus: string, minute: number) =>
    raw.call('StatusNotification', {
      evseId: 1,
      connectorId,
      connectorStatus,
      timestamp: `2026-01-01T08:0${minute}:00Z`,
    })
  const reported = async (eventType: string, seqNo: number, chargingState?: string) => {
    await raw.call('TransactionEvent', {
      eventType,
      seqNo,
      timestamp: `2026-01-01T08:0${seqNo + 2}:30Z`,
      triggerReason: 'ChargingStateChanged',
      evse: { id: 1 },
      transactionInfo: { transactionId: 'T-1', chargingState },
    })
    const { connectors } = await statusOf('EVSEONLY')
    return connectors
  }
  await status(1, 'Available', 1)
  await status(2, 'Available', 1)
  await reported('Started', 0)
  await status(2, 'Occupied', 2)
  expect(await reported('Updated', 1, 'Charging')).toMatchObject([
    { connectorId: 1, status: 'Available', currentTransaction: null },
    { connectorId: 2, status: 'Charging', currentTransaction: expect.any(Number) },
  ])
  await status(2, 'Available', 4)
  await status(1, 'Occupied', 4)
  expect(await reported('Updated', 3, 'Idle')).toMatchObject([
    { connectorId: 1, status: 'Occupied', currentTransaction: null },
    { connectorId: 2, currentTransaction: expect.any(Number) },
  ])
})
