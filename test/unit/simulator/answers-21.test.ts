// What a simulated charge point of 2.1 remembers of what it was told, and does because of it.

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
  central = new FakeCentralSystem('2.1')
  const options = { url: central.url, identity: 'CP1', version: '2.1', connectors: 2, clock, paceMs: 1_000 } as const
  station = new SimulatedChargePoint({ ...options, random: () => 0.5 })
  await station.start()
})

afterEach(() => {
  station.stop()
  central.stop()
  // Whatever it sent is as the schemas have it.
  for (const { action, payload } of [...central.calls, ...central.sends]) {
    expect({ action, problems: checkRequest('2.1', action, payload) }).toEqual({ action, problems: [] })
  }
})

/** The answer to a command, which must fit its schema. */
async function answerTo(action: string, payload: object): Promise<unknown> {
  expect({ action, problems: checkRequest('2.1', action, payload) }).toEqual({ action, problems: [] })
  const answer = await central.command(action, payload)
  if (answer.kind === 'error') throw new Error(`${action} was answered with ${answer.code} ${answer.description}`)
  expect({ action, problems: checkResponse('2.1', action, answer.payload) }).toEqual({ action, problems: [] })
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

/** A transaction on connector 1: its id. */
async function charging(): Promise<string> {
  station.plugIn(1)
  const { transaction } = await station.startTransaction(1, 'USER123')
  return transaction.stationTransactionId
}

const accepted = { status: 'Accepted' }

function control(controlId: string, priority: number, more: object = {}): object {
  const fixedVar = { priority, setpoint: 0.5, unit: 'PctMaxVar', ...more }
  return { isDefault: false, controlId, controlType: 'FixedVar', fixedVar }
}

test('DER controls are kept, superseded by one of a higher priority, reported and cleared', async () => {
  expect(await answerTo('SetDERControl', control('d-1', 2))).toEqual(accepted)
  expect(await answerTo('SetDERControl', control('d-2', 1))).toEqual({ ...accepted, supersededIds: ['d-1'] })
  expect(await answerTo('GetDERControl', { requestId: 7 })).toEqual(accepted)
  const [first, second] = await arrived('ReportDERControl', 2)
  expect(first).toMatchObject({ requestId: 7, tbc: true, fixedVar: [{ id: 'd-1', isSuperseded: true }] })
  expect(second).toMatchObject({ requestId: 7, tbc: false, fixedVar: [{ id: 'd-2', isSuperseded: false }] })
  expect(await answerTo('ClearDERControl', { isDefault: false, controlId: 'd-1' })).toEqual(accepted)
  expect(await answerTo('ClearDERControl', { isDefault: true })).toEqual({ status: 'NotFound' })
  expect(await answerTo('GetDERControl', { requestId: 8, controlId: 'd-1' })).toEqual({ status: 'NotFound' })
})

test('a scheduled DER control says that it starts and that it ends, and one without its values is rejected', async () => {
  const startTime = new Date(clock.nowMs() + 60_000).toISOString()
  expect(await answerTo('SetDERControl', control('d-1', 1, { startTime, duration: 30 }))).toEqual(accepted)
  const [started, ended] = await arrived('NotifyDERStartStop', 2)
  expect(started).toMatchObject({ controlId: 'd-1', started: true })
  expect(ended).toMatchObject({ controlId: 'd-1', started: false })
  const empty = { isDefault: false, controlId: 'd-2', controlType: 'VoltVar' }
  expect(await answerTo('SetDERControl', empty)).toMatchObject({ status: 'Rejected' })
})

test('tariffs are assigned to EVSEs and to transactions, listed, and cleared', async () => {
  const tariff = (tariffId: string, currency = 'EUR') => ({ tariffId, currency })
  expect(await answerTo('GetTariffs', { evseId: 0 })).toEqual({ status: 'NoTariff' })
  expect(await answerTo('SetDefaultTariff', { evseId: 1, tariff: tariff('T-1') })).toEqual(accepted)
  expect(await answerTo('SetDefaultTariff', { evseId: 2, tariff: tariff('T-1') })).toEqual({
    status: 'DuplicateTariffId',
  })
  expect(await answerTo('SetDefaultTariff', { evseId: 9, tariff: tariff('T-1') })).toMatchObject({ status: 'Rejected' })
  const transactionId = await charging()
  const change = (id: string, wanted: object) =>
    answerTo('ChangeTransactionTariff', { transactionId: id, tariff: wanted })
  expect(await change(transactionId, tariff('T-2', 'USD'))).toEqual({ status: 'NoCurrencyChange' })
  expect(await change(transactionId, tariff('T-2'))).toEqual(accepted)
  expect(await change('nothing', tariff('T-2'))).toEqual({ status: 'TxNotFound' })
  expect(await answerTo('GetTariffs', { evseId: 1 })).toMatchObject({
    tariffAssignments: [
      { tariffId: 'T-1', tariffKind: 'DefaultTariff', evseIds: [1] },
      { tariffId: 'T-2', tariffKind: 'DriverTariff', idTokens: ['USER123'] },
    ],
  })
  expect(await answerTo('ClearTariffs', { tariffIds: ['T-1', 'T-9'] })).toEqual({
    clearTariffsResult: [
      { tariffId: 'T-1', status: 'Accepted' },
      { tariffId: 'T-9', status: 'NoTariff' },
    ],
  })
})

test('a monitor with a stream opens it, sends it at its pace, adjusts it, and closes it when it is cleared', async () => {
  central.answers['OpenPeriodicEventStream'] = () => accepted
  const component = { name: 'OCPPCommCtrlr' }
  const variable = { name: 'HeartbeatInterval' }
  const periodicEventStream = { interval: 10, values: 2 }
  const data = { value: 10, type: 'Periodic', severity: 5, component, variable, periodicEventStream }
  await answerTo('SetVariableMonitoring', { setMonitoringData: [data] })
  const stream = { id: 1, variableMonitoringId: 1, params: periodicEventStream }
  expect(await arrived('OpenPeriodicEventStream')).toEqual([{ constantStreamData: stream }])
  const [sent] = await until('the stream', () => (clock.pass(1_000), central.sends.length > 0 ? central.sends : null))
  expect(sent).toMatchObject({ action: 'NotifyPeriodicEventStream', payload: { id: 1, data: [{ t: 5 }, { t: 10 }] } })
  expect(await answerTo('AdjustPeriodicEventStream', { id: 1, params: { interval: 5 } })).toEqual(accepted)
  expect(await answerTo('AdjustPeriodicEventStream', { id: 9, params: {} })).toEqual({ status: 'Rejected' })
  expect(await answerTo('GetPeriodicEventStream', {})).toEqual({
    constantStreamData: [{ ...stream, params: { interval: 5, values: 2 } }],
  })
  await answerTo('ClearVariableMonitoring', { id: [1] })
  expect(await arrived('ClosePeriodicEventStream')).toEqual([{ id: 1 }])
  expect(await answerTo('GetPeriodicEventStream', {})).toEqual({})
})

function profile(id: number, purpose: string, period: object): object {
  return {
    id,
    stackLevel: 0,
    chargingProfilePurpose: purpose,
    chargingProfileKind: 'Dynamic',
    chargingSchedule: [{ id, chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, ...period }] }],
  }
}

test('a dynamic profile follows its updates, and a priority profile goes before it while it is asked for', async () => {
  const transactionId = await charging()
  const limit = async (): Promise<unknown> => {
    const answer = await answerTo('GetCompositeSchedule', { evseId: 1, duration: 60 })
    return (answer as { schedule: { chargingSchedulePeriod: { limit: number }[] } }).schedule.chargingSchedulePeriod[0]
      ?.limit
  }
  const use = (activate: boolean) => answerTo('UsePriorityCharging', { transactionId, activate })
  const update = (chargingProfileId: number) =>
    answerTo('UpdateDynamicSchedule', { chargingProfileId, scheduleUpdate: { setpoint: 5_000 } })
  expect(await update(1)).toMatchObject({ status: 'Rejected' })
  const dynamic = { evseId: 1, chargingProfile: profile(1, 'TxDefaultProfile', { setpoint: 4_000 }) }
  expect(await answerTo('SetChargingProfile', dynamic)).toEqual(accepted)
  expect(await limit()).toBe(4_000)
  expect(await update(1)).toEqual(accepted)
  expect(await limit()).toBe(5_000)
  expect(await use(true)).toEqual({ status: 'NoProfile' })
  const priority = { evseId: 1, chargingProfile: profile(2, 'PriorityCharging', { limit: 9_000 }) }
  expect(await answerTo('SetChargingProfile', priority)).toEqual(accepted)
  expect(await limit()).toBe(5_000)
  expect(await use(true)).toEqual(accepted)
  expect(await limit()).toBe(9_000)
  expect(await use(false)).toEqual(accepted)
  expect(await limit()).toBe(5_000)
  expect(await arrived('NotifyPriorityCharging', 2)).toMatchObject([{ activated: true }, { activated: false }])
})

test('batteries are swapped, and a transaction goes on over a reset that resumes it', async () => {
  const transactionId = await charging()
  const swap = { requestId: 3, idToken: { idToken: 'USER123', type: 'Central' } }
  expect(await answerTo('RequestBatterySwap', swap)).toEqual(accepted)
  expect(await arrived('BatterySwap', 2)).toMatchObject([{ eventType: 'BatteryIn' }, { eventType: 'BatteryOut' }])
  expect(await answerTo('Reset', { type: 'ImmediateAndResume' })).toEqual(accepted)
  await arrived('BootNotification', 2)
  expect(station.transaction(transactionId)).toBeDefined()
})
