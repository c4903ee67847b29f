// The nine endpoints of the contract, over HTTP, with its own request bodies as printed, answer by answer and field by
// field, against a charge point of OCPP 1.6. `contract-2x.test.ts` does the same with one of 2.0.1.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

const noFault = { errorCode: null, info: null, vendorId: null, vendorErrorCode: null, since: isoTime, problems: [] }

let stator: TestStator
let raw: RawChargePoint

beforeAll(async () => {
  stator = await TestStator.start()
  await stator.addIdTag('USER123')
  await stator.provision('CP001', { location: 'Building A, Floor 1' })
  raw = await stator.raw('CP001')
  await raw.call('BootNotification', {
    chargePointVendor: 'VendorName',
    chargePointModel: 'ChargePoint-X1000',
    chargePointSerialNumber: 'SN123456',
    firmwareVersion: '1.2.3',
  })
  await raw.call('StatusNotification', { connectorId: 0, errorCode: 'NoError', status: 'Available' })
  await raw.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
})

afterAll(() => stator.stop())

describe('GET /api/chargepoints/{chargePointId}/status', () => {
  test('answers with the fields of the contract, and with what is wrong', async () => {
    await raw.call('Heartbeat', {})
    expect(await stator.json('/api/chargepoints/CP001/status')).toEqual({
      chargePointId: 'CP001',
      status: 'Available',
      lastHeartbeat: isoTime,
      connectors: [{ connectorId: 1, status: 'Available', currentTransaction: null, ...noFault, errorCode: 'NoError' }],
      fault: {
        status: 'Available',
        errorCode: 'NoError',
        info: null,
        vendorId: null,
        vendorErrorCode: null,
        since: isoTime,
      },
      problems: [],
      firmwareVersion: '1.2.3',
      model: 'ChargePoint-X1000',
    })
  })

  test('shows a heartbeat at once', async () => {
    const before = Date.now()
    await raw.call('Heartbeat', {})
    const { lastHeartbeat } = await stator.json('/api/chargepoints/CP001/status')
    expect(Date.parse(String(lastHeartbeat))).toBeGreaterThanOrEqual(before)
  })

  test('answers the charge point itself, with the curl line of the contract', async () => {
    const headers = { Authorization: 'Basic Q1AwMDE6c2VjcmV0cGFzc3dvcmQ=' }
    const answer = await stator.api('/api/chargepoints/CP001/status', { key: null, headers })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ chargePointId: 'CP001' })
  })

  test('is Offline before the first connection, with nothing known', async () => {
    await stator.provision('CP-NEW')
    expect(await stator.json('/api/chargepoints/CP-NEW/status')).toEqual({
      chargePointId: 'CP-NEW',
      status: 'Offline',
      lastHeartbeat: null,
      connectors: [],
      fault: null,
      problems: [],
      firmwareVersion: null,
      model: null,
    })
  })
})

describe('GET /api/chargepoints', () => {
  test('answers with exactly the fields of the contract', async () => {
    const { chargePoints, ...page } = await stator.json('/api/chargepoints')
    expect(page).toEqual({ totalCount: expect.any(Number), page: 1, pageSize: 20 })
    expect(chargePoints).toContainEqual({
      chargePointId: 'CP001',
      status: 'Available',
      lastSeen: isoTime,
      location: 'Building A, Floor 1',
    })
  })

  test('filters by status, Offline among them', async () => {
    const identities = async (status: string) => {
      const { chargePoints } = await stator.json(`/api/chargepoints?status=${status}`)
      return (Array.isArray(chargePoints) ? chargePoints : []).map(({ chargePointId }) => chargePointId)
    }
    await stator.provision('CP-OFFLINE')
    expect(await identities('Available')).toEqual(['CP001'])
    expect(await identities('Offline')).toContain('CP-OFFLINE')
    expect(await identities('Offline')).not.toContain('CP001')
    expect(await identities('Faulted')).toEqual([])
  })

  test('pages in a stable order', async () => {
    for (const number of [1, 2, 3, 4, 5]) await stator.provision(`PAGED-${number}`)
    const seen: unknown[] = []
    const { totalCount } = await stator.json('/api/chargepoints?pageSize=2')
    for (let page = 1; seen.length < Number(totalCount); page++) {
      const { chargePoints, ...rest } = await stator.json(`/api/chargepoints?page=${page}&pageSize=2`)
      const isLast = page * 2 >= Number(totalCount)
      expect(rest).toEqual({ totalCount, page, pageSize: 2, ...(isLast ? {} : { next: expect.any(String) }) })
      if (!Array.isArray(chargePoints) || chargePoints.length === 0) break
      seen.push(...chargePoints.map(({ chargePointId }) => chargePointId))
    }
    expect(seen).toHaveLength(Number(totalCount))
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual(seen.toSorted())
    expect(await stator.json('/api/chargepoints?page=1000')).toMatchObject({ totalCount, page: 1000, chargePoints: [] })
  })
})

describe('POST /api/chargepoints/{chargePointId}/start-transaction', () => {
  const path = '/api/chargepoints/CP001/start-transaction'
  const printed = `{
    "connectorId": 1,
    "idTag": "USER123",
    "chargingProfile":  {
      "chargingProfileId": 1,
      "stackLevel": 0,
      "chargingProfilePurpose": "TxDefaultProfile",
      "chargingProfileKind": "Absolute",
      "chargingSchedule": {
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [
          {
            "startPeriod": 0,
            "limit": 32.0
          }
        ]
      }
    }
  }`

  test('sends the printed body on, and the transaction gets the id that was answered', async () => {
    const answer = stator.json(path, { body: printed })
    const { messageId, payload } = await raw.command('RemoteStartTransaction')
    expect(payload).toEqual(JSON.parse(printed))
    raw.answer(messageId, { status: 'Accepted' })
    const { transactionId, ...rest } = await answer
    expect(rest).toEqual({ status: 'Accepted', message: 'Remote start request sent successfully' })
    expect(transactionId).toBeInteger()

    const started = await raw.call('StartTransaction', {
      connectorId: 1,
      idTag: 'USER123',
      meterStart: 1000,
      timestamp: '2025-12-26T10:00:00Z',
    })
    expect(started).toEqual({ transactionId, idTagInfo: expect.objectContaining({ status: 'Accepted' }) })
    await raw.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Charging' })
    expect(await stator.json('/api/chargepoints/CP001/status')).toMatchObject({
      status: 'Charging',
      connectors: [{ connectorId: 1, status: 'Charging', currentTransaction: transactionId }],
    })
    await raw.call('StopTransaction', { transactionId, meterStop: 1500, timestamp: '2025-12-26T10:10:00Z' })
    await raw.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
  })

  test('says when the charge point rejects it, and promises no id then', async () => {
    const answer = stator.json(path, { body: { connectorId: 1, idTag: 'USER123' } })
    const { messageId, payload } = await raw.command('RemoteStartTransaction')
    expect(payload).toEqual({ connectorId: 1, idTag: 'USER123' })
    raw.answer(messageId, { status: 'Rejected' })
    expect(await answer).toEqual({
      status: 'Rejected',
      message: 'The charge point answered the remote start with Rejected',
    })
  })

  test('answers the charge point itself, with the curl line of the contract', async () => {
    const answer = stator.api(path, {
      key: null,
      headers: { Authorization: 'Basic Q1AwMDE6c2VjcmV0cGFzc3dvcmQ=' },
      body: '{\n  "connectorId": 1,\n  "idTag":  "USER123"\n}',
    })
    raw.answer((await raw.command('RemoteStartTransaction')).messageId, { status: 'Rejected' })
    expect((await answer).status).toBe(200)
  })

  test('of a transaction that begins while the answer is on its way still gets the id', async () => {
    const answer = stator.json(path, { body: { connectorId: 1, idTag: 'user123' } })
    const { messageId } = await raw.command('RemoteStartTransaction')
    const start = { connectorId: 1, idTag: 'USER123', meterStart: 0, timestamp: '2025-12-26T11:00:00Z' }
    const started = await raw.call('StartTransaction', start)
    raw.answer(messageId, { status: 'Accepted' })
    expect((await answer).transactionId).toBe(started.transactionId)
    await raw.call('StopTransaction', {
      transactionId: started.transactionId,
      meterStop: 1,
      timestamp: '2025-12-26T11:01:00Z',
    })
  })
})

describe('POST /api/chargepoints/{chargePointId}/stop-transaction', () => {
  const path = '/api/chargepoints/CP001/stop-transaction'

  async function start(timestamp: string): Promise<number> {
    const payload = { connectorId: 1, idTag: 'USER123', meterStart: 1000, timestamp }
    return Number((await raw.call('StartTransaction', payload)).transactionId)
  }

  const stop = (transactionId: number, timestamp: string) =>
    raw.call('StopTransaction', { transactionId, meterStop: 1000, timestamp })

  test('answers with exactly the fields of the contract', async () => {
    const transactionId = await start('2025-12-20T10:00:00Z')
    const answer = stator.json(path, { body: { transactionId } })
    const { messageId, payload } = await raw.command('RemoteStopTransaction')
    expect(payload).toEqual({ transactionId })
    raw.answer(messageId, { status: 'Accepted' })
    expect(await answer).toEqual({ status: 'Accepted', message: 'Remote stop request sent successfully' })
    await stop(transactionId, '2025-12-20T11:00:00Z')

    expect(await stator.api(path, { body: { transactionId } })).toMatchObject({
      status: 409,
      body: { error: 'Conflict', code: 'CONFLICT', message: `Transaction '${transactionId}' has already stopped` },
    })
  })

  test('knows neither what does not exist nor what is another charge point’s', async () => {
    expect(await stator.api(path, { body: { transactionId: 99999999 } })).toMatchObject({
      status: 404,
      body: { error: 'NotFound', code: 'NOT_FOUND', message: "Transaction '99999999' not found" },
    })
    const transactionId = await start('2025-12-21T10:00:00Z')
    await stator.provision('CP-OTHER')
    const foreign = await stator.api('/api/chargepoints/CP-OTHER/stop-transaction', { body: { transactionId } })
    expect(foreign.status).toBe(404)
    await stop(transactionId, '2025-12-21T11:00:00Z')
  })
})

describe('POST /api/chargepoints/{chargePointId}/reset', () => {
  test.each(['Soft', 'Hard'])('%s answers with exactly the fields of the contract', async (type) => {
    const answer = stator.json('/api/chargepoints/CP001/reset', { body: { type } })
    const { messageId, payload } = await raw.command('Reset')
    expect(payload).toEqual({ type })
    raw.answer(messageId, { status: 'Accepted' })
    expect(await answer).toEqual({ status: 'Accepted', message: 'Reset command sent successfully' })
  })

  test('of another kind is a bad request', async () => {
    const answer = await stator.api('/api/chargepoints/CP001/reset', { body: { type: 'Gentle' } })
    expect(answer).toMatchObject({
      status: 400,
      body: {
        details: { field: 'type', issue: 'Type must be one of Soft, Hard, OnIdle, Immediate, ImmediateAndResume' },
      },
    })
  })
})

describe('POST /api/chargepoints/{chargePointId}/update-firmware', () => {
  const path = '/api/chargepoints/CP001/update-firmware'
  const printed = `{
    "location": "https://firmware.example.com/firmware-v1.2.3.bin",
    "retrieveDate": "2025-12-27T00:00:00Z",
    "retries": 3,
    "retryInterval": 300
  }`

  test('answers with exactly the fields of the contract', async () => {
    const answer = stator.json(path, { body: printed })
    const { messageId, payload } = await raw.command('UpdateFirmware')
    expect(payload).toEqual({
      location: 'https://firmware.example.com/firmware-v1.2.3.bin',
      retrieveDate: '2025-12-27T00:00:00.000Z',
      retries: 3,
      retryInterval: 300,
    })
    raw.answer(messageId, {})
    expect(await answer).toEqual({ status: 'Accepted', message: 'Firmware update scheduled' })
  })

  test.each([
    [{ retrieveDate: '2025-12-27T00:00:00Z' }, 'location'],
    [{ location: 'somewhere', retrieveDate: '2025-12-27T00:00:00Z' }, 'location'],
    [{ location: 'https://firmware.example.com/a.bin' }, 'retrieveDate'],
    [{ location: 'https://firmware.example.com/a.bin', retrieveDate: 'soon' }, 'retrieveDate'],
    [{ location: 'https://firmware.example.com/a.bin', retrieveDate: '2025-12-27T00:00:00Z', retries: -1 }, 'retries'],
  ])('%j is a bad request by its field', async (body, field) => {
    expect(await stator.api(path, { body })).toMatchObject({ status: 400, body: { details: { field } } })
  })
})

describe('GET /api/chargepoints/{chargePointId}/configuration', () => {
  const path = '/api/chargepoints/CP001/configuration'

  test('answers with exactly the fields of the contract', async () => {
    const answer = stator.json(path)
    const { messageId, payload } = await raw.command('GetConfiguration')
    expect(payload).toEqual({})
    const configurationKey = [
      { key: 'HeartbeatInterval', readonly: false, value: '300' },
      { key: 'MeterValueSampleInterval', readonly: false, value: '60' },
    ]
    raw.answer(messageId, { configurationKey })
    expect(await answer).toEqual({ configurationKey })
  })

  test('asks for some keys, and says which are unknown', async () => {
    const answer = stator.json(`${path}?key=HeartbeatInterval&key=Taste`)
    const { messageId, payload } = await raw.command('GetConfiguration')
    expect(payload).toEqual({ key: ['HeartbeatInterval', 'Taste'] })
    const configurationKey = [{ key: 'HeartbeatInterval', readonly: false, value: '300' }]
    raw.answer(messageId, { configurationKey, unknownKey: ['Taste'] })
    expect(await answer).toEqual({ configurationKey, unknownKey: ['Taste'] })
  })
})

describe('POST /api/chargepoints/{chargePointId}/configuration', () => {
  const path = '/api/chargepoints/CP001/configuration'

  test.each([
    ['Accepted', 'Configuration updated successfully'],
    ['RebootRequired', 'Configuration updated; it takes effect after a reboot'],
    ['Rejected', 'The charge point rejected the value, or the key is read-only'],
    ['NotSupported', 'The charge point does not know this key'],
  ])('that is answered with %s says so', async (status, message) => {
    const answer = stator.json(path, { body: '{"key": "HeartbeatInterval", "value": "600"}' })
    const command = await raw.command('ChangeConfiguration')
    expect(command.payload).toEqual({ key: 'HeartbeatInterval', value: '600' })
    raw.answer(command.messageId, { status })
    expect(await answer).toEqual({ status, message })
  })

  test('of a key that is too long for OCPP is a bad request by its field', async () => {
    const answer = await stator.api(path, { body: { key: 'K'.repeat(51), value: '1' } })
    expect(answer).toMatchObject({ status: 400, body: { details: { field: 'key' } } })
  })
})

describe('GET /api/transactions', () => {
  let transactionId: number

  beforeAll(async () => {
    const started = await raw.call('StartTransaction', {
      connectorId: 1,
      idTag: 'USER123',
      meterStart: 1000,
      timestamp: '2024-12-26T10:00:00Z',
    })
    transactionId = Number(started.transactionId)
    await raw.call('StopTransaction', {
      transactionId,
      idTag: 'USER123',
      timestamp: '2024-12-26T12:00:00Z',
      meterStop: 15000,
      reason: 'Local',
    })
  })

  test('answers with the fields of the contract, and with what the energy rests on', async () => {
    const { transactions, ...page } = await stator.json(
      '/api/transactions?chargePointId=CP001&idTag=USER123&startDate=2024-12-26T00:00:00Z&endDate=2024-12-27T00:00:00Z&page=1&pageSize=10',
    )
    expect(page).toEqual({ totalCount: 1, page: 1, pageSize: 10 })
    expect(transactions).toEqual([
      {
        transactionId,
        chargePointId: 'CP001',
        connectorId: 1,
        idTag: 'USER123',
        startTime: '2024-12-26T10:00:00.000Z',
        stopTime: '2024-12-26T12:00:00.000Z',
        meterStart: 1000,
        meterStop: 15000,
        energyConsumed: 14,
        energySource: 'register',
        energySoFar: null,
        stopReason: 'Local',
      },
    ])
  })

  test('of an open transaction knows what is not yet', async () => {
    const start = { connectorId: 1, idTag: 'USER123', meterStart: 20, timestamp: '2024-11-01T00:00:00Z' }
    const started = await raw.call('StartTransaction', start)
    const { transactions } = await stator.json('/api/transactions?endDate=2024-11-30')
    expect(transactions).toEqual([
      {
        transactionId: started.transactionId,
        chargePointId: 'CP001',
        connectorId: 1,
        idTag: 'USER123',
        startTime: '2024-11-01T00:00:00.000Z',
        stopTime: null,
        meterStart: 20,
        meterStop: null,
        energyConsumed: null,
        energySource: null,
        energySoFar: null,
        stopReason: null,
      },
    ])
  })
})

test('an offline charge point is shown as such, and cannot be commanded', async () => {
  const other = await stator.bootedRaw('CP-GOING')
  await other.close()
  await until('the charge point to be Offline', async () => {
    const { status } = await stator.json('/api/chargepoints/CP-GOING/status')
    return status === 'Offline'
  })
  const answer = await stator.api('/api/chargepoints/CP-GOING/reset', { body: { type: 'Soft' } })
  expect([answer.status, answer.body]).toEqual([
    409,
    { error: 'Conflict', code: 'NOT_CONNECTED', message: "Charge point 'CP-GOING' is not connected" },
  ])
})
