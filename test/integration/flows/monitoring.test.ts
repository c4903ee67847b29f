// Monitors and alarms of 2.x over the whole way: set, cleared and reported monitors, and what they alarm about. The
// charge points speak for themselves.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { OcppVersion } from '../../../src/ocpp/version.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'

type Json = Record<string, unknown>

let central: TestStator
let stations = 0

beforeAll(async () => {
  central = await TestStator.start()
})

afterAll(() => central.stop())

const newIdentity = (): string => `MON-${++stations}`
const at = (identity: string, path: string): string => `/api/chargepoints/${identity}/${path}`
const temperature = { component: { name: 'EVSE', evse: { id: 1 } }, variable: { name: 'Temperature' } }
const wanted = { ...temperature, type: 'UpperThreshold', value: 80, severity: 3 }
const timestamp = '2026-01-31T12:00:00.000Z'

/** Sends a request of the operator, and answers the CALL that comes of it. */
async function commanded(raw: RawChargePoint, path: string, body: Json, action: string, answer: Json, method = 'PUT') {
  const answering = central.api(path, { method, body })
  const { messageId, payload } = await raw.command(action)
  raw.answer(messageId, answer)
  return { ...(await answering), sent: payload }
}

const listOf = async (path: string, list: string): Promise<Json[]> => (await central.json(path))[list] as Json[]
const monitorsOf = (identity: string): Promise<Json[]> => listOf(at(identity, 'monitors'), 'monitors')
const alarmsOf = (identity: string, query = ''): Promise<Json[]> =>
  listOf(`/api/alarms?chargePointId=${identity}${query}`, 'alarms')

const set = (id: number | undefined, status = 'Accepted'): Json => ({
  setMonitoringResult: [
    { ...temperature, type: 'UpperThreshold', severity: 3, status, ...(id === undefined ? {} : { id }) },
  ],
})

function event(more: Json = {}): Json {
  return {
    eventId: 1,
    timestamp,
    trigger: 'Alerting',
    actualValue: '82.5',
    ...temperature,
    variableMonitoringId: 4,
    eventNotificationType: 'CustomMonitor',
    ...more,
  }
}

async function notifies(raw: RawChargePoint, ...eventData: Json[]): Promise<void> {
  await raw.call('NotifyEvent', { generatedAt: timestamp, seqNo: 0, tbc: false, eventData })
}

describe.each(['2.0.1', '2.1'] as const)('monitors of %s', (version: OcppVersion) => {
  test('are set, listed and cleared', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    const monitors = [wanted]
    const { status, body, sent } = await commanded(
      raw,
      at(identity, 'monitors'),
      { monitors },
      'SetVariableMonitoring',
      set(4),
    )
    expect(sent).toEqual({ setMonitoringData: [{ value: 80, type: 'UpperThreshold', severity: 3, ...temperature }] })
    expect([status, body['results']]).toEqual([
      200,
      [
        {
          key: 'EVSE@1.Temperature',
          ...temperature,
          type: 'UpperThreshold',
          id: 4,
          status: 'Accepted',
          message: 'The monitor is set',
        },
      ],
    ])
    expect(await monitorsOf(identity)).toMatchObject([
      { id: 4, ...wanted, transaction: false, eventNotificationType: 'CustomMonitor', generatedAt: null },
    ])
    const refused = set(undefined, 'UnsupportedMonitorType')
    const again = await commanded(raw, at(identity, 'monitors'), { monitors }, 'SetVariableMonitoring', refused)
    expect(again.body['results']).toMatchObject([{ id: null, status: 'UnsupportedMonitorType' }])
    const clearMonitoringResult = [
      { id: 9, status: 'NotFound' },
      { id: 4, status: 'Accepted' },
    ]
    const cleared = await commanded(
      raw,
      at(identity, 'monitors/clear'),
      { ids: [4, 9] },
      'ClearVariableMonitoring',
      { clearMonitoringResult },
      'POST',
    )
    expect([cleared.sent, cleared.body['results']]).toMatchObject([
      { id: [4, 9] },
      [
        { id: 4, status: 'Accepted' },
        { id: 9, status: 'NotFound' },
      ],
    ])
    expect(await monitorsOf(identity)).toEqual([])
  })

  test('are set in as many messages as the charge point takes', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    const limit = {
      component: { name: 'MonitoringCtrlr' },
      variable: { name: 'ItemsPerMessage', instance: 'SetVariableMonitoring' },
      variableAttribute: [{ value: '1', mutability: 'ReadOnly' }],
    }
    await raw.call('NotifyReport', { requestId: 1, generatedAt: timestamp, seqNo: 0, reportData: [limit] })
    const monitors = [wanted, { ...wanted, severity: 5 }]
    const answering = central.api(at(identity, 'monitors'), { method: 'PUT', body: { monitors } })
    for (const id of [1, 2]) {
      const { messageId, payload } = await raw.command('SetVariableMonitoring')
      expect(payload['setMonitoringData']).toHaveLength(1)
      raw.answer(messageId, set(id))
    }
    expect((await answering).body['results']).toMatchObject([{ id: 1 }, { id: 2 }])
    expect(await monitorsOf(identity)).toMatchObject([
      { id: 1, severity: 3 },
      { id: 2, severity: 5 },
    ])
  })

  test('are reported as a job', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    const wish = { criteria: ['ThresholdMonitoring'], variables: [{ component: { name: 'EVSE' } }] }
    const path = at(identity, 'monitoring-report')
    const { body, sent } = await commanded(raw, path, wish, 'GetMonitoringReport', { status: 'Accepted' }, 'POST')
    const { requestId } = sent
    expect(sent).toEqual({
      componentVariable: [{ component: { name: 'EVSE' } }],
      requestId,
      monitoringCriteria: ['ThresholdMonitoring'],
    })
    const { type, value, severity } = wanted
    const monitor = { id: 7, transaction: true, value, type, severity }
    const one = version === '2.1' ? { ...monitor, eventNotificationType: 'HardWiredMonitor' } : monitor
    const report = { requestId, generatedAt: timestamp, monitor: [{ ...temperature, variableMonitoring: [one] }] }
    await raw.call('NotifyMonitoringReport', { ...report, seqNo: 0, tbc: true })
    const job = () => central.json(`/api/jobs/${body['jobId']}`)
    expect(await job()).toMatchObject({ kind: 'monitoringReport', state: 'running', status: 'Receiving' })
    await raw.call('NotifyMonitoringReport', { requestId, generatedAt: timestamp, seqNo: 1, tbc: false })
    expect(await job()).toMatchObject({ state: 'succeeded', status: 'Complete' })
    expect(await monitorsOf(identity)).toMatchObject([
      { id: 7, ...temperature, type, value, severity, transaction: true, generatedAt: timestamp },
    ])
    expect(await listOf(at(identity, 'reports'), 'reports')).toMatchObject([
      { kind: 'monitors', requestId, status: 'Complete', missing: [] },
    ])
    expect(await listOf(at(identity, 'events?action=NotifyMonitoringReport'), 'events')).toHaveLength(2)
    // A report about all monitors: those that it does not have are gone.
    const all = await commanded(raw, path, {}, 'GetMonitoringReport', { status: 'Accepted' }, 'POST')
    const other = { ...report, requestId: all.sent['requestId'], seqNo: 0 }
    await raw.call('NotifyMonitoringReport', {
      ...other,
      monitor: [{ ...temperature, variableMonitoring: [{ ...one, id: 8 }] }],
    })
    expect(await monitorsOf(identity)).toMatchObject([{ id: 8 }])
    await commanded(raw, path, {}, 'GetMonitoringReport', { status: 'EmptyResultSet' }, 'POST')
    expect(await monitorsOf(identity)).toEqual([])
  })

  test.each([
    ['monitoring-base', { monitoringBase: 'FactoryDefault' }, 'SetMonitoringBase', 'Accepted'],
    ['monitoring-base', { monitoringBase: 'All' }, 'SetMonitoringBase', 'NotSupported'],
    ['monitoring-level', { severity: 4 }, 'SetMonitoringLevel', 'Accepted'],
    ['monitoring-level', { severity: 9 }, 'SetMonitoringLevel', 'Rejected'],
  ])('%s %j is sent, and the answer is told', async (path, body, action, status) => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    const answered = await commanded(raw, at(identity, path), body, action, { status })
    expect(answered.sent).toEqual(body)
    expect(answered).toMatchObject({ status: 200, body: { status } })
  })

  test('alarm, from the event that begins it to the one that ends it', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    await commanded(raw, at(identity, 'monitors'), { monitors: [wanted] }, 'SetVariableMonitoring', set(4))
    await notifies(raw, event({ techCode: 'T1' }))
    const open = {
      chargePointId: identity,
      key: 'EVSE@1.Temperature',
      ...temperature,
      beganAt: timestamp,
      endedAt: null,
      severity: 3,
      actualValue: '82.5',
      endValue: null,
      techCode: 'T1',
      monitorId: 4,
    }
    expect(await alarmsOf(identity)).toMatchObject([open])
    expect(await alarmsOf(identity, '&open=true&severity=3&component=evse&variable=temperature')).toMatchObject([open])
    for (const query of ['&severity=2', '&open=false', '&variable=Power', '&from=2026-02-01T00:00:00Z']) {
      expect(await alarmsOf(identity, query)).toEqual([])
    }
    // The monitor is gone, and the alarm keeps its severity.
    const clearMonitoringResult = [{ id: 4, status: 'Accepted' }]
    const clear = { clearMonitoringResult }
    await commanded(raw, at(identity, 'monitors/clear'), { ids: [4] }, 'ClearVariableMonitoring', clear, 'POST')
    const endedAt = '2026-01-31T12:05:00.000Z'
    const end = event({ eventId: 2, timestamp: endedAt, actualValue: '60', cleared: true })
    await notifies(raw, end)
    const ended = { ...open, endedAt, endValue: '60' }
    expect(await alarmsOf(identity, '&open=false')).toMatchObject([ended])
    // What is sent again changes nothing.
    await notifies(raw, event({ techCode: 'T1' }))
    await notifies(raw, end)
    expect(await alarmsOf(identity)).toMatchObject([ended])
    await notifies(raw, event({ eventId: 3, timestamp: '2026-01-31T13:00:00.000Z' }))
    expect(await alarmsOf(identity)).toMatchObject([{ endedAt: null, severity: null }, ended])
    expect(await alarmsOf(identity, '&open=true')).toHaveLength(1)
  })

  test('alarm in a long message, too', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    const more = Array.from({ length: 60 }, (_, at) =>
      event({ eventId: at, trigger: 'Delta', techInfo: 'x'.repeat(99) }),
    )
    await notifies(raw, ...more, event())
    expect(await alarmsOf(identity)).toMatchObject([{ endedAt: null }])
  })
})

test('a charge point of 1.6 has no monitors', async () => {
  const identity = newIdentity()
  await central.bootedRaw(identity)
  for (const [path, method, body] of [
    ['monitors', 'PUT', { monitors: [wanted] }],
    ['monitors/clear', 'POST', { ids: [1] }],
    ['monitoring-base', 'PUT', { monitoringBase: 'All' }],
    ['monitoring-level', 'PUT', { severity: 1 }],
    ['monitoring-report', 'POST', {}],
  ] as const) {
    expect(await central.api(at(identity, path), { method, body })).toMatchObject({ status: 409 })
  }
})
