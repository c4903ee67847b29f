// The simulated charge point against a fake central system, over a real socket. Time is moved by hand.

import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { CallRejected } from '../../../src/simulator/connection.ts'
import { SimulatedChargePoint } from '../../../src/simulator/charge-point.ts'
import type { Observation, SimulatorOptions } from '../../../src/simulator/options.ts'
import { checkRequest, checkResponse } from '../../../src/examine/schema.ts'
import { tables } from '../../../src/blocks/messages.ts'
import { exampleCommands } from '../../fixtures/commands.ts'
import { CallErrorAnswer, FakeCentralSystem, Silence } from '../../support/fake-central-system.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { until } from '../../support/until.ts'
import { type OcppVersion, ocppVersions } from '../../../src/ocpp/version.ts'

let clock: HandClock
let central: FakeCentralSystem
let station: SimulatedChargePoint
let seen: Observation[]

function open(version: OcppVersion, options: Partial<SimulatorOptions> = {}): void {
  clock = new HandClock()
  seen = []
  central = new FakeCentralSystem(version)
  station = new SimulatedChargePoint({
    url: central.url,
    identity: 'CP 1',
    version,
    password: 'pass:word',
    connectors: 2,
    clock,
    random: () => 0.5,
    paceMs: 1_000,
    backOff: { msMin: 1_000, msMax: 8_000 },
    observe: (observation) => seen.push(observation),
    ...options,
  })
}

const failures = (): string[] => seen.flatMap((each) => (each.kind === 'failed' ? [each.error.message] : []))
const isCallError = (each: Observation): boolean =>
  each.kind === 'frame' && each.direction === 'in' && each.text.startsWith('[4,')
const arrived = (action: string, count = 1): Promise<readonly Record<string, unknown>[]> =>
  until(`${count} ${action}`, () => (central.payloads(action).length >= count ? [...central.payloads(action)] : null))

afterEach(() => {
  station.stop()
  central.stop()
})

/** Everything that came in must be as the schemas of the version have it. */
function expectValidCalls(version: OcppVersion): void {
  for (const { action, payload } of central.calls) {
    expect({ action, problems: checkRequest(version, action, payload) }).toEqual({ action, problems: [] })
  }
}

describe.each(ocppVersions)('a simulated charge point of OCPP %s', (version) => {
  beforeEach(() => open(version))

  test('presents its credentials and its subprotocol, boots, and reports the status of every connector', async () => {
    await station.start()
    const [handshake] = central.handshakes
    expect(handshake?.get('authorization')).toBe(`Basic ${btoa('CP 1:pass:word')}`)
    expect(handshake?.get('sec-websocket-protocol')).toBe(`ocpp${version}`)
    await arrived('StatusNotification', version === '1.6' ? 3 : 2)
    expect(central.calls[0]?.action).toBe('BootNotification')
    expectValidCalls(version)
  })

  test('boots again after the interval of a Pending answer, and says nothing else before', async () => {
    central.answers['BootNotification'] = () => ({
      status: 'Pending',
      currentTime: '2025-12-26T12:00:00Z',
      interval: 7,
    })
    const accepted = station.start()
    await until('the first boot to be answered', () => seen.some(({ kind }) => kind === 'booted'))
    expect(station.isAccepted).toBe(false)
    delete central.answers['BootNotification']
    clock.pass(6_999)
    expect(central.calls.length).toBe(1)
    clock.pass(1)
    await accepted
    expect(central.payloads('BootNotification').length).toBe(2)
  })

  test('sends heartbeats at the interval that the boot was answered with', async () => {
    await station.start()
    clock.pass(299_999)
    expect(central.payloads('Heartbeat').length).toBe(0)
    clock.pass(1)
    await arrived('Heartbeat')
    clock.pass(300_000)
    await arrived('Heartbeat', 2)
  })

  test('charges a car: the energy of start, samples and stop is the integral of power over time', async () => {
    await station.start()
    station.plugIn(1, { batteryWh: 60_000, powerWMax: 11_000, socPercent: 20 })
    const { transaction, authorization } = await station.startTransaction(1, 'USER123')
    expect(authorization.status).toBe('Accepted')
    const connector = station.connector(1)
    for (let minute = 1; minute <= 6; minute++) {
      const isQuiet = () => station.messagesWaiting === 0 && connector?.statusReported === connector?.status
      await until(`everything before minute ${minute} to be answered`, isQuiet)
      clock.pass(60_000)
    }
    await station.stopTransaction(1, 'Local', 'USER123')
    const stopped = seen.find((each) => each.kind === 'stopped')
    expect(stopped?.kind === 'stopped' && stopped.energyWh).toBeWithin(1_098, 1_102)
    expect(transaction.stopped).toBe(true)
    expect(station.connector(1)?.status).toBe('Finishing')
    await station.unplug(1)
    expect(station.connector(1)?.status).toBe('Available')
    expectValidCalls(version)
    expect(failures()).toEqual([])
  })

  test('keeps offline messages and sends them in order after the reconnect, without a second boot', async () => {
    await station.start()
    station.plugIn(1)
    station.disconnect()
    const started = station.startTransaction(1, 'USER123')
    clock.pass(60_000)
    const stopped = station.stopTransaction(1)
    expect(station.messagesWaiting).toBe(3)
    station.reconnect()
    await Promise.all([started, stopped])
    const reported = central.calls.map(({ action }) => action)
    if (version === '1.6') {
      expect(reported.filter((action) => /Transaction|Meter/.test(action))).toEqual([
        'StartTransaction',
        'MeterValues',
        'StopTransaction',
      ])
      expect(central.payloads('StopTransaction')[0]).toMatchObject({ transactionId: 4711 })
    } else {
      const events = central.payloads('TransactionEvent')
      expect(events.map(({ eventType, seqNo, offline }) => [eventType, seqNo, offline])).toEqual([
        ['Started', 0, true],
        ['Updated', 1, true],
        ['Ended', 2, true],
      ])
    }
    expect(central.payloads('BootNotification').length).toBe(1)
  })

  test('reconnects with growing waits when it is refused', async () => {
    central.refuseWith = 503
    const accepted = station.start()
    const refusals = (): number => seen.filter(({ kind }) => kind === 'disconnected').length
    // 1 s, 2 s and 4 s, each less a quarter: the random numbers of this test are all 0.5.
    for (const [count, waitMs] of [
      [1, 750],
      [2, 1_500],
    ] as const) {
      await until(`refusal ${count}`, () => refusals() === count)
      clock.pass(waitMs - 1)
      expect(refusals()).toBe(count)
      clock.pass(1)
    }
    await until('refusal 3', () => refusals() === 3)
    central.refuseWith = null
    clock.pass(3_000)
    await accepted
  })

  test('continues where it was when the connection breaks during a message', async () => {
    await station.start()
    const action = version === '1.6' ? 'StartTransaction' : 'TransactionEvent'
    central.answers[action] = () => new Silence()
    const started = station.startTransaction(1, 'USER123')
    await arrived(action)
    delete central.answers[action]
    central.cut()
    // The socket is closed before the event that says so, from which the wait for the next attempt counts.
    await until('the loss to be noticed', () => seen.some(({ kind }) => kind === 'disconnected'))
    clock.pass(1_000)
    await started
    const [first, second] = central.payloads(action)
    expect(second).toEqual(first)
  })

  test('stops a transaction whose id tag the central system refuses', async () => {
    if (version === '1.6') {
      central.answers['StartTransaction'] = () => ({ transactionId: 5, idTagInfo: { status: 'Blocked' } })
    } else {
      central.answers['TransactionEvent'] = () => ({ idTokenInfo: { status: 'Blocked' } })
    }
    await station.start()
    const { authorization } = await station.startTransaction(1, 'STOLEN')
    expect(authorization.status).toBe('Blocked')
    expect(station.connector(1)?.transaction).toBeNull()
    if (version === '1.6') expect((await arrived('StopTransaction'))[0]).toMatchObject({ reason: 'DeAuthorized' })
    else expect((await arrived('TransactionEvent', 2))[1]).toMatchObject({ triggerReason: 'Deauthorized' })
  })

  test('has an answer that fits the schema for every command of its version', async () => {
    await station.start()
    const commands = exampleCommands(version)
    const toChargePoint = Object.entries(tables[version]).filter(([, row]) => row.direction !== 'fromChargePoint')
    expect(Object.keys(commands).toSorted()).toEqual(toChargePoint.map(([action]) => action).toSorted())
    for (const [action, payload] of Object.entries(commands)) {
      expect({ action, problems: checkRequest(version, action, payload) }).toEqual({ action, problems: [] })
      const answer = await central.command(action, payload)
      if (answer.kind === 'error') throw new Error(`${action} was answered with ${answer.code} ${answer.description}`)
      expect({ action, problems: checkResponse(version, action, answer.payload) }).toEqual({ action, problems: [] })
      expect({ action, status: answer.payload['status'] }).not.toMatchObject({
        status: expect.stringMatching(/^Not(Supported|Implemented)$/),
      })
      // Some commands make it boot again.
      for (let step = 0; step < 12; step++) clock.pass(1_000)
      await until(`the charge point to be back after ${action}`, () => {
        clock.pass(1_000)
        return station.isConnected && station.isAccepted
      })
    }
    expectValidCalls(version)
  })

  test('answers an unknown action, one of the other direction and a malformed one with the right code', async () => {
    await station.start()
    expect(await central.command('Dance', {})).toMatchObject({ kind: 'error', code: 'NotImplemented' })
    expect(await central.command('constructor', {})).toMatchObject({ kind: 'error', code: 'NotImplemented' })
    expect(await central.command('Heartbeat', {})).toMatchObject({ kind: 'error', code: 'NotSupported' })
    const missing = version === '1.6' ? 'OccurenceConstraintViolation' : 'OccurrenceConstraintViolation'
    expect(await central.command('Reset', {})).toMatchObject({ kind: 'error', code: missing })
  })

  test('refuses an answer of the central system that breaks its schema', async () => {
    await station.start()
    central.answers['Heartbeat'] = () => ({})
    const heartbeat = station.call({ action: 'Heartbeat', payload: {} })
    expect(heartbeat).rejects.toBeInstanceOf(CallRejected)
    await heartbeat.catch(() => {})
  })

  test('sends one CALL at a time', async () => {
    await station.start()
    let open = 0
    let openMax = 0
    central.answers['Heartbeat'] = () => {
      openMax = Math.max(openMax, ++open)
      queueMicrotask(() => open--)
      return { currentTime: '2025-12-26T12:00:00Z' }
    }
    const heartbeats = Array.from({ length: 5 }, () => station.call({ action: 'Heartbeat', payload: {} }))
    expect((await Promise.all(heartbeats)).length).toBe(5)
    expect(openMax).toBe(1)
  })

  test('gives up a CALL that is not answered in time and continues with the next', async () => {
    await station.start()
    await arrived('StatusNotification', version === '1.6' ? 3 : 2)
    central.answers['DataTransfer'] = () => new Silence()
    const lost = station.call({ action: 'DataTransfer', payload: { vendorId: 'x' } })
    const next = station.call({ action: 'Heartbeat', payload: {} })
    lost.catch(() => {})
    await arrived('DataTransfer')
    clock.pass(30_000)
    expect(lost).rejects.toThrow('DataTransfer got no answer: no answer within 30000 ms')
    expect(await next).toHaveProperty('currentTime')
  })

  test('authorises offline by its cache', async () => {
    await station.start()
    await station.authorize('USER123')
    station.disconnect()
    expect((await station.authorize('user123')).status).toBe('Accepted')
    expect((await station.authorize('OTHER')).status).toBe('Invalid')
  })

  test('a CALLERROR for a transaction message is retried and then given up', async () => {
    await station.start()
    const action = version === '1.6' ? 'StartTransaction' : 'TransactionEvent'
    central.answers[action] = () => new CallErrorAnswer('InternalError')
    const started = station.startTransaction(1, 'USER123')
    for (const attempt of [1, 2, 3]) {
      await arrived(action, attempt)
      await until(`CALLERROR ${attempt}`, () => seen.filter(isCallError).length >= attempt)
      clock.pass(60_000 * attempt)
    }
    expect((await started).authorization.status).toBe('Invalid')
    // Other messages that were under way may have been given up as the clock was moved.
    expect(failures()).toContainEqual(expect.stringContaining(`${action} was answered with InternalError`))
  })
})

describe('commands that a 1.6 charge point obeys', () => {
  beforeEach(async () => {
    open('1.6')
    await station.start()
  })

  test('a remote start runs a transaction under the profile that came with it', async () => {
    const chargingProfile = {
      chargingProfileId: 1,
      stackLevel: 0,
      chargingProfilePurpose: 'TxProfile',
      chargingProfileKind: 'Relative',
      chargingSchedule: { chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 6_000 }] },
    }
    const answer = await central.command('RemoteStartTransaction', {
      connectorId: 2,
      idTag: 'USER123',
      chargingProfile,
    })
    expect(answer).toMatchObject({ payload: { status: 'Accepted' } })
    await arrived('StartTransaction')
    await until('the transaction to have its id', () => station.transaction(4711))
    clock.pass(60_000)
    const [values] = await arrived('MeterValues')
    expect(values).toMatchObject({ connectorId: 2, transactionId: 4711 })
    expect(station.read(2).powerW).toBe(6_000)
    expect(await central.command('RemoteStartTransaction', { connectorId: 2, idTag: 'X' })).toMatchObject({
      payload: { status: 'Rejected' },
    })
    await central.command('RemoteStopTransaction', { transactionId: 4711 })
    expect((await arrived('StopTransaction'))[0]).toMatchObject({ transactionId: 4711, reason: 'Remote' })
    expect(station.profiles.matching({})).toEqual([])
    expect(await central.command('RemoteStopTransaction', { transactionId: 4711 })).toMatchObject({
      payload: { status: 'Rejected' },
    })
  })

  test('a soft reset stops transactions, reports that, and boots again', async () => {
    await station.startTransaction(1, 'USER123')
    await central.command('Reset', { type: 'Soft' })
    expect((await arrived('StopTransaction'))[0]).toMatchObject({ reason: 'SoftReset' })
    await until('the connection to close', () => !central.isConnected)
    clock.pass(1_000)
    await arrived('BootNotification', 2)
  })

  test('a changed sampling interval counts from now on', async () => {
    await station.startTransaction(1, 'USER123')
    await central.command('ChangeConfiguration', { key: 'MeterValueSampleInterval', value: '5' })
    clock.pass(5_000)
    await arrived('MeterValues')
  })

  test('a firmware update reports its steps, boots with the new version, and is installed', async () => {
    const location = 'https://firmware.example.com/firmware-v1.2.3.bin'
    await central.command('UpdateFirmware', { location, retrieveDate: new Date(clock.nowMs()).toISOString() })
    for (const status of ['Downloading', 'Downloaded', 'Installing', 'Installed']) {
      await until(status, () => {
        clock.pass(500)
        return central.payloads('FirmwareStatusNotification').some((payload) => payload['status'] === status)
      })
    }
    expect(central.payloads('BootNotification').at(-1)).toMatchObject({ firmwareVersion: '1.2.3' })
  })

  test('a reserved connector serves only the id tag it is reserved for, until the reservation expires', async () => {
    const expiryDate = new Date(clock.nowMs() + 60_000).toISOString()
    const reservation = { connectorId: 1, expiryDate, idTag: 'USER123', reservationId: 9 }
    expect(await central.command('ReserveNow', reservation)).toMatchObject({ payload: { status: 'Accepted' } })
    expect(station.connector(1)?.status).toBe('Reserved')
    expect(await central.command('RemoteStartTransaction', { connectorId: 1, idTag: 'OTHER' })).toMatchObject({
      payload: { status: 'Rejected' },
    })
    clock.pass(60_000)
    expect(station.connector(1)?.status).toBe('Available')
  })

  test('an inoperative connector finishes its transaction first', async () => {
    await station.startTransaction(1, 'USER123')
    const answer = await central.command('ChangeAvailability', { connectorId: 1, type: 'Inoperative' })
    expect(answer).toMatchObject({ payload: { status: 'Scheduled' } })
    await station.stopTransaction(1)
    expect(station.connector(1)?.status).toBe('Unavailable')
  })
})

describe('commands that a 2.0.1 charge point obeys', () => {
  beforeEach(async () => {
    open('2.0.1')
    await station.start()
  })

  test('a requested start carries its remoteStartId in the first event only', async () => {
    const idToken = { idToken: 'USER123', type: 'Central' }
    await central.command('RequestStartTransaction', { remoteStartId: 77, evseId: 1, idToken })
    const [started] = await arrived('TransactionEvent')
    expect(started).toMatchObject({
      eventType: 'Started',
      triggerReason: 'RemoteStart',
      seqNo: 0,
      evse: { id: 1, connectorId: 1 },
      transactionInfo: { remoteStartId: 77, chargingState: 'Charging' },
    })
    const connector = station.connector(1)
    const isQuiet = () => station.messagesWaiting === 0 && connector?.statusReported === connector?.status
    await until('it to be answered', isQuiet)
    clock.pass(60_000)
    const events = await arrived('TransactionEvent', 2)
    expect(events[1]).toMatchObject({ eventType: 'Updated', seqNo: 1, triggerReason: 'MeterValuePeriodic' })
    expect(events[1]).not.toHaveProperty('transactionInfo.remoteStartId')
  })

  test('a base report comes in parts whose last one says so', async () => {
    await central.command('GetBaseReport', { requestId: 5, reportBase: 'FullInventory' })
    const parts = await until('the last part', () => {
      const reports = central.payloads('NotifyReport')
      return reports.at(-1)?.['tbc'] === false ? reports : null
    })
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.map(({ seqNo }) => seqNo)).toEqual(parts.map((_, index) => index))
  })

  test('a variable that was set is read back', async () => {
    const component = { name: 'OCPPCommCtrlr' }
    const variable = { name: 'HeartbeatInterval' }
    await central.command('SetVariables', { setVariableData: [{ component, variable, attributeValue: '11' }] })
    const answer = await central.command('GetVariables', { getVariableData: [{ component, variable }] })
    expect(answer).toMatchObject({
      payload: { getVariableResult: [{ attributeStatus: 'Accepted', attributeValue: '11' }] },
    })
    clock.pass(11_000)
    await arrived('Heartbeat')
  })

  test('a reset on idle waits for the transaction to end', async () => {
    await station.startTransaction(1, 'USER123')
    expect(await central.command('Reset', { type: 'OnIdle' })).toMatchObject({ payload: { status: 'Scheduled' } })
    clock.pass(10_000)
    expect(central.payloads('BootNotification').length).toBe(1)
    await station.stopTransaction(1)
    await until('the connection to close', () => !central.isConnected)
    clock.pass(1_000)
    expect((await arrived('BootNotification', 2))[1]).toMatchObject({ reason: 'RemoteReset' })
  })
})
