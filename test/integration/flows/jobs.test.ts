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
