// Named operations over REST, with charge points of each version on real sockets: the same request for all of them.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ocppVersions, type OcppVersion } from '../../../src/ocpp/version.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'

type Json = Record<string, unknown>

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start({ settings: { OCPP: { CallTimeout: 1 } } })
})

afterAll(() => stator.stop())

/** What the same request sends to charge points of 1.6 and of 2.x. */
interface Operation {
  readonly path: string
  readonly body?: Json
  readonly action: string
  readonly in16: Json | null
  readonly in2x: Json
  readonly answer: Json
  readonly message: string
}

const operations: readonly Operation[] = [
  {
    path: 'reset',
    body: { type: 'OnIdle' },
    action: 'Reset',
    in16: { type: 'Soft' },
    in2x: { type: 'OnIdle' },
    answer: { status: 'Accepted' },
    message: 'Reset command sent successfully',
  },
  {
    path: 'reset',
    body: { type: 'Hard', evseId: 1 },
    action: 'Reset',
    in16: null,
    in2x: { type: 'Immediate', evseId: 1 },
    answer: { status: 'Rejected' },
    message: 'The charge point answered the reset with Rejected',
  },
  {
    path: 'unlock-connector',
    body: { evseId: 1 },
    action: 'UnlockConnector',
    in16: { connectorId: 1 },
    in2x: { evseId: 1, connectorId: 1 },
    answer: { status: 'Unlocked' },
    message: 'The connector is unlocked',
  },
  {
    path: 'trigger-message',
    body: { requestedMessage: 'StatusNotification', evseId: 1 },
    action: 'TriggerMessage',
    in16: { requestedMessage: 'StatusNotification', connectorId: 1 },
    in2x: { requestedMessage: 'StatusNotification', evse: { id: 1, connectorId: 1 } },
    answer: { status: 'Accepted' },
    message: 'The charge point sends the message',
  },
  {
    path: 'change-availability',
    body: { type: 'Inoperative', evseId: 1 },
    action: 'ChangeAvailability',
    in16: { connectorId: 1, type: 'Inoperative' },
    in2x: { evse: { id: 1 }, operationalStatus: 'Inoperative' },
    answer: { status: 'Scheduled' },
    message: 'The availability changes when the transaction under way has ended',
  },
  {
    path: 'clear-cache',
    action: 'ClearCache',
    in16: {},
    in2x: {},
    answer: { status: 'Accepted' },
    message: 'The cache is cleared',
  },
  {
    path: 'data-transfer',
    body: { vendorId: 'com.example', messageId: 'Tariff', data: { price: 30 } },
    action: 'DataTransfer',
    in16: { vendorId: 'com.example', messageId: 'Tariff', data: '{"price":30}' },
    in2x: { vendorId: 'com.example', messageId: 'Tariff', data: { price: 30 } },
    answer: { status: 'UnknownMessageId' },
    message: 'The charge point does not know this message of the vendor',
  },
]

describe.each([...ocppVersions])('OCPP %s', (version: OcppVersion) => {
  const identity = `OPS-${version}`
  const path = `/api/chargepoints/${identity}`
  const is16 = version === '1.6'
  let raw: RawChargePoint

  beforeAll(async () => {
    raw = await stator.bootedRaw(identity, version)
  })

  test.each([...operations])('$path', async ({ path: operation, body, action, in16, in2x, answer, message }) => {
    const asked = stator.api(`${path}/${operation}`, { method: 'POST', ...(body === undefined ? {} : { body }) })
    if (is16 && in16 === null) {
      expect(await asked).toMatchObject({ status: 409, body: { code: 'CONFLICT' } })
      return
    }
    const { messageId, payload } = await raw.command(action)
    expect(payload).toEqual((is16 ? in16 : in2x) ?? {})
    raw.answer(messageId, answer)
    expect(await asked).toMatchObject({ status: 200, body: { status: answer['status'], message } })
  })

  test('what the charge point answers to data', async () => {
    const asked = stator.json(`${path}/data-transfer`, { body: { vendorId: 'com.example' } })
    raw.answer((await raw.command('DataTransfer')).messageId, { status: 'Accepted', data: 'as it is' })
    expect(await asked).toMatchObject({ status: 'Accepted', data: 'as it is' })
  })

  test('a message of a registered vendor, of an unregistered one, and one that its vendor does not have', async () => {
    const vendor = `/api/data-transfer/vendors/${encodeURIComponent(`com.example/${version}`)}`
    const vendorId = `com.example/${version}`
    expect(await raw.call('DataTransfer', { vendorId, messageId: 'Ping' })).toEqual({ status: 'UnknownVendorId' })
    const messages = [
      { messageId: 'Ping', data: { pong: 1 } },
      { messageId: 'Ask', status: 'Rejected' },
    ]
    await stator.json(vendor, { method: 'PUT', body: { messages } }, 201)
    const data = is16 ? '{"pong":1}' : { pong: 1 }
    expect(await raw.call('DataTransfer', { vendorId, messageId: 'Ping', data: '1' })).toEqual({
      status: 'Accepted',
      data,
    })
    expect(await raw.call('DataTransfer', { vendorId, messageId: 'Ask' })).toEqual({ status: 'Rejected' })
    for (const other of [{ messageId: 'Other' }, {}]) {
      expect(await raw.call('DataTransfer', { vendorId, ...other })).toEqual({ status: 'UnknownMessageId' })
    }
    await stator.json(vendor, { method: 'PUT', body: { data: 'all' } })
    expect(await raw.call('DataTransfer', { vendorId })).toEqual({ status: 'Accepted', data: 'all' })
    expect(await stator.json(vendor)).toEqual({
      vendorId,
      description: null,
      status: 'Accepted',
      data: 'all',
      messages: null,
    })
    expect(await stator.json('/api/data-transfer/vendors')).toMatchObject({ vendors: expect.any(Array) })
    // Each was stored as an event, whatever it was answered with.
    expect(await stator.json(`${path}/events?action=DataTransfer`)).toMatchObject({ totalCount: 6 })
    expect(await stator.api(vendor, { method: 'DELETE' })).toMatchObject({ status: 204 })
    expect(await raw.call('DataTransfer', { vendorId })).toEqual({ status: 'UnknownVendorId' })
  })

  test('the status of a transaction', async () => {
    const asked = stator.api(`${path}/transaction-status`)
    if (is16) {
      expect(await asked).toMatchObject({ status: 409, body: { message: 'OCPP 1.6 has no GetTransactionStatus' } })
      return
    }
    const { messageId, payload } = await raw.command('GetTransactionStatus')
    expect(payload).toEqual({})
    raw.answer(messageId, { messagesInQueue: true })
    expect(await asked).toMatchObject({ status: 200, body: { ongoing: null, messagesInQueue: true } })
  })

  test('a composite schedule', async () => {
    const asked = stator.json(`${path}/composite-schedule?evseId=1&duration=600`)
    const { messageId } = await raw.command('GetCompositeSchedule')
    const scheduleStart = '2026-01-01T00:00:00Z'
    const form = { duration: 600, chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 11000 }] }
    raw.answer(
      messageId,
      is16
        ? { status: 'Accepted', connectorId: 1, scheduleStart, chargingSchedule: form }
        : { status: 'Accepted', schedule: { evseId: 1, scheduleStart, ...form } },
    )
    const message = 'The charge point has computed the schedule'
    expect(await asked).toEqual({ status: 'Accepted', message, schedule: { evseId: 1, scheduleStart, ...form } })
  })
})

test('the status of a transaction is asked by the id that its charge point gave it', async () => {
  const raw = await stator.bootedRaw('OPS-TX', '2.0.1')
  const timestamp = new Date().toISOString()
  await raw.call('TransactionEvent', {
    eventType: 'Started',
    timestamp,
    triggerReason: 'CablePluggedIn',
    seqNo: 0,
    transactionInfo: { transactionId: 'tx-of-station' },
    evse: { id: 1, connectorId: 1 },
  })
  const { transactions } = await stator.json('/api/transactions?chargePointId=OPS-TX')
  const [{ transactionId } = { transactionId: 0 }] = transactions as { transactionId: number }[]
  const path = '/api/chargepoints/OPS-TX/transaction-status'
  const asked = stator.json(`${path}?transactionId=${transactionId}`)
  const { messageId, payload } = await raw.command('GetTransactionStatus')
  expect(payload).toEqual({ transactionId: 'tx-of-station' })
  raw.answer(messageId, { ongoingIndicator: true, messagesInQueue: false })
  expect(await asked).toEqual({ ongoing: true, messagesInQueue: false })
  expect(await stator.api(`${path}?transactionId=1999999999`)).toMatchObject({ status: 404 })
})

test('a charge point that is not connected is 409, and one that does not answer is 504', async () => {
  await stator.provision('OPS-AWAY')
  const body = { evseId: 1 }
  expect(await stator.api('/api/chargepoints/OPS-AWAY/unlock-connector', { body })).toMatchObject({
    status: 409,
    body: { code: 'NOT_CONNECTED' },
  })
  const raw = await stator.bootedRaw('OPS-SILENT', '2.1')
  const asked = stator.api('/api/chargepoints/OPS-SILENT/unlock-connector', { body })
  await raw.command('UnlockConnector')
  expect(await asked).toMatchObject({ status: 504, body: { code: 'CALL_TIMEOUT' } })
})

test('a connector without its EVSE, and an unknown word, are refused before anything is sent', async () => {
  await stator.bootedRaw('OPS-BAD', '2.0.1')
  const path = '/api/chargepoints/OPS-BAD'
  const refused = await stator.api(`${path}/change-availability`, { body: { type: 'Operative', connectorId: 1 } })
  expect(refused).toMatchObject({ status: 400, body: { details: { field: 'connectorId' } } })
  const unknown = await stator.api(`${path}/trigger-message`, { body: { requestedMessage: 'Everything' } })
  expect(unknown).toMatchObject({ status: 400, body: { details: { field: 'requestedMessage' } } })
})

test('an id token of 255 characters is stored, and starts a transaction over 2.1; 2.0.1 is told its limit', async () => {
  const idTag = 'x'.repeat(255)
  await stator.addIdTag(idTag, { type: 'Central' })
  const raw = await stator.bootedRaw('OPS-LONG', '2.1')
  const { idTokenInfo } = await raw.call('Authorize', { idToken: { idToken: idTag, type: 'Central' } })
  expect(idTokenInfo).toMatchObject({ status: 'Accepted' })
  const asked = stator.api('/api/chargepoints/OPS-LONG/start-transaction', { body: { connectorId: 1, idTag } })
  const { messageId, payload } = await raw.command('RequestStartTransaction')
  expect(payload).toMatchObject({ idToken: { idToken: idTag, type: 'Central' } })
  raw.answer(messageId, { status: 'Rejected' })
  expect(await asked).toMatchObject({ status: 200 })
  await stator.bootedRaw('OPS-SHORT', '2.0.1')
  const refused = await stator.api('/api/chargepoints/OPS-SHORT/start-transaction', { body: { connectorId: 1, idTag } })
  expect(refused).toMatchObject({ status: 400, body: { details: { field: 'idTag' } } })
})
