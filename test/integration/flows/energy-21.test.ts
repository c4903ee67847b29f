// What only 2.1 has, over REST, with a charge point that speaks for itself: priority charging, dynamic schedules, allowed
// energy transfers, aFRR signals, DER controls and their alarms, battery swaps, event streams and payments.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'

type Json = Record<string, unknown>

const identity = 'ENERGY-21'
const base = `/api/chargepoints/${identity}`
const at = '2026-01-31T12:00:00.000Z'
let stator: TestStator
let raw: RawChargePoint
let transactionId: number

beforeAll(async () => {
  stator = await TestStator.start({ settings: { OCPP: { CallTimeout: 1 } } })
  await stator.addIdTag('USER123', { type: 'ISO14443' })
  raw = await stator.bootedRaw(identity, '2.1')
  await raw.call('TransactionEvent', {
    eventType: 'Started',
    timestamp: new Date().toISOString(),
    triggerReason: 'Authorized',
    seqNo: 0,
    transactionInfo: { transactionId: 'tx-1' },
    evse: { id: 1, connectorId: 1 },
    idToken: { idToken: 'USER123', type: 'ISO14443' },
  })
  const { transactions } = await stator.json(`/api/transactions?chargePointId=${identity}&open=true`)
  transactionId = Number((transactions as Json[])[0]?.['transactionId'])
})

afterAll(() => stator.stop())

/** Sends a command, and answers for the charge point. */
async function commanded(path: string, body: Json, action: string, answer: Json = { status: 'Accepted' }) {
  const asked = stator.json(`${base}${path}`, { body })
  const { messageId, payload } = await raw.command(action)
  raw.answer(messageId, answer)
  return { payload, answer: await asked }
}

async function listed(path: string, name: string): Promise<Json[]> {
  return (await stator.json(`${base}${path}`))[name] as Json[]
}

const named = () => ({ transactionId, stationTransactionId: 'tx-1' })

test('priority charging is what was accepted, or what the charge point says later', async () => {
  const body = { transactionId, activate: true }
  const { payload } = await commanded('/priority-charging', body, 'UsePriorityCharging')
  expect(payload).toEqual({ transactionId: 'tx-1', activate: true })
  const path = `/priority-charging?transactionId=${transactionId}`
  expect(await listed(path, 'priorityCharging')).toMatchObject([{ ...named(), active: true }])
  await raw.call('NotifyPriorityCharging', { transactionId: 'tx-1', activated: false })
  expect(await listed(path, 'priorityCharging')).toMatchObject([{ ...named(), active: false }])
  const none = await commanded('/priority-charging', body, 'UsePriorityCharging', { status: 'NoProfile' })
  expect(none.answer['message']).toContain('no charging profile')
  expect(await listed(path, 'priorityCharging')).toMatchObject([{ active: false }])
})

test('the limits of a dynamic profile are sent, and are the answer when the charge point asks for them', async () => {
  const path = '/dynamic-schedules'
  expect(await raw.call('PullDynamicScheduleUpdate', { chargingProfileId: 5 })).toEqual({ status: 'Rejected' })
  const scheduleUpdate = { limit: 16.1 }
  const { payload } = await commanded(path, { profileId: 5, scheduleUpdate }, 'UpdateDynamicSchedule')
  expect(payload).toEqual({ chargingProfileId: 5, scheduleUpdate })
  expect(await raw.call('PullDynamicScheduleUpdate', { chargingProfileId: 5 })).toEqual({
    status: 'Accepted',
    scheduleUpdate,
  })
  const stored = { profileId: 6, scheduleUpdate: { setpoint: -5 }, send: false }
  expect(await stator.json(`${base}${path}`, { body: stored })).toMatchObject({ status: 'Stored' })
  expect(await raw.call('PullDynamicScheduleUpdate', { chargingProfileId: 6 })).toMatchObject({
    scheduleUpdate: { setpoint: -5 },
  })
  expect(await listed(path, 'dynamicSchedules')).toMatchObject([
    { profileId: 5, scheduleUpdate, status: 'Accepted', setBy: 'admin' },
    { profileId: 6, status: null },
  ])
  expect(await stator.api(`${base}${path}`, { body: { ...stored, scheduleUpdate: { limit: 'a' } } })).toMatchObject({
    status: 400,
  })
})

test('how energy may flow in a transaction, and signals of the grid operator, are listed as they were accepted', async () => {
  const allowedEnergyTransfer = ['DC', 'DC_BPT']
  const transfer = '/allowed-energy-transfer'
  const body = { transactionId, allowedEnergyTransfer }
  const { payload } = await commanded(transfer, body, 'NotifyAllowedEnergyTransfer')
  expect(payload).toEqual({ transactionId: 'tx-1', allowedEnergyTransfer })
  await commanded(transfer, { ...body, allowedEnergyTransfer: ['DC'] }, 'NotifyAllowedEnergyTransfer', {
    status: 'Rejected',
  })
  expect(await listed(transfer, 'allowedEnergyTransfers')).toMatchObject([{ ...named(), allowedEnergyTransfer }])
  const signal = await commanded('/afrr-signals', { signal: -3, timestamp: at }, 'AFRRSignal')
  expect(signal.payload).toEqual({ timestamp: at, signal: -3 })
  expect(await listed('/afrr-signals', 'afrrSignals')).toMatchObject([
    { signal: -3, timestamp: at, status: 'Accepted' },
  ])
})

test('a DER control is accepted, started, superseded and cleared, by its id or with all of its type', async () => {
  const path = '/der-controls'
  const set = (controlId: string, answer?: Json, more: Json = {}) =>
    commanded(
      path,
      { controlType: 'LimitMaxDischarge', controlId, control: { priority: 1, pctMaxDischargePower: 50 }, ...more },
      'SetDERControl',
      answer,
    )
  const states = async () =>
    Object.fromEntries((await listed(path, 'derControls')).map((one) => [one['controlId'], one['state']]))
  const { payload } = await set('one')
  expect(payload).toEqual({
    isDefault: false,
    controlId: 'one',
    controlType: 'LimitMaxDischarge',
    limitMaxDischarge: { priority: 1, pctMaxDischargePower: 50 },
  })
  await set('refused', { status: 'Rejected' })
  expect(await states()).toEqual({ one: 'accepted' })
  await raw.call('NotifyDERStartStop', { controlId: 'one', started: true, timestamp: at })
  expect(await listed(path, 'derControls')).toMatchObject([{ state: 'started', startedAt: at, stoppedAt: null }])
  await set('two', { status: 'Accepted', supersededIds: ['one'] })
  expect(await states()).toEqual({ one: 'superseded', two: 'accepted' })
  const cleared = await commanded(`${path}/clear`, { isDefault: false, controlId: 'two' }, 'ClearDERControl')
  expect(cleared.payload).toEqual({ isDefault: false, controlId: 'two' })
  await set('three')
  await set('default', undefined, { isDefault: true })
  await commanded(`${path}/clear`, { isDefault: false, controlType: 'LimitMaxDischarge' }, 'ClearDERControl')
  expect(await states()).toEqual({ one: 'superseded', two: 'cleared', three: 'cleared', default: 'accepted' })
  await set('three')
  expect(await states()).toMatchObject({ three: 'accepted' })
})

test('a report of DER controls is a job that ends with its last part, and brings what others have set', async () => {
  const { payload, answer } = await commanded('/der-controls/report', { controlType: 'VoltVar' }, 'GetDERControl')
  const { requestId } = payload
  expect(payload).toEqual({ requestId, controlType: 'VoltVar' })
  const curve = { curveData: [{ x: 1, y: 2 }], priority: 0, yUnit: 'PctMaxVar' }
  const reported = { id: 'curve-1', curveType: 'VoltVar', isDefault: true, isSuperseded: false, curve }
  await raw.call('ReportDERControl', { requestId, tbc: true, curve: [reported] })
  const job = `/api/jobs/${String(answer['jobId'])}`
  expect(await stator.json(job)).toMatchObject({ state: 'running', status: 'Reporting' })
  const fixedPF = { priority: 0, displacement: 1, excitation: true }
  const gone = { id: 'pf-1', isDefault: false, isSuperseded: true, fixedPF }
  await raw.call('ReportDERControl', { requestId, fixedPFInject: [gone] })
  expect(await stator.json(job)).toMatchObject({ state: 'succeeded', status: 'Reported' })
  const controls = await listed('/der-controls?controlType=VoltVar', 'derControls')
  expect(controls).toMatchObject([{ controlId: 'curve-1', state: 'accepted', isDefault: true, control: curve }])
  expect((await listed('/der-controls', 'derControls')).find((one) => one['controlId'] === 'pf-1')).toMatchObject({
    controlType: 'FixedPFInject',
    state: 'superseded',
  })
})

test('DER controls that a report about all of them does not have are cleared', async () => {
  const { payload } = await commanded('/der-controls/report', {}, 'GetDERControl')
  const gradient = { id: 'default', gradient: { priority: 0, gradient: 1, softGradient: 1 } }
  await raw.call('ReportDERControl', { requestId: payload['requestId'], gradient: [gradient] })
  const states = (await listed('/der-controls', 'derControls')).map((one) => [one['controlId'], one['state']])
  expect(Object.fromEntries(states)).toEqual({
    ...{ one: 'superseded', two: 'cleared', three: 'cleared' },
    ...{ default: 'accepted', 'curve-1': 'cleared', 'pf-1': 'superseded' },
  })
})

test('a report takes no DER control away if a part of it was refused', async () => {
  const strict = await stator.bootedRaw('STRICT-21', '2.1', { strictness: 'strict' })
  const path = '/api/chargepoints/STRICT-21/der-controls'
  const control = (id: string) => ({ id, gradient: { priority: 0, gradient: 1, softGradient: 1 } })
  const report = async (...parts: Json[]): Promise<unknown[]> => {
    const asked = stator.json(`${path}/report`, { body: {} })
    const { messageId, payload } = await strict.command('GetDERControl')
    strict.answer(messageId, { status: 'Accepted' })
    await asked
    for (const part of parts) {
      const { requestId } = payload
      await strict.answerTo(strict.sendCall('ReportDERControl', { requestId, ...part }))
    }
    const { derControls } = await stator.json(path)
    return (derControls as Json[]).map((one) => `${String(one['controlId'])} ${String(one['state'])}`).toSorted()
  }
  const first = { gradient: [control('a')], tbc: true }
  expect(await report(first, { gradient: [control('b')] })).toEqual(['a accepted', 'b accepted'])
  expect(await report({ gradient: [control('a')] })).toEqual(['a accepted', 'b cleared'])
  await report(first, { gradient: [control('b')] })
  const refused = { gradient: [{ ...control('b'), id: 7 }], tbc: true }
  expect(await report(first, refused, {})).toEqual(['a accepted', 'b accepted'])
})

test('NotifyDERAlarm begins an alarm, and ends it; an end that names no fault ends all of the control', async () => {
  const alarm = { controlType: 'VoltVar', timestamp: at }
  const later = '2026-01-31T12:05:00.000Z'
  await raw.call('NotifyDERAlarm', { ...alarm, gridEventFault: 'OverVoltage' })
  await raw.call('NotifyDERAlarm', { ...alarm, gridEventFault: 'OverCurrent', extraInfo: 'much' })
  const alarms = async () => (await stator.json(`/api/alarms?chargePointId=${identity}`))['alarms'] as Json[]
  expect((await alarms()).map((one) => [one['actualValue'], one['endedAt']]).toSorted()).toEqual([
    ['OverCurrent', null],
    ['OverVoltage', null],
  ])
  await raw.call('NotifyDERAlarm', { controlType: 'VoltVar', timestamp: later, alarmEnded: true })
  expect((await alarms()).map((one) => [one['beganAt'], one['endedAt']])).toEqual([
    [at, later],
    [at, later],
  ])
})

test('a battery swap is requested, and what the charge point reports of it has its request id', async () => {
  const { payload, answer } = await commanded('/battery-swaps', { idTag: 'USER123' }, 'RequestBatterySwap')
  const { requestId } = answer
  expect(payload).toEqual({ idToken: { idToken: 'USER123', type: 'ISO14443' }, requestId })
  const batteryData = [{ evseId: 1, serialNumber: 'B-1', soC: 20, soH: 95 }]
  const idToken = { idToken: 'USER123', type: 'ISO14443' }
  await raw.call('BatterySwap', { batteryData, eventType: 'BatteryIn', idToken, requestId })
  await raw.call('BatterySwap', { batteryData, eventType: 'BatteryOut', idToken, requestId: 9 })
  expect(await listed(`/battery-swaps?requestId=${String(requestId)}`, 'batterySwaps')).toMatchObject([
    { requestId, event: 'BatteryIn', idTag: 'USER123', message: { batteryData } },
  ])
  expect(await listed('/battery-swaps', 'batterySwaps')).toHaveLength(2)
})

test('an event stream is opened, sends values, is adjusted and closed, or no longer listed', async () => {
  const stream = (id: number) => ({ constantStreamData: { id, params: { interval: 60 }, variableMonitoringId: 7 } })
  expect(await raw.call('OpenPeriodicEventStream', stream(1))).toEqual({ status: 'Accepted' })
  await raw.call('OpenPeriodicEventStream', stream(2))
  await raw.call('OpenPeriodicEventStream', stream(3))
  const value = { data: [{ t: 0, v: '1' }], id: 1, pending: 4, basetime: at }
  raw.send(JSON.stringify([6, 'send-1', 'NotifyPeriodicEventStream', value]))
  await raw.call('Heartbeat', {})
  const path = '/event-streams'
  const { payload } = await commanded(`${path}/1/adjust`, { intervalSeconds: 5 }, 'AdjustPeriodicEventStream')
  expect(payload).toEqual({ id: 1, params: { interval: 5 } })
  await raw.call('ClosePeriodicEventStream', { id: 2 })
  const shown = async (id: number) => (await listed(path, 'eventStreams')).find((one) => one['streamId'] === id)
  expect(await shown(1)).toMatchObject({ state: 'open', monitorId: 7, params: { interval: 5 }, pending: 4 })
  expect(await shown(2)).toMatchObject({ state: 'closed', params: { interval: 60 }, pending: null })
  const { answer } = await commanded(`${path}/read`, {}, 'GetPeriodicEventStream', {
    constantStreamData: [stream(1).constantStreamData],
  })
  expect(answer).toEqual({ streams: 1 })
  expect(await shown(1)).toMatchObject({ state: 'open', params: { interval: 60 } })
  expect(await shown(3)).toMatchObject({ state: 'closed' })
})

test('settlements are listed with their transaction, and so are payments on a web page and VAT numbers', async () => {
  const settled = { pspRef: 'psp-1', status: 'Settled', settlementAmount: 12.5, settlementTime: at }
  await raw.call('NotifySettlement', { ...settled, transactionId: 'tx-1', receiptId: 'R-1' })
  await raw.call('NotifySettlement', { ...settled, transactionId: 'tx-1', receiptId: 'R-1' })
  await raw.call('NotifySettlement', { ...settled, pspRef: 'psp-2', status: 'Failed' })
  const ofTransaction = await listed(`/settlements?transactionId=${transactionId}`, 'settlements')
  expect(ofTransaction).toMatchObject([
    { pspRef: 'psp-1', status: 'Settled', amount: 12.5, settledAt: at, ...named(), message: { receiptId: 'R-1' } },
  ])
  expect(await listed('/settlements?pspRef=psp-2', 'settlements')).toMatchObject([
    { status: 'Failed', transactionId: null, stationTransactionId: null },
  ])
  const paying = { evseId: 1, timeoutSeconds: 300 }
  const { payload } = await commanded('/web-payments', paying, 'NotifyWebPaymentStarted', {})
  expect(payload).toEqual({ evseId: 1, timeout: 300 })
  expect(await listed('/web-payments', 'webPayments')).toMatchObject([paying])
  const vatNumber = 'NL123456789B01'
  expect(await raw.call('VatNumberValidation', { vatNumber })).toEqual({ vatNumber, status: 'Rejected' })
  expect(await listed('/vat-number-checks', 'vatNumberChecks')).toMatchObject([
    { vatNumber, evseId: null, status: 'Rejected' },
  ])
})

test('older versions have none of the commands', async () => {
  await stator.bootedRaw('ENERGY-201', '2.0.1')
  const path = '/api/chargepoints/ENERGY-201/afrr-signals'
  expect(await stator.api(path, { body: { signal: 1 } })).toMatchObject({ status: 409 })
})
