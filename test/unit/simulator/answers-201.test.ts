// What a simulated charge point of 2.0.1 remembers of what it was told, and does because of it.

import { afterEach, beforeEach, expect, test } from 'bun:test'
import { checkRequest, checkResponse } from '../../../src/examine/schema.ts'
import { SimulatedChargePoint } from '../../../src/simulator/charge-point.ts'
import { FakeCentralSystem } from '../../support/fake-central-system.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { until } from '../../support/until.ts'

let clock: HandClock
let central: FakeCentralSystem
let station: SimulatedChargePoint

beforeEach(async () => {
  clock = new HandClock()
  central = new FakeCentralSystem('2.0.1')
  const options = { url: central.url, identity: 'CP1', version: '2.0.1', connectors: 2, clock, paceMs: 1_000 } as const
  station = new SimulatedChargePoint({ ...options, random: () => 0.5 })
  await station.start()
})

afterEach(() => {
  station.stop()
  central.stop()
  // Whatever it sent is as the schemas have it.
  for (const { action, payload } of [...central.calls, ...central.sends]) {
    expect({ action, problems: checkRequest('2.0.1', action, payload) }).toEqual({ action, problems: [] })
  }
})

/** The answer to a command, which must fit its schema. */
async function answerTo(action: string, payload: object): Promise<unknown> {
  expect({ action, problems: checkRequest('2.0.1', action, payload) }).toEqual({ action, problems: [] })
  const answer = await central.command(action, payload)
  if (answer.kind === 'error') throw new Error(`${action} was answered with ${answer.code} ${answer.description}`)
  expect({ action, problems: checkResponse('2.0.1', action, answer.payload) }).toEqual({ action, problems: [] })
  return answer.payload
}

/** The payloads of an action, once `count` of them have come; a second of the hand clock passes before each look. */
function arrived(action: string, count = 1): Promise<readonly unknown[]> {
  return until(`${count} ${action}`, () => {
    const found = central.payloads(action)
    if (found.length < count) clock.pass(1_000)
    return found.length >= count ? [...found] : null
  })
}

const accepted = { status: 'Accepted' }
const component = { name: 'OCPPCommCtrlr' }
const variable = { name: 'HeartbeatInterval' }

function monitor(type: string, value: number, severity = 5): object {
  return { setMonitoringData: [{ value, type, severity, component, variable }] }
}

async function heartbeatInterval(attributeValue: string): Promise<void> {
  await answerTo('SetVariables', { setVariableData: [{ component, variable, attributeValue }] })
}

test('a monitor reports a value that crosses its threshold, unless its severity is too low', async () => {
  await answerTo('SetVariableMonitoring', monitor('UpperThreshold', 500))
  await heartbeatInterval('400')
  await heartbeatInterval('600')
  expect(await arrived('NotifyEvent')).toMatchObject([
    { eventData: [{ trigger: 'Alerting', actualValue: '600', variableMonitoringId: 1, component, variable }] },
  ])
  await heartbeatInterval('400')
  await answerTo('SetMonitoringLevel', { severity: 4 })
  await heartbeatInterval('700')
  expect(central.payloads('NotifyEvent')).toHaveLength(1)
})

test('a periodic monitor reports again and again until the monitoring base takes it away', async () => {
  await answerTo('SetVariableMonitoring', monitor('Periodic', 2))
  await arrived('NotifyEvent', 2)
  expect(await answerTo('GetMonitoringReport', { requestId: 1, monitoringCriteria: ['DeltaMonitoring'] })).toEqual({
    status: 'EmptyResultSet',
  })
  expect(await answerTo('GetMonitoringReport', { requestId: 2, monitoringCriteria: ['PeriodicMonitoring'] })).toEqual(
    accepted,
  )
  expect(await arrived('NotifyMonitoringReport')).toMatchObject([{ requestId: 2, monitor: [{ component, variable }] }])
  expect(await answerTo('SetMonitoringBase', { monitoringBase: 'FactoryDefault' })).toEqual(accepted)
  expect(await answerTo('GetMonitoringReport', { requestId: 3 })).toEqual({ status: 'EmptyResultSet' })
})

test('a report has only what is in the state that was asked for', async () => {
  station.setStatus(2, 'Faulted')
  expect(await answerTo('GetReport', { requestId: 1, componentCriteria: ['Problem'] })).toEqual(accepted)
  expect(await arrived('NotifyReport')).toMatchObject([
    { requestId: 1, tbc: false, reportData: [{ component: { name: 'EVSE', evse: { id: 2 } } }] },
  ])
  expect(await answerTo('GetReport', { requestId: 2, componentCriteria: ['Active'] })).toEqual({
    status: 'EmptyResultSet',
  })
})

test('what is known of a customer is reported, and cleared on request', async () => {
  await station.authorize('USER123')
  const idToken = { idToken: 'USER123', type: 'Central' }
  const ask = (requestId: number, clear: boolean) =>
    answerTo('CustomerInformation', { requestId, report: true, clear, idToken })
  expect(await ask(1, true)).toEqual(accepted)
  expect(await ask(2, false)).toEqual(accepted)
  const [first, second] = await arrived('NotifyCustomerInformation', 2)
  expect(first).toMatchObject({ requestId: 1, data: 'authorisation cache: Accepted' })
  expect(second).toMatchObject({ requestId: 2, data: '' })
  expect(await answerTo('CustomerInformation', { requestId: 3, report: true, clear: false })).toMatchObject({
    status: 'Invalid',
  })
})

test('firmware is published step by step, and unpublished', async () => {
  const request = { location: 'https://firmware.example.com/f.bin', checksum: 'abc', requestId: 4 }
  expect(await answerTo('UnpublishFirmware', { checksum: 'abc' })).toEqual({ status: 'NoFirmware' })
  expect(await answerTo('PublishFirmware', request)).toEqual(accepted)
  expect(await answerTo('UnpublishFirmware', { checksum: 'abc' })).toEqual({ status: 'DownloadOngoing' })
  const statuses = await arrived('PublishFirmwareStatusNotification', 4)
  expect(statuses).toMatchObject(
    ['Downloading', 'Downloaded', 'ChecksumVerified', 'Published'].map((status) => ({ status })),
  )
  expect(await answerTo('UnpublishFirmware', { checksum: 'abc' })).toEqual({ status: 'Unpublished' })
})

test('signed firmware is verified, and a second update cancels the first', async () => {
  const signingCertificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
  const update = (requestId: number, certificate = signingCertificate) => {
    const firmware = {
      location: 'https://firmware.example.com/firmware-2.0.0.bin',
      retrieveDateTime: new Date(clock.nowMs()).toISOString(),
      signingCertificate: certificate,
      signature: 'c2ln',
    }
    return answerTo('UpdateFirmware', { requestId, firmware })
  }
  expect(await update(1, 'none')).toEqual({ status: 'InvalidCertificate' })
  expect(await update(2)).toEqual(accepted)
  await arrived('FirmwareStatusNotification')
  expect(await update(3)).toEqual({ status: 'AcceptedCanceled' })
  await until('the signature to be verified', () => {
    clock.pass(1_000)
    return central.payloads('FirmwareStatusNotification').some(({ status }) => status === 'SignatureVerified')
  })
})

test('certificates for ISO 15118 are requested with a key of their own', async () => {
  expect(await answerTo('TriggerMessage', { requestedMessage: 'SignV2GCertificate' })).toEqual(accepted)
  expect(await answerTo('TriggerMessage', { requestedMessage: 'SignChargingStationCertificate' })).toEqual(accepted)
  const requests = await arrived('SignCertificate', 2)
  expect(requests).toEqual(expect.arrayContaining([expect.objectContaining({ certificateType: 'V2GCertificate' })]))
  expect(new Set(requests.map((one) => (one as { csr: string }).csr)).size).toBe(2)
  const certificateChain = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
  const certificateType = 'V2GCertificate'
  expect(await answerTo('CertificateSigned', { certificateChain, certificateType })).toEqual({ status: 'Rejected' })
})

test('a reset of one EVSE ends its transaction, and no other', async () => {
  for (const connectorId of [1, 2]) {
    station.plugIn(connectorId)
    await station.startTransaction(connectorId, 'USER123')
  }
  expect(await answerTo('Reset', { type: 'OnIdle', evseId: 1 })).toEqual({ status: 'Scheduled' })
  expect(await answerTo('Reset', { type: 'Immediate', evseId: 1 })).toEqual(accepted)
  await until('the first transaction to end', () => station.connector(1)?.transaction === null)
  expect(station.connector(2)?.transaction).not.toBeNull()
  expect(await answerTo('Reset', { type: 'Immediate', evseId: 9 })).toEqual({ status: 'Rejected' })
})
