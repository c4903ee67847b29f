// The nine endpoints of the contract against charge points of OCPP 2.0.1 and 2.1: the same requests, the same answers.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const path = '/api/chargepoints/CS001'

let stator: TestStator
let raw: RawChargePoint

const transactionEvent = (
  eventType: 'Started' | 'Updated' | 'Ended',
  stationTransactionId: string,
  seqNo: number,
  more: { timestamp: string; remoteStartId?: number; energyWh?: number },
) => ({
  eventType,
  timestamp: more.timestamp,
  triggerReason: eventType === 'Started' ? 'RemoteStart' : 'MeterValuePeriodic',
  seqNo,
  transactionInfo: {
    transactionId: stationTransactionId,
    ...(more.remoteStartId === undefined ? {} : { remoteStartId: more.remoteStartId }),
    ...(eventType === 'Ended' ? { stoppedReason: 'Remote' } : { chargingState: 'Charging' }),
  },
  evse: { id: 1, connectorId: 1 },
  idToken: { idToken: 'USER123', type: 'ISO14443' },
  ...(more.energyWh === undefined
    ? {}
    : { meterValue: [{ timestamp: more.timestamp, sampledValue: [{ value: more.energyWh }] }] }),
})

describe.each(['2.0.1', '2.1'] as const)('over OCPP %s', (version) => {
  beforeAll(async () => {
    stator = await TestStator.start()
    await stator.addIdTag('USER123', { type: 'ISO14443' })
    raw = await stator.bootedRaw('CS001', version)
    const timestamp = new Date().toISOString()
    for (const [evseId, connectorId] of [
      [1, 1],
      [2, 1],
      [2, 2],
    ] as const) {
      await raw.call('StatusNotification', { timestamp, connectorStatus: 'Available', evseId, connectorId })
    }
  })

  afterAll(() => stator.stop())

  const noFault = { errorCode: null, info: null, vendorId: null, vendorErrorCode: null, since: isoTime, problems: [] }

  test('the status lists connectors by EVSE', async () => {
    await raw.call('Heartbeat', {})
    expect(await stator.json(`${path}/status`)).toEqual({
      chargePointId: 'CS001',
      status: 'Available',
      lastHeartbeat: isoTime,
      connectors: [
        { evseId: 1, connectorId: 1, status: 'Available', currentTransaction: null, ...noFault },
        { evseId: 2, connectorId: 1, status: 'Available', currentTransaction: null, ...noFault },
        { evseId: 2, connectorId: 2, status: 'Available', currentTransaction: null, ...noFault },
      ],
      fault: null,
      problems: [],
      firmwareVersion: null,
      model: 'Model-X1000',
    })
  })

  test('a transaction is started, shown, stopped and listed under the id that was answered', async () => {
    const answer = stator.json(`${path}/start-transaction`, {
      body: {
        connectorId: 1,
        idTag: 'USER123',
        chargingProfile: {
          chargingProfileId: 1,
          stackLevel: 0,
          chargingProfilePurpose: 'TxDefaultProfile',
          chargingProfileKind: 'Absolute',
          chargingSchedule: { chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 32.0 }] },
        },
      },
    })
    const start = await raw.command('RequestStartTransaction')
    expect(start.payload).toEqual({
      remoteStartId: expect.any(Number),
      idToken: { idToken: 'USER123', type: 'ISO14443' },
      evseId: 1,
      chargingProfile: {
        id: 1,
        stackLevel: 0,
        chargingProfilePurpose: 'TxDefaultProfile',
        chargingProfileKind: 'Absolute',
        chargingSchedule: [{ id: 1, chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 32.0 }] }],
      },
    })
    raw.answer(start.messageId, { status: 'Accepted' })
    const { transactionId, ...rest } = await answer
    expect(rest).toEqual({ status: 'Accepted', message: 'Remote start request sent successfully' })

    const remoteStartId = Number(start.payload.remoteStartId)
    const startedAt = '2025-12-26T10:00:00.000Z'
    const stoppedAt = '2025-12-26T12:00:00.000Z'
    await raw.call(
      'TransactionEvent',
      transactionEvent('Started', 'station-tx-1', 0, { timestamp: startedAt, remoteStartId, energyWh: 1000 }),
    )
    const status = await stator.json(`${path}/status`)
    expect(status.connectors).toContainEqual(expect.objectContaining({ evseId: 1, currentTransaction: transactionId }))

    const stop = stator.json(`${path}/stop-transaction`, { body: { transactionId } })
    const command = await raw.command('RequestStopTransaction')
    expect(command.payload).toEqual({ transactionId: 'station-tx-1' })
    raw.answer(command.messageId, { status: 'Accepted' })
    expect(await stop).toEqual({ status: 'Accepted', message: 'Remote stop request sent successfully' })

    await raw.call(
      'TransactionEvent',
      transactionEvent('Ended', 'station-tx-1', 1, { timestamp: stoppedAt, energyWh: 15000 }),
    )
    const { transactions } = await stator.json('/api/transactions?chargePointId=CS001')
    expect(transactions).toEqual([
      {
        transactionId,
        chargePointId: 'CS001',
        connectorId: 1,
        idTag: 'USER123',
        startTime: startedAt,
        stopTime: stoppedAt,
        meterStart: 1000,
        meterStop: 15000,
        energyConsumed: 14,
        energySource: 'register',
        energySoFar: null,
        stopReason: 'Remote',
      },
    ])
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({
      stationTransactionId: 'station-tx-1',
      open: false,
      closedBy: 'station',
      remoteStartId,
    })
  })

  test.each([
    ['Soft', 'OnIdle'],
    ['Hard', 'Immediate'],
  ])('a %s reset is %s', async (type, sent) => {
    const answer = stator.json(`${path}/reset`, { body: { type } })
    const { messageId, payload } = await raw.command('Reset')
    expect(payload).toEqual({ type: sent })
    raw.answer(messageId, { status: 'Accepted' })
    expect(await answer).toEqual({ status: 'Accepted', message: 'Reset command sent successfully' })
  })

  test('a firmware update carries a request id', async () => {
    const answer = stator.json(`${path}/update-firmware`, {
      body: {
        location: 'https://firmware.example.com/firmware-v1.2.3.bin',
        retrieveDate: '2025-12-27T00:00:00Z',
        retries: 3,
        retryInterval: 300,
      },
    })
    const { messageId, payload } = await raw.command('UpdateFirmware')
    expect(payload).toEqual({
      requestId: expect.any(Number),
      firmware: {
        location: 'https://firmware.example.com/firmware-v1.2.3.bin',
        retrieveDateTime: '2025-12-27T00:00:00.000Z',
      },
      retries: 3,
      retryInterval: 300,
    })
    raw.answer(messageId, { status: 'Accepted' })
    expect(await answer).toEqual({ status: 'Accepted', message: 'Firmware update scheduled' })
  })

  describe('the configuration', () => {
    const heartbeat = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }

    test('of a charge point that never reported its device model is asked for, a few variables at a time', async () => {
      const answer = stator.json(`${path}/configuration`)
      let commands = 0
      for (let asked = 10; asked === 10; commands++) {
        const { messageId, payload } = await raw.command('GetVariables')
        const data = Array.isArray(payload.getVariableData) ? payload.getVariableData : []
        asked = data.length
        const getVariableResult = data.map((one) =>
          one.variable.name === 'HeartbeatInterval'
            ? { ...one, attributeStatus: 'Accepted', attributeValue: '300' }
            : { ...one, attributeStatus: 'UnknownVariable' },
        )
        raw.answer(messageId, { getVariableResult })
      }
      expect(commands).toBeGreaterThan(1)
      expect(await answer).toEqual({
        configurationKey: [{ key: 'OCPPCommCtrlr.HeartbeatInterval', readonly: false, value: '300' }],
      })
    })

    test('of a charge point that reported it comes from there, without a CALL', async () => {
      await raw.call('NotifyReport', {
        requestId: 1,
        generatedAt: new Date().toISOString(),
        seqNo: 0,
        reportData: [
          {
            ...heartbeat,
            variableAttribute: [{ type: 'Actual', value: '300', mutability: 'ReadWrite' }],
            variableCharacteristics: { dataType: 'integer', supportsMonitoring: false },
          },
          {
            component: { name: 'Connector', evse: { id: 1, connectorId: 1 } },
            variable: { name: 'AvailabilityState' },
            variableAttribute: [{ type: 'Actual', value: 'Available', mutability: 'ReadOnly' }],
          },
          {
            component: { name: 'SecurityCtrlr' },
            variable: { name: 'BasicAuthPassword' },
            variableAttribute: [{ type: 'Actual', mutability: 'WriteOnly' }],
          },
        ],
      })
      const { configurationKey } = await stator.json(`${path}/configuration`)
      expect(configurationKey).toBeArrayOfSize(3)
      for (const entry of [
        { key: 'OCPPCommCtrlr.HeartbeatInterval', readonly: false, value: '300' },
        { key: 'Connector@1/1.AvailabilityState', readonly: true, value: 'Available' },
        { key: 'SecurityCtrlr.BasicAuthPassword', readonly: false },
      ]) {
        expect(configurationKey).toContainEqual(entry)
      }
    })

    test('by key is what the charge point says now', async () => {
      const answer = stator.json(`${path}/configuration?key=HeartbeatInterval&key=Connector@1/1.AvailabilityState`)
      const { messageId, payload } = await raw.command('GetVariables')
      const available = {
        component: { name: 'Connector', evse: { id: 1, connectorId: 1 } },
        variable: { name: 'AvailabilityState' },
      }
      expect(payload).toEqual({ getVariableData: [heartbeat, available] })
      raw.answer(messageId, {
        getVariableResult: [
          { ...heartbeat, attributeStatus: 'Accepted', attributeValue: '450' },
          { ...available, attributeStatus: 'Accepted', attributeValue: 'Occupied' },
        ],
      })
      expect(await answer).toEqual({
        configurationKey: [
          { key: 'OCPPCommCtrlr.HeartbeatInterval', readonly: false, value: '450' },
          { key: 'Connector@1/1.AvailabilityState', readonly: true, value: 'Occupied' },
        ],
      })
    })

    test('is changed under the key of either version, and remembered', async () => {
      const answer = stator.json(`${path}/configuration`, { body: { key: 'HeartbeatInterval', value: '600' } })
      const { messageId, payload } = await raw.command('SetVariables')
      expect(payload).toEqual({ setVariableData: [{ ...heartbeat, attributeValue: '600' }] })
      raw.answer(messageId, { setVariableResult: [{ ...heartbeat, attributeStatus: 'Accepted' }] })
      expect(await answer).toEqual({ status: 'Accepted', message: 'Configuration updated successfully' })
      const { configurationKey } = await stator.json(`${path}/configuration`)
      expect(configurationKey).toContainEqual({ key: 'OCPPCommCtrlr.HeartbeatInterval', readonly: false, value: '600' })
    })

    test('keeps no password that was written to the charge point', async () => {
      const password = 'a-very-secret-password'
      const answer = stator.json(`${path}/configuration`, {
        body: { key: 'SecurityCtrlr.BasicAuthPassword', value: password },
      })
      const { messageId, payload } = await raw.command('SetVariables')
      const [data] = Array.isArray(payload.setVariableData) ? payload.setVariableData : []
      const { attributeValue: _, ...variable } = data
      raw.answer(messageId, { setVariableResult: [{ ...variable, attributeStatus: 'Accepted' }] })
      await answer
      expect(JSON.stringify(await stator.json(`${path}/configuration`))).not.toContain(password)
    })

    test('has no key that is neither', async () => {
      const wrong = {
        status: 400,
        body: { details: { field: 'key', issue: expect.stringContaining('Component.Variable') } },
      }
      expect(await stator.api(`${path}/configuration?key=Nonsense`)).toMatchObject(wrong)
      expect(await stator.api(`${path}/configuration`, { body: { key: 'Nonsense', value: '1' } })).toMatchObject(wrong)
    })
  })
})
