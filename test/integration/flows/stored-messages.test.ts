// Messages that Stator serves by storing them: each is answered as its schema says, listed in the history of its charge
// point, and never refused when a command asked for it.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { checkResponse } from '../../../src/examine/schema.ts'
import { tables } from '../../../src/blocks/messages.ts'
import type { MessageFixture } from '../../fixtures/message-fixture.ts'
import { fixtures16 } from '../../fixtures/v16.ts'
import { fixtures201 } from '../../fixtures/v201.ts'
import { fixtures21 } from '../../fixtures/v21.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { type ByVersion, ocppVersions } from '../../../src/ocpp/version.ts'

const fixtures: ByVersion<Readonly<Record<string, MessageFixture>>> = {
  '1.6': fixtures16,
  '2.0.1': fixtures201,
  '2.1': fixtures21,
}
const at = '2026-01-31T12:00:00.000Z'
const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
})

afterAll(() => stator.stop())

async function eventsOf(identity: string, query = ''): Promise<Record<string, unknown>> {
  return stator.json(`/api/chargepoints/${identity}/events${query}`)
}

/** Sends a SEND, which has no answer: the answer to the Heartbeat after it is the next frame. */
async function sendAndHeartbeat(raw: RawChargePoint, messageId: string, action: string, payload: unknown) {
  raw.send(JSON.stringify([6, messageId, action, payload]))
  const heartbeat = raw.sendCall('Heartbeat', {})
  expect((await raw.next()).slice(0, 2)).toEqual([3, heartbeat])
}

describe.each(ocppVersions)('a charge point of OCPP %s', (version) => {
  test('that is lenient gets an answer to every message it may send', async () => {
    const raw = await stator.bootedRaw(`every-lenient-${version}`, version, { strictness: 'lenient' })
    for (const [action, { valid }] of Object.entries(fixtures[version])) {
      if (tables[version][action]?.kind === 'send') continue
      for (const payload of valid) {
        const answer = await raw.answerTo(raw.sendCall(action, payload))
        expect({ action, type: answer[0], problems: checkResponse(version, action, answer[2]) }).toEqual({
          action,
          type: 3,
          problems: [],
        })
      }
    }
  })

  test('finds every message that is only stored in its history, as it was sent', async () => {
    const identity = `stored-${version}`
    const raw = await stator.bootedRaw(identity, version)
    for (const [action, row] of Object.entries(tables[version])) {
      if (row.standingAnswer === null) continue
      const payload = Object.entries(fixtures[version]).find(([name]) => name === action)?.[1].valid[0]
      if (row.kind === 'send') await sendAndHeartbeat(raw, `m-${action}`, action, payload)
      else expect(await raw.call(action, payload, `m-${action}`)).toEqual({ ...row.standingAnswer })
      expect(await eventsOf(identity, `?action=${action}`)).toMatchObject({
        totalCount: 1,
        events: [{ action, messageId: `m-${action}`, payload }],
      })
    }
  })
})

test.each([
  ['SignCertificate', { csr: 'MIIB' }, { status: 'Rejected' }],
  ['GetCertificateStatus', fixtures201.GetCertificateStatus.valid[0], { status: 'Failed' }],
  ['Get15118EVCertificate', fixtures201.Get15118EVCertificate.valid[0], { status: 'Failed', exiResponse: '' }],
  ['NotifyEVChargingNeeds', fixtures201.NotifyEVChargingNeeds.valid[0], { status: 'Rejected' }],
  ['ReservationStatusUpdate', { reservationId: 5, reservationUpdateStatus: 'Expired' }, {}],
])('%s gets the answer that says what Stator supports', async (action, payload, answer) => {
  const raw = await stator.bootedRaw(`answer-${action}`, '2.0.1')
  expect(await raw.call(action, payload)).toEqual(answer)
})

test.each([
  [
    'VatNumberValidation',
    { vatNumber: 'NL123456789B01', evseId: 2 },
    { vatNumber: 'NL123456789B01', evseId: 2, status: 'Rejected' },
  ],
  ['PullDynamicScheduleUpdate', { chargingProfileId: 12 }, { status: 'Rejected' }],
  ['OpenPeriodicEventStream', fixtures21.OpenPeriodicEventStream.valid[0], { status: 'Accepted' }],
  ['NotifyEVChargingNeeds', fixtures21.NotifyEVChargingNeeds.valid[1], { status: 'Rejected' }],
  ['Get15118EVCertificate', fixtures21.Get15118EVCertificate.valid[1], { status: 'Failed', exiResponse: '' }],
])('%s of 2.1 gets the answer that says what Stator supports', async (action, payload, answer) => {
  const raw = await stator.bootedRaw(`answer21-${action}`, '2.1')
  expect(await raw.call(action, payload)).toEqual(answer)
})

test('GetCertificateChainStatus says of each certificate that its status is not known', async () => {
  const raw = await stator.bootedRaw('chain-status', '2.1')
  const [payload] = fixtures21.GetCertificateChainStatus.valid
  const asked = payload?.['certificateStatusRequests'] as readonly Readonly<Record<string, unknown>>[]
  const failed = { status: 'Failed', nextUpdate: isoTime }
  expect(await raw.call('GetCertificateChainStatus', payload)).toEqual({
    certificateStatus: asked.map(({ certificateHashData, source }) => ({ certificateHashData, source, ...failed })),
  })
})

test('a message that is only stored is not refused by lenient for what it lacks', async () => {
  const raw = await stator.bootedRaw('lacking', '2.0.1')
  const sent = { ocspRequestData: { hashAlgorithm: 'SHA256', serialNumber: 'c' } }
  expect(await raw.call('GetCertificateStatus', sent)).toEqual({ status: 'Failed' })
  expect(await eventsOf('lacking', '?action=GetCertificateStatus')).toMatchObject({ events: [{ payload: sent }] })
  const strict = await stator.bootedRaw('lacking-strict', '2.0.1', { strictness: 'strict' })
  expect((await strict.answerTo(strict.sendCall('GetCertificateStatus', sent)))[2]).toBe(
    'OccurrenceConstraintViolation',
  )
})

test('a report of a megabyte is stored whole', async () => {
  const raw = await stator.bootedRaw('large', '2.0.1')
  const [profile] = [fixtures201.ReportChargingProfiles.valid[0]?.chargingProfile].flat()
  const chargingProfile = Array.from({ length: 4_000 }, () => profile)
  await raw.call('ReportChargingProfiles', { requestId: 1, chargingLimitSource: 'CSO', evseId: 1, chargingProfile })
  const { events } = await eventsOf('large', '?action=ReportChargingProfiles')
  expect(events).toMatchObject([{ payload: { requestId: 1, chargingProfile } }])
})

describe('the history of a charge point', () => {
  let raw: RawChargePoint

  beforeAll(async () => {
    raw = await stator.bootedRaw('history')
    for (const info of ['one', 'two', 'three']) {
      await raw.call('StatusNotification', {
        connectorId: 1,
        errorCode: 'NoError',
        status: 'Available',
        info,
        timestamp: at,
      })
    }
    await raw.call('FirmwareStatusNotification', { status: 'Idle' }, 'm-firmware')
  })

  test('shows what it reported, newest first, in pages', async () => {
    expect(await eventsOf('history', '?pageSize=2')).toEqual({
      totalCount: 5,
      page: 1,
      pageSize: 2,
      events: [
        {
          action: 'FirmwareStatusNotification',
          occurredAt: null,
          receivedAt: isoTime,
          direction: 'fromChargePoint',
          messageId: 'm-firmware',
          payload: { status: 'Idle' },
        },
        expect.objectContaining({ action: 'StatusNotification', occurredAt: at }),
      ],
    })
    expect(await eventsOf('history', '?pageSize=2&page=3')).toMatchObject({ events: [{ action: 'BootNotification' }] })
  })

  test('is filtered by action and by time of arrival', async () => {
    expect(await eventsOf('history', '?action=StatusNotification')).toMatchObject({
      totalCount: 3,
      events: [{ payload: { info: 'three' } }, { payload: { info: 'two' } }, { payload: { info: 'one' } }],
    })
    expect(await eventsOf('history', '?to=2020-01-01')).toMatchObject({ totalCount: 0 })
    expect(await eventsOf('history', '?from=2020-01-01&action=BootNotification')).toMatchObject({ totalCount: 1 })
  })

  test.each([
    ['?action=Dance', 'action'],
    ['?action=Reset', 'action'],
    ['?from=yesterday', 'from'],
    ['?from=2026-02-01&to=2026-01-01', 'to'],
    ['?page=0', 'page'],
    ['?kind=quirk', 'kind'],
  ])('%s is a bad request', async (query, field) => {
    const answer = await stator.api(`/api/chargepoints/history/events${query}`)
    expect(answer).toMatchObject({ status: 400, body: { details: { field } } })
  })

  test('is read by operators and by the charge point itself, and by nobody else', async () => {
    await stator.provision('other')
    const path = '/api/chargepoints/history/events'
    expect((await stator.api(path, { basic: ['history', passwordDefault] })).status).toBe(200)
    expect((await stator.api(path, { basic: ['other', passwordDefault] })).status).toBe(404)
    expect((await stator.api(path, { key: null })).status).toBe(401)
    expect((await stator.api('/api/chargepoints/nobody/events')).status).toBe(404)
  })
})

describe('what a command asked for', () => {
  const commands = [
    ['GetBaseReport', { requestId: 1, reportBase: 'FullInventory' }, 'NotifyReport'],
    ['GetMonitoringReport', { requestId: 1 }, 'NotifyMonitoringReport'],
    ['GetChargingProfiles', { requestId: 1, chargingProfile: {} }, 'ReportChargingProfiles'],
    ['GetDisplayMessages', { requestId: 1 }, 'NotifyDisplayMessages'],
    ['CustomerInformation', { requestId: 1, report: true, clear: false }, 'NotifyCustomerInformation'],
    ['TriggerMessage', { requestedMessage: 'SignV2GCertificate' }, 'SignCertificate'],
    ['TriggerMessage', { requestedMessage: 'StatusNotification' }, 'StatusNotification'],
  ] as const

  test.each(commands)('%s %j: %s is served before a boot is accepted', async (action, payload, asked) => {
    const identity = `pending-${asked}`
    const raw = await stator.bootedRaw(identity, '2.0.1', { registrationStatus: 'Pending' })
    const report = fixtures201[asked].valid[0]
    expect((await raw.answerTo(raw.sendCall(asked, report)))[2]).toBe('SecurityError')
    const answer = stator.json(`/api/chargepoints/${identity}/calls`, { body: { action, payload } })
    raw.answer((await raw.command(action)).messageId, { status: 'Accepted' })
    await answer
    expect((await raw.answerTo(raw.sendCall(asked, report)))[0]).toBe(3)
  })

  test('is served on the connection after the one on which it was asked for', async () => {
    const raw = await stator.bootedRaw('pending-again', '2.0.1', { registrationStatus: 'Pending' })
    const [action, payload, asked] = commands[0]
    const answer = stator.json('/api/chargepoints/pending-again/calls', { body: { action, payload } })
    raw.answer((await raw.command(action)).messageId, { status: 'Accepted' })
    await answer
    await raw.close()
    const again = await stator.raw('pending-again', { subprotocols: ['ocpp2.0.1'] })
    expect((await again.answerTo(again.sendCall(asked, fixtures201[asked].valid[0])))[0]).toBe(3)
  })
})
