// Jobs over REST, with charge points that speak for themselves: sent at once or after the next boot, moved by the
// answer and by reports, cancelled, repeated, listed.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { TestStator } from '../../support/stator.ts'
import { testDatabase } from '../../support/postgres.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { until } from '../../support/until.ts'

type Json = Record<string, unknown>

const firmware = { location: 'https://example.com/firmware.bin', retrieveDate: '2026-01-01T00:00:00Z' }
const log = { type: 'DiagnosticsLog', location: 'https://example.com/logs' }

describe.each(['PostgreSQL 18', 'PostgreSQL 15', 'Embedded'] as const)('jobs, on %s', (name) => {
  let central: TestStator
  let drop = async (): Promise<void> => {}
  let stations = 0

  beforeAll(async () => {
    const settings = { OCPP: { CallTimeout: 1 } }
    if (name === 'PostgreSQL 15') {
      const database = await testDatabase(15)
      drop = () => database.drop()
      const Database = { ConnectionString: database.connectionString }
      central = await TestStator.start({ settings: { ...settings, Database } })
    } else {
      central = await TestStator.start({ settings, provider: name === 'Embedded' ? 'Embedded' : 'PostgreSQL' })
    }
  }, 120_000)

  afterAll(async () => {
    await central.stop()
    await drop()
  })

  const newIdentity = (): string => `JOB-${++stations}`
  const jobOf = (id: unknown): Promise<Json> => central.json(`/api/jobs/${id}`)
  const historyOf = async (id: unknown): Promise<unknown[]> =>
    ((await jobOf(id))['history'] as Json[]).map(({ state, status }) => [state, status])
  const once = (id: unknown, state: string): Promise<Json> =>
    until(`job ${id} to be ${state}`, async () => {
      const job = await jobOf(id)
      return job['state'] === state ? job : null
    })

  /** Begins an update, and answers its CALL. */
  async function started(
    raw: RawChargePoint,
    identity: string,
    path: string,
    body: Json,
    action: string,
    answer: Json,
  ) {
    const answering = central.api(`/api/chargepoints/${identity}/${path}`, { body })
    const { messageId, payload } = await raw.command(action)
    raw.answer(messageId, answer)
    const given = await answering
    const jobId = Number(given.headers.get('Location')?.split('/').at(-1))
    const named: Json = { ...given.body, jobId }
    return { ...given, body: named, sent: payload }
  }

  test('a firmware update of 1.6 is moved by statuses that name no request', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity)
    const { status, body } = await started(raw, identity, 'update-firmware', firmware, 'UpdateFirmware', {})
    expect([status, body]).toEqual([
      200,
      { status: 'Accepted', message: 'Firmware update scheduled', jobId: expect.any(Number) },
    ])
    const id = body['jobId']
    expect(await jobOf(id)).toMatchObject({ state: 'running', status: 'Accepted', createdBy: 'admin', endedAt: null })
    for (const report of ['Downloading', 'Downloaded', 'Downloaded', 'Idle', 'Installing', 'Installed']) {
      await raw.call('FirmwareStatusNotification', { status: report })
    }
    expect(await jobOf(id)).toMatchObject({ state: 'succeeded', status: 'Installed', deadlineAt: null })
    expect(await historyOf(id)).toEqual([
      ['sending', null],
      ['running', 'Accepted'],
      ['running', 'Downloading'],
      ['running', 'Downloaded'],
      ['running', 'Installing'],
      ['succeeded', 'Installed'],
    ])
  })

  test('a status of 2.0.1 moves the job that it names; one after the end is an anomaly', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, '2.0.1')
    const begin = () => started(raw, identity, 'update-firmware', firmware, 'UpdateFirmware', { status: 'Accepted' })
    const [one, other] = [await begin(), await begin()]
    const requestId = one.sent['requestId']
    await raw.call('FirmwareStatusNotification', { status: 'Downloading', requestId })
    await raw.call('FirmwareStatusNotification', { status: 'InstallationFailed', requestId })
    expect(await jobOf(one.body['jobId'])).toMatchObject({ state: 'failed', status: 'InstallationFailed', requestId })
    expect(await jobOf(other.body['jobId'])).toMatchObject({ state: 'running', status: 'Accepted' })
    const cancelled = await central.json(`/api/jobs/${other.body['jobId']}`, { method: 'DELETE' })
    expect(cancelled).toMatchObject({ state: 'cancelled' })
    expect(((cancelled['history'] as Json[]).at(-1) ?? {})['movedBy']).toBe('admin')
    await raw.call('FirmwareStatusNotification', { status: 'Installed', requestId: other.sent['requestId'] })
    expect(await jobOf(other.body['jobId'])).toMatchObject({ state: 'cancelled', status: 'Accepted' })
    const { anomalies } = await central.json(`/api/anomalies?chargePointId=${identity}`)
    expect(anomalies).toMatchObject([
      { kind: 'jobReportAfterEnd', detail: { jobId: other.body['jobId'], state: 'cancelled', status: 'Installed' } },
    ])
  })

  test('an update that replaces another one ends that', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, '2.0.1')
    const begin = (status: string) => started(raw, identity, 'update-firmware', firmware, 'UpdateFirmware', { status })
    const one = await begin('Accepted')
    const other = await begin('AcceptedCanceled')
    expect(await jobOf(one.body['jobId'])).toMatchObject({
      state: 'cancelled',
      error: `Job ${other.body['jobId']} has replaced it`,
    })
    expect(await jobOf(other.body['jobId'])).toMatchObject({ state: 'running', status: 'AcceptedCanceled' })
  })

  test('a log that a later one overtakes is cancelled, whether its charge point says so before or after the answer', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, '2.0.1')
    const begin = (status: string) => started(raw, identity, 'logs', log, 'GetLog', { status, filename: 'a' })
    const first = await begin('Accepted')
    const second = await begin('AcceptedCanceled')
    const say = (status: string, { sent }: Awaited<ReturnType<typeof begin>>) =>
      raw.call('LogStatusNotification', { status, requestId: sent['requestId'] })
    await say('AcceptedCanceled', first)
    expect(await jobOf(first.body['jobId'])).toMatchObject({ state: 'cancelled' })
    await say('Uploading', second)
    const third = central.api(`/api/chargepoints/${identity}/logs`, { body: log })
    const { messageId } = await raw.command('GetLog')
    await say('AcceptedCanceled', second)
    raw.answer(messageId, { status: 'AcceptedCanceled', filename: 'a' })
    await third
    expect(await jobOf(second.body['jobId'])).toMatchObject({ state: 'cancelled', status: 'AcceptedCanceled' })
    expect((await central.json(`/api/anomalies?chargePointId=${identity}`))['anomalies']).toEqual([])
  })

  test('what a charge point knows of a customer is a job, and its parts are joined, read and deleted', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, '2.1')
    const asks = { report: true, clear: true, idTag: 'CUSTOMER1', idTagType: 'ISO14443' }
    const answer = { status: 'Accepted' }
    const { body, sent } = await started(raw, identity, 'customer-information', asks, 'CustomerInformation', answer)
    expect(sent).toMatchObject({ report: true, clear: true, idToken: { idToken: 'CUSTOMER1', type: 'ISO14443' } })
    const { requestId } = sent
    const generatedAt = '2026-01-01T00:00:00.000Z'
    const say = (seqNo: number, data: string, tbc: boolean) =>
      raw.call('NotifyCustomerInformation', { data, seqNo, tbc, generatedAt, requestId })
    const path = `/api/jobs/${body['jobId']}/customer-information`
    expect(await central.json(path)).toEqual({ status: 'Receiving', text: '', missing: [] })
    await say(0, 'Charged ', true)
    await say(2, '.', false)
    expect(await central.json(path)).toEqual({
      status: 'PartsMissing',
      text: 'Charged .',
      missing: [{ from: 1, to: 1 }],
    })
    expect(await jobOf(body['jobId'])).toMatchObject({ kind: 'customerInformation', state: 'running' })
    await say(1, 'on Monday', true)
    expect(await jobOf(body['jobId'])).toMatchObject({ state: 'succeeded', status: 'Complete' })
    expect(await central.json(path)).toEqual({ status: 'Complete', text: 'Charged on Monday.', missing: [] })
    const viewer = await central.json('/api/api-keys', { body: { name: newIdentity(), role: 'viewer' } }, 201)
    const key = String(viewer['apiKey'])
    expect(await central.api(path, { key })).toMatchObject({ status: 403 })
    const events = `/api/chargepoints/${identity}/events?action=NotifyCustomerInformation`
    const dataOf = (listed: Json) => (listed['events'] as { payload: Json }[]).map(({ payload }) => payload['data'])
    expect(dataOf(await central.json(events, { key }))).toEqual(['***', '***', '***'])
    expect(dataOf(await central.json(events))).toEqual(['on Monday', '.', 'Charged '])
    const logged = `/api/chargepoints/${identity}/messages?action=NotifyCustomerInformation`
    const { messages } = await until('the frames are logged', async () => {
      const listed = await central.json(logged)
      return (listed['totalCount'] as number) < 3 ? null : listed
    })
    expect((messages as Json[]).map(({ frame }) => JSON.parse(String(frame))[3].data)).toEqual(['***', '***', '***'])
    expect(await central.json(path, { method: 'DELETE' })).toEqual({ deleted: 3 })
    expect(await central.json(path)).toMatchObject({ text: '' })
    const none = await central.api(`/api/chargepoints/${identity}/customer-information`, {
      body: { idTag: 'A', report: false },
    })
    expect(none.status).toBe(400)
  })

  test('firmware that a local controller publishes is a job, with the URLs in its history', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, '2.0.1')
    const checksum = 'd41d8cd98f00b204e9800998ecf8427e'
    const wish = { location: firmware.location, checksum }
    const { body, sent } = await started(raw, identity, 'publish-firmware', wish, 'PublishFirmware', {
      status: 'Accepted',
    })
    const say = (status: string, more: Json = {}) =>
      raw.call('PublishFirmwareStatusNotification', { status, requestId: sent['requestId'], ...more })
    for (const status of ['Downloading', 'DownloadFailed', 'Downloading', 'Downloaded', 'ChecksumVerified'])
      await say(status)
    expect(await jobOf(body['jobId'])).toMatchObject({ kind: 'firmwarePublication', state: 'running' })
    await say('Published', { location: ['http://10.0.0.1/f.bin'] })
    const { state, history } = await jobOf(body['jobId'])
    expect([state, (history as Json[]).at(-1)?.['detail']]).toEqual([
      'succeeded',
      { location: ['http://10.0.0.1/f.bin'] },
    ])
    const path = `/api/chargepoints/${identity}/unpublish-firmware`
    const answering = central.api(path, { body: { checksum } })
    const { messageId, payload } = await raw.command('UnpublishFirmware')
    expect(payload).toEqual({ checksum })
    raw.answer(messageId, { status: 'Unpublished' })
    expect(await answering).toMatchObject({ status: 200, body: { status: 'Unpublished' } })
    const old = newIdentity()
    await central.bootedRaw(old)
    expect((await central.api(`/api/chargepoints/${old}/publish-firmware`, { body: wish })).status).toBe(409)
    expect((await central.api(`/api/chargepoints/${old}/unpublish-firmware`, { body: { checksum } })).status).toBe(409)
  })

  test('a refused command is a job that is rejected, and the request says so', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, '2.0.1')
    const { status, body } = await started(raw, identity, 'logs', log, 'GetLog', { status: 'Rejected' })
    expect([status, body['status']]).toEqual([200, 'Rejected'])
    expect(await jobOf(body['jobId'])).toMatchObject({ kind: 'diagnosticsLog', state: 'rejected', status: 'Rejected' })
  })

  test('the name of the file that is uploaded stands in the history', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity)
    const { body } = await started(raw, identity, 'logs', log, 'GetDiagnostics', { fileName: 'cp.zip' })
    await raw.call('DiagnosticsStatusNotification', { status: 'Uploaded' })
    const { state, history } = await jobOf(body['jobId'])
    expect(state).toBe('succeeded')
    expect(history).toMatchObject([{ detail: null }, { detail: { fileName: 'cp.zip' } }, { status: 'Uploaded' }])
  })

  test('without an answer the job is unknown: a report moves it, or its operator repeats it', async () => {
    const identity = newIdentity()
    const raw = await central.bootedRaw(identity, '2.0.1')
    const path = `/api/chargepoints/${identity}/update-firmware`
    const answering = central.api(path, { body: firmware })
    const { payload } = await raw.command('UpdateFirmware')
    const { status, body } = await answering
    expect([status, body['code']]).toEqual([504, 'CALL_TIMEOUT'])
    const id = (body['details'] as Json)['jobId']
    expect(await jobOf(id)).toMatchObject({ state: 'unknown', errorCode: 'CALL_TIMEOUT', endedAt: null })
    const repeating = central.api(`/api/jobs/${id}/repeat`, { body: {} })
    const again = await raw.command('UpdateFirmware')
    expect(again.payload).toEqual(payload)
    raw.answer(again.messageId, { status: 'Accepted' })
    expect((await repeating).body).toMatchObject({ status: 'Accepted', jobId: id })
    expect(await historyOf(id)).toEqual([
      ['sending', null],
      ['unknown', null],
      ['sending', null],
      ['running', 'Accepted'],
    ])
    expect(await central.api(`/api/jobs/${id}/repeat`, { body: {} })).toMatchObject({ status: 409 })
  })

  test('a charge point that is not connected is refused, or commanded after its next boot, of whatever version', async () => {
    const identity = newIdentity()
    await central.provision(identity)
    const path = `/api/chargepoints/${identity}/update-firmware`
    expect(await central.api(path, { body: firmware })).toMatchObject({ status: 409, body: { code: 'NOT_CONNECTED' } })
    const queued = await central.api(path, { body: { ...firmware, queue: true, expiresInSeconds: 600 } })
    expect([queued.status, queued.body]).toEqual([202, expect.objectContaining({ status: 'Queued' })])
    const id = queued.body['jobId']
    expect(await jobOf(id)).toMatchObject({ state: 'queued', expiresAt: queued.body['expiresAt'] })
    const raw = await central.raw(identity, { subprotocols: ['ocpp2.0.1'] })
    await raw.call('BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } })
    const { messageId, payload } = await raw.command('UpdateFirmware')
    expect(payload).toMatchObject({ firmware: { location: firmware.location } })
    raw.answer(messageId, { status: 'Accepted' })
    await once(id, 'running')
    expect(await historyOf(id)).toEqual([
      ['queued', null],
      ['sending', null],
      ['running', 'Accepted'],
    ])
  })

  test('what is queued can be cancelled, and is not sent then', async () => {
    const identity = newIdentity()
    await central.provision(identity)
    const path = `/api/chargepoints/${identity}/logs`
    const { body } = await central.api(path, { body: { ...log, queue: true } })
    expect(await central.json(`/api/jobs/${body['jobId']}`, { method: 'DELETE' })).toMatchObject({ state: 'cancelled' })
    expect(await central.api(`/api/jobs/${body['jobId']}`, { method: 'DELETE' })).toMatchObject({ status: 409 })
  })

  test('what is queued expires', async () => {
    const identity = newIdentity()
    await central.provision(identity)
    const path = `/api/chargepoints/${identity}/logs`
    const { body } = await central.api(path, { body: { ...log, queue: true, expiresInSeconds: 1 } })
    await once(body['jobId'], 'expired')
  }, 20_000)

  test('the list is filtered, and read page by page', async () => {
    const identity = newIdentity()
    await central.provision(identity)
    const ids: unknown[] = []
    for (let n = 0; n < 5; n++) {
      const { body } = await central.api(`/api/chargepoints/${identity}/logs`, { body: { ...log, queue: true } })
      ids.unshift(body['jobId'])
    }
    const filter = `chargePointId=${identity}&kind=diagnosticsLog&state=queued&pageSize=2`
    const seen: unknown[] = []
    for (let after = ''; ;) {
      const { jobs, next } = await central.json(`/api/jobs?${filter}${after}`)
      seen.push(...(jobs as Json[]).map(({ id }) => id))
      if (next === null) break
      after = `&after=${next}`
    }
    expect(seen).toEqual(ids)
    expect((await central.json(`/api/jobs?chargePointId=${identity}&state=running`))['jobs']).toEqual([])
  })
})
