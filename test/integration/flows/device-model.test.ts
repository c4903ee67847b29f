// The device model over the whole way: reports as jobs, what answers tell, the search over all charge points.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { OcppVersion } from '../../../src/ocpp/version.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

type Json = Record<string, unknown>

let central: TestStator
let stations = 0

beforeAll(async () => {
  central = await TestStator.start({ settings: { OCPP: { CallTimeout: 5 } } })
})

afterAll(() => central.stop())

const newIdentity = (): string => `DEV-${++stations}`
const generatedAt = '2026-01-31T12:00:00.000Z'
const interval = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }
const threshold = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'OfflineThreshold' } }

const reported = (name: object, value: string): Json => ({
  ...name,
  variableAttribute: [{ value, mutability: 'ReadWrite' }],
})

/** Sends a request of the operator, and answers the CALL that comes of it. */
async function commanded(raw: RawChargePoint, path: string, body: Json, action: string, answer: Json, method = 'POST') {
  const answering = central.api(path, method === 'GET' ? {} : { method, body })
  const { messageId, payload } = await raw.command(action)
  raw.answer(messageId, answer)
  return { ...(await answering), sent: payload }
}

const at = (identity: string, path: string): string => `/api/chargepoints/${identity}/${path}`
const jobOf = (id: unknown): Promise<Json> => central.json(`/api/jobs/${id}`)
const variablesOf = async (identity: string): Promise<Json[]> =>
  (await central.json(at(identity, 'variables')))['variables'] as Json[]
const reportsOf = async (identity: string): Promise<Json[]> =>
  (await central.json(at(identity, 'reports')))['reports'] as Json[]

async function part(raw: RawChargePoint, requestId: unknown, seqNo: number, tbc: boolean, ...reportData: Json[]) {
  const data = reportData.length === 0 ? {} : { reportData }
  await raw.call('NotifyReport', { requestId, generatedAt, seqNo, tbc, ...data })
}

describe.each(['2.0.1', '2.1'] as const)('a report of %s', (version: OcppVersion) => {
  test('is a job that ends when all parts have come, in whatever order', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    const answer = { status: 'Accepted' }
    const { status, body, sent } = await commanded(raw, at(identity, 'base-report'), {}, 'GetBaseReport', answer)
    const { jobId } = body
    expect([status, body]).toEqual([
      200,
      { status: 'Accepted', message: 'The charge point sends the report', jobId: expect.any(Number) },
    ])
    expect(sent).toEqual({ requestId: expect.any(Number), reportBase: 'FullInventory' })
    const { requestId } = sent
    await part(raw, requestId, 0, true, reported(interval, '300'))
    expect(await jobOf(jobId)).toMatchObject({ kind: 'baseReport', state: 'running', status: 'Receiving', requestId })
    await part(raw, requestId, 2, false)
    expect(await jobOf(jobId)).toMatchObject({ state: 'running', status: 'PartsMissing' })
    expect(await reportsOf(identity)).toMatchObject([
      {
        kind: 'variables',
        requestId,
        status: 'PartsMissing',
        lastSeqNo: 2,
        missing: [{ from: 1, to: 1 }],
        generatedAt,
      },
    ])
    await part(raw, requestId, 1, true, reported(threshold, '60'))
    expect(await jobOf(jobId)).toMatchObject({ state: 'succeeded', status: 'Complete' })
    expect(await reportsOf(identity)).toMatchObject([{ status: 'Complete', missing: [] }])
    // A part that comes again changes nothing.
    await part(raw, requestId, 1, true, reported(threshold, '60'))
    expect(await central.json(`/api/anomalies?chargePointId=${identity}`)).toMatchObject({ totalCount: 0 })
    expect(await variablesOf(identity)).toMatchObject([
      { key: 'OCPPCommCtrlr.HeartbeatInterval', ...interval, value: '300', generatedAt },
      { ...threshold, value: '60', generatedAt },
    ])
  })

  test('of some variables and states is asked for in the words of the request', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    const wish = {
      variables: [interval, { component: { name: 'EVSE', evse: { id: 1 } } }, keyOf('ConnectionTimeOut')],
      criteria: ['Problem'],
    }
    const answer = { status: 'EmptyResultSet' }
    const { body, sent } = await commanded(raw, at(identity, 'report'), wish, 'GetReport', answer)
    expect(sent).toEqual({
      componentVariable: [
        interval,
        { component: { name: 'EVSE', evse: { id: 1 } } },
        { component: { name: 'TxCtrlr' }, variable: { name: 'EVConnectionTimeOut' } },
      ],
      requestId: expect.any(Number),
      componentCriteria: ['Problem'],
    })
    expect(await jobOf(body['jobId'])).toMatchObject({ kind: 'report', state: 'succeeded', status: 'EmptyResultSet' })
  })

  test('that the charge point refuses is a job that is rejected', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    const wish = { reportBase: 'SummaryInventory' }
    const answer = { status: 'NotSupported' }
    const { status, body } = await commanded(raw, at(identity, 'base-report'), wish, 'GetBaseReport', answer)
    expect([status, body['status']]).toEqual([200, 'NotSupported'])
    expect(await jobOf(body['jobId'])).toMatchObject({ state: 'rejected', status: 'NotSupported' })
  })
})

const keyOf = (name: string): Json => ({ component: { name: 'Configuration' }, variable: { name } })

describe('the configuration of 1.6', () => {
  test('is reported by one answer, and is in the same model', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity)
    const configurationKey = [
      { key: 'HeartbeatInterval', readonly: false, value: '300' },
      { key: 'NumberOfConnectors', readonly: true, value: '2' },
      { key: 'AuthorizationKey', readonly: false, value: 'a secret password' },
    ]
    const answer = { configurationKey }
    const { body, sent } = await commanded(raw, at(identity, 'base-report'), {}, 'GetConfiguration', answer)
    expect([sent, body]).toEqual([
      {},
      { status: 'Complete', message: 'The charge point has told its configuration', jobId: expect.any(Number) },
    ])
    expect(await jobOf(body['jobId'])).toMatchObject({ kind: 'baseReport', state: 'succeeded' })
    expect(await variablesOf(identity)).toMatchObject([
      { key: 'AuthorizationKey', ...keyOf('AuthorizationKey'), value: null },
      { key: 'HeartbeatInterval', value: '300', mutability: 'ReadWrite', attributeType: 'Actual', generatedAt: null },
      { key: 'NumberOfConnectors', value: '2', mutability: 'ReadOnly' },
    ])
  })

  test('is reported in part, by keys or by the variables that mean the same', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity)
    const wish = { variables: [interval, keyOf('Vendor')] }
    const configurationKey = [{ key: 'HeartbeatInterval', readonly: false, value: '300' }]
    const answer = { configurationKey, unknownKey: ['Vendor'] }
    const { body, sent } = await commanded(raw, at(identity, 'report'), wish, 'GetConfiguration', answer)
    expect(sent).toEqual({ key: ['HeartbeatInterval', 'Vendor'] })
    const { history } = await jobOf(body['jobId'])
    expect(history).toMatchObject([{}, { status: 'Complete', detail: { unknownKey: ['Vendor'] } }])
    for (const bad of [{ criteria: ['Problem'] }, { variables: [{ component: { name: 'EVSE' } }] }]) {
      expect(await central.api(at(identity, 'report'), { body: bad })).toMatchObject({ status: 409 })
    }
    expect(await central.api(at(identity, 'report'), { body: {} })).toMatchObject({ status: 400 })
  })
})

test('a report that is queued is asked for after the next boot', async () => {
  const identity = newIdentity()
  await central.provision(identity)
  const path = at(identity, 'base-report')
  expect(await central.api(path, { body: {} })).toMatchObject({ status: 409 })
  const queued = await central.api(path, { body: { queue: true, expiresInSeconds: 600 } })
  expect(queued).toMatchObject({ status: 202, body: { status: 'Queued' } })
  const raw = await central.raw(identity, { subprotocols: ['ocpp2.0.1'] })
  await raw.call('BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } })
  const { messageId, payload } = await raw.command('GetBaseReport')
  raw.answer(messageId, { status: 'Accepted' })
  await part(raw, payload['requestId'], 0, false, reported(interval, '60'))
  await until('the job to succeed', async () => (await jobOf(queued.body['jobId']))['state'] === 'succeeded')
})

describe('the model over all charge points', () => {
  const found = async (query: string): Promise<unknown[]> => {
    const { variables } = await central.json(`/api/variables?${query}`)
    return (variables as Json[]).map(({ chargePointId, value }) => [chargePointId, value])
  }

  test('is searched by names in any letter case, and by values', async () => {
    const [one, two, old] = [newIdentity(), newIdentity(), newIdentity()]
    const variable = { component: { name: 'FleetCtrlr', evse: { id: 1 } }, variable: { name: 'Limit', instance: 'A' } }
    for (const [identity, value] of [
      [one, '16'],
      [two, '32'],
    ] as const) {
      await part(await central.bootedRaw(identity, '2.0.1'), 1, 0, false, reported(variable, value))
    }
    const raw = await central.bootedRaw(old)
    const configurationKey = [{ key: 'limit', readonly: false, value: '16' }]
    await commanded(raw, at(old, 'base-report'), {}, 'GetConfiguration', { configurationKey })
    const all = [
      [one, '16'],
      [two, '32'],
      [old, '16'],
    ]
    expect(await found('variable=LIMIT')).toEqual(all)
    expect(await found('variable=limit&value=16')).toEqual([all[0], all[2]])
    expect(await found('variable=limit&component=fleetctrlr&evseId=1&variableInstance=a')).toEqual(all.slice(0, 2))
    expect(await found('variable=limit&evseId=2')).toEqual([])
    expect(await found(`variable=limit&chargePointId=${two}`)).toEqual([all[1]])
    expect(await found('variable=limit&attributeType=Target')).toEqual([])
    expect(await found(`chargePointId=${two}&component=FleetCtrlr`)).toEqual([all[1]])
    const first = await central.json('/api/variables?variable=limit&pageSize=2')
    const { next, totalCount } = first
    expect(totalCount).toBe(3)
    expect(await found(`variable=limit&pageSize=2&after=${next}`)).toEqual([all[2]])
    expect(await central.api('/api/variables?component=FleetCtrlr')).toMatchObject({ status: 400 })
    await central.api(`/api/chargepoints/${two}`, { method: 'DELETE' })
    expect(await found('variable=limit')).toEqual([all[0], all[2]])
  })
})

describe.each(['2.0.1', '2.1'] as const)('variables of %s', (version: OcppVersion) => {
  const settings = (...names: readonly string[]): Json[] =>
    names.map((name) => ({ component: { name: 'TestCtrlr' }, variable: { name }, value: `${name}!` }))
  const named = (name: string): Json => ({ component: { name: 'TestCtrlr' }, variable: { name } })
  const result = (name: string, attributeStatus: string): Json => ({ ...named(name), attributeStatus })
  const limit = (name: string, instance: string, value: string): Json =>
    reported({ component: { name: 'DeviceDataCtrlr' }, variable: { name, instance } }, value)

  test('are set with one request, in as many messages as the charge point takes', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    await part(raw, 1, 0, false, limit('ItemsPerMessage', 'SetVariables', '2'))
    const variables = settings('A', 'B', 'C')
    const answering = central.api(at(identity, 'variables'), { method: 'PUT', body: { variables } })
    const one = await raw.command('SetVariables')
    expect(one.payload).toEqual({
      setVariableData: [
        { attributeValue: 'A!', ...named('A') },
        { attributeValue: 'B!', ...named('B') },
      ],
    })
    raw.answer(one.messageId, { setVariableResult: [result('B', 'RebootRequired'), result('A', 'Accepted')] })
    const other = await raw.command('SetVariables')
    expect(other.payload['setVariableData']).toHaveLength(1)
    raw.answer(other.messageId, { setVariableResult: [result('C', 'Rejected')] })
    expect(await answering).toMatchObject({
      status: 200,
      body: {
        rebootRequired: true,
        results: [
          { key: 'TestCtrlr.A', ...named('A'), attributeType: 'Actual', status: 'Accepted' },
          { key: 'TestCtrlr.B', status: 'RebootRequired' },
          { key: 'TestCtrlr.C', status: 'Rejected' },
        ],
      },
    })
    expect((await variablesOf(identity)).slice(1)).toMatchObject([
      { ...named('A'), value: 'A!', pendingValue: null, generatedAt: null, mutability: null },
      { ...named('B'), value: null, pendingValue: 'B!' },
    ])
  })

  test('that were set before a message failed are told; the rest has the error', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    await part(raw, 1, 0, false, limit('ItemsPerMessage', 'SetVariables', '1'))
    const variables = settings('A', 'B', 'C')
    const answering = central.api(at(identity, 'variables'), { method: 'PUT', body: { variables } })
    const one = await raw.command('SetVariables')
    raw.answer(one.messageId, { setVariableResult: [result('A', 'Accepted')] })
    const other = await raw.command('SetVariables')
    raw.send(JSON.stringify([4, other.messageId, 'InternalError', '', {}]))
    const { status, body } = await answering
    expect(status).toBe(200)
    expect(body['results']).toMatchObject([
      { status: 'Accepted' },
      { status: null, message: 'The charge point answered SetVariables with InternalError' },
      { status: null, message: 'It was not sent: a message before it failed' },
    ])
  })

  test('are read with one request, other attributes too, and what is told is stored', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, version)
    const variables = [{ ...named('A'), attributeType: 'MaxSet' }, keyOf('HeartbeatInterval'), named('Unknown')]
    const getVariableResult = [
      { ...result('A', 'Accepted'), attributeType: 'MaxSet', attributeValue: '32' },
      { ...interval, attributeStatus: 'Accepted', attributeValue: '60' },
      result('Unknown', 'UnknownVariable'),
    ]
    const answer = { getVariableResult }
    const { body, sent } = await commanded(raw, at(identity, 'variables/read'), { variables }, 'GetVariables', answer)
    expect(sent).toEqual({ getVariableData: [{ attributeType: 'MaxSet', ...named('A') }, interval, named('Unknown')] })
    expect(body['results']).toMatchObject([
      { status: 'Accepted', attributeType: 'MaxSet', value: '32' },
      { key: 'HeartbeatInterval', status: 'Accepted', value: '60' },
      { status: 'UnknownVariable', value: null },
    ])
    expect(await variablesOf(identity)).toMatchObject([
      { ...interval, value: '60' },
      { ...named('A'), attributeType: 'MaxSet', value: '32' },
    ])
    // Answers are no report: all of the configuration is still asked for.
    const { sent: asked } = await commanded(raw, at(identity, 'configuration'), {}, 'GetVariables', answer, 'GET')
    expect((asked['getVariableData'] as unknown[]).length).toBeGreaterThan(3)
  })

  test('that wait are set while the boot is pending, and nothing else is', async () => {
    const identity = newIdentity()
    await central.provision(identity, { registrationStatus: 'Pending' })
    await central.json(at(identity, 'base-report'), { body: { queue: true } }, 202)
    const body = { variables: settings('A', 'B'), queue: true }
    const queued = await central.json(at(identity, 'variables'), { method: 'PUT', body }, 202)
    const [one, other, ...more] = queued['jobIds'] as readonly number[]
    expect([queued['status'], more]).toEqual(['Queued', []])
    const raw = await central.raw(identity, { subprotocols: [`ocpp${version}`] })
    const chargingStation = { vendorName: 'V', model: 'M' }
    const boot = { reason: 'PowerUp', chargingStation }
    expect(await raw.call('BootNotification', boot)).toMatchObject({ status: 'Pending' })
    for (const [name, status] of [
      ['A', 'RebootRequired'],
      ['B', 'Rejected'],
    ] as const) {
      const { messageId, payload } = await raw.command('SetVariables')
      expect(payload).toMatchObject({ setVariableData: [{ attributeValue: `${name}!` }] })
      raw.answer(messageId, { setVariableResult: [result(name, status)] })
    }
    await until('both jobs to end', async () => (await jobOf(other))['endedAt'] !== null)
    expect(await jobOf(one)).toMatchObject({ kind: 'setVariables', state: 'succeeded', status: 'RebootRequired' })
    expect(await jobOf(other)).toMatchObject({ state: 'rejected', status: 'Rejected' })
    expect(await central.json(`/api/jobs?chargePointId=${identity}&state=queued`)).toMatchObject({
      jobs: [{ kind: 'baseReport' }],
    })
    // The operator lets it in: at its next boot the rest is sent.
    await central.json(`/api/chargepoints/${identity}`, { method: 'PATCH', body: { registrationStatus: 'Accepted' } })
    expect(await raw.call('BootNotification', boot)).toMatchObject({ status: 'Accepted' })
    raw.answer((await raw.command('GetBaseReport')).messageId, { status: 'Accepted' })
  })
})

describe('variables of 1.6', () => {
  test('are set key by key', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity)
    const variables = [
      { ...interval, value: '60' },
      { ...keyOf('VendorKey'), value: 'x' },
    ]
    const answering = central.api(at(identity, 'variables'), { method: 'PUT', body: { variables } })
    for (const [payload, status] of [
      [{ key: 'HeartbeatInterval', value: '60' }, 'RebootRequired'],
      [{ key: 'VendorKey', value: 'x' }, 'NotSupported'],
    ] as const) {
      const call = await raw.command('ChangeConfiguration')
      expect(call.payload).toEqual(payload)
      raw.answer(call.messageId, { status })
    }
    expect((await answering).body).toMatchObject({
      rebootRequired: true,
      results: [
        { ...interval, status: 'RebootRequired' },
        { key: 'VendorKey', status: 'UnknownVariable' },
      ],
    })
    expect(await variablesOf(identity)).toMatchObject([{ key: 'HeartbeatInterval', value: null, pendingValue: '60' }])
  })

  test('are read in lists that are as long as the charge point says', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity)
    const told = { configurationKey: [{ key: 'GetConfigurationMaxKeys', readonly: true, value: '1' }] }
    await commanded(raw, at(identity, 'base-report'), {}, 'GetConfiguration', told)
    const body = { variables: [interval, keyOf('VendorKey')] }
    const answering = central.api(at(identity, 'variables/read'), { body })
    for (const [key, answer] of [
      ['HeartbeatInterval', { configurationKey: [{ key: 'heartbeatinterval', readonly: false, value: '60' }] }],
      ['VendorKey', { unknownKey: ['VendorKey'] }],
    ] as const) {
      const call = await raw.command('GetConfiguration')
      expect(call.payload).toEqual({ key: [key] })
      raw.answer(call.messageId, answer)
    }
    expect((await answering).body).toMatchObject({
      results: [
        { ...interval, status: 'Accepted', value: '60' },
        { key: 'VendorKey', status: 'UnknownVariable', value: null },
      ],
    })
    for (const bad of [
      { component: { name: 'EVSE' }, variable: { name: 'Power' } },
      { ...interval, attributeType: 'MaxSet' },
    ]) {
      const request = { body: { variables: [bad] } }
      expect(await central.api(at(identity, 'variables/read'), request)).toMatchObject({
        status: 400,
        body: { details: { field: 'variables[0]' } },
      })
    }
  })
})

describe('a network profile', () => {
  const profile = { csmsUrl: 'wss://csms.example.com/ocpp', securityProfile: 2, interface: 'Wired0' }

  test('is stored by the charge point, or refused, as a job', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, '2.0.1')
    const path = at(identity, 'network-profiles/3')
    const one = await commanded(raw, path, profile, 'SetNetworkProfile', { status: 'Accepted' }, 'PUT')
    expect(one.sent).toMatchObject({ configurationSlot: 3, connectionData: { ocppCsmsUrl: profile.csmsUrl } })
    expect(await jobOf(one.body['jobId'])).toMatchObject({ kind: 'networkProfile', state: 'succeeded' })
    const other = await commanded(raw, path, profile, 'SetNetworkProfile', { status: 'Failed' }, 'PUT')
    expect(await jobOf(other.body['jobId'])).toMatchObject({ state: 'rejected', status: 'Failed' })
    for (const bad of [
      { ...profile, csmsUrl: 'https://csms.example.com' },
      { ...profile, securityProfile: 4 },
    ]) {
      expect(await central.api(path, { method: 'PUT', body: bad })).toMatchObject({ status: 400 })
    }
  })

  test('with a new password makes that valid beside the present one, in 2.1', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, '2.1')
    const password = 'a new password of some length'
    const body = { ...profile, password }
    const path = at(identity, 'network-profiles/1')
    const { sent } = await commanded(raw, path, body, 'SetNetworkProfile', { status: 'Accepted' }, 'PUT')
    expect(sent).toMatchObject({ connectionData: { basicAuthPassword: password } })
    await central.raw(identity, { subprotocols: ['ocpp2.1'], password })
  })

  test('is unknown to 1.6', async () => {
    const identity = newIdentity()
    await central.bootedRaw(identity)
    const path = at(identity, 'network-profiles/1')
    expect(await central.api(path, { method: 'PUT', body: profile })).toMatchObject({ status: 409 })
  })
})
