// Logs that charge points upload to Stator: the URL that they get, the file in the database, and the job between the
// file and the status of the charge point.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { silentLogger } from '../../../src/base/log.ts'
import { freePort } from '../../support/free-port.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { adminApiKey, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

type Json = Record<string, unknown>

const sha256Of = (content: Uint8Array): string => new Bun.CryptoHasher('sha256').update(content).digest('hex')

describe.each(['PostgreSQL', 'Embedded'] as const)('uploads, on %s', (provider) => {
  let central: TestStator
  let port: number
  let stations = 0
  const logged: unknown[] = []

  beforeAll(async () => {
    port = await freePort()
    const Uploads = { PublicUrl: `http://127.0.0.1:${port}/`, Port: port, MaxMegabytes: 1 }
    const keep = (...line: unknown[]): void => void logged.push(line)
    const log = { ...silentLogger, info: keep, warn: keep, debug: keep, error: keep, category: () => log }
    central = await TestStator.start({ provider, settings: { Uploads }, hooks: { log } })
  }, 120_000)

  afterAll(() => central.stop())

  const jobOf = (id: unknown): Promise<Json> => central.json(`/api/jobs/${id}`)
  const once = (id: unknown, state: string, status: string): Promise<Json> =>
    until(`job ${id} to be ${state}, ${status}`, async () => {
      const job = await jobOf(id)
      return job['state'] === state && job['status'] === status ? job : null
    })
  const put = async (url: string, content: Uint8Array<ArrayBuffer> | string): Promise<number> =>
    (await fetch(url, { method: 'PUT', body: content })).status
  const download = (id: unknown): Promise<Response> =>
    fetch(`${central.url}/api/jobs/${id}/file`, { headers: { 'X-API-Key': adminApiKey } })

  /** A charge point of 2.0.1 that has accepted to upload a log to Stator. */
  async function asked() {
    const identity = `UP-${++stations}`
    const raw = await central.bootedRaw(identity, '2.0.1')
    const answering = central.api(`/api/chargepoints/${identity}/logs`, { body: { type: 'SecurityLog' } })
    const { messageId, payload } = await raw.command('GetLog')
    raw.answer(messageId, { status: 'Accepted', filename: 'log.bin' })
    const { body } = await answering
    const url = String((payload['log'] as Json)['remoteLocation'])
    const say = (status: string) => raw.call('LogStatusNotification', { status, requestId: payload['requestId'] })
    return { identity, raw, url, say, jobId: body['jobId'] }
  }

  test('a log of 1.6 is uploaded to the URL that Stator gives, and downloaded byte by byte', async () => {
    const identity = `UP-${++stations}`
    const raw: RawChargePoint = await central.bootedRaw(identity)
    const answering = central.api(`/api/chargepoints/${identity}/logs`, { body: { type: 'DiagnosticsLog' } })
    const { messageId, payload } = await raw.command('GetDiagnostics')
    raw.answer(messageId, { fileName: 'diagnostics.zip' })
    const jobId = (await answering).body['jobId']
    const url = String(payload['location'])
    expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/uploads/[\\w-]{43}/$`))
    expect(await jobOf(jobId)).toMatchObject({ upload: 'awaited', file: null })
    expect((await download(jobId)).status).toBe(404)
    const content = randomBytes(700_001)
    await raw.call('DiagnosticsStatusNotification', { status: 'Uploading' })
    expect(await put(`${url}diagnostics%20%231.zip`, content)).toBe(200)
    await raw.call('DiagnosticsStatusNotification', { status: 'Uploaded' })
    const file = { name: 'diagnostics #1.zip', bytes: 700_001, sha256: sha256Of(content) }
    expect(await once(jobId, 'succeeded', 'Uploaded')).toMatchObject({ upload: 'received', file })
    const answer = await download(jobId)
    expect(answer.headers.get('Content-Disposition')).toBe(
      `attachment; filename="diagnostics__1.zip"; filename*=UTF-8''diagnostics%20%231.zip`,
    )
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true)
    const { jobs } = await central.json(`/api/jobs?chargePointId=${identity}`)
    expect(jobs).toMatchObject([{ file }])
  })

  test('a charge point that says Uploaded has not done it before the file has come', async () => {
    const { url, say, jobId } = await asked()
    await say('Uploaded')
    const waiting = await jobOf(jobId)
    expect(waiting).toMatchObject({ state: 'running', status: 'Uploaded', upload: 'awaited', endedAt: null })
    const [deadline, changed] = [waiting['deadlineAt'], waiting['changedAt']].map((at) => Date.parse(String(at)))
    expect((deadline ?? 0) - (changed ?? 0)).toBeLessThanOrEqual(900_000)
    const form = new FormData()
    form.append('comment', 'not the file')
    form.append('file', new File(['the log'], 'form.log'))
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(200)
    expect(await once(jobId, 'succeeded', 'FileReceived')).toMatchObject({ file: { name: 'form.log', bytes: 7 } })
    expect(await (await download(jobId)).text()).toBe('the log')
    // The charge point may not have seen the answer before its job ended.
    expect([await put(url, 'the log'), await put(url, 'a log')]).toEqual([200, 409])
  })

  test('a file that comes before the status waits for it; the same again is answered again', async () => {
    const { identity, url, say, jobId } = await asked()
    expect(await put(url, 'a log')).toBe(200)
    const { history } = await once(jobId, 'running', 'FileReceived')
    const detail = { fileName: null, bytes: 5, sha256: sha256Of(Buffer.from('a log')) }
    expect((history as Json[]).at(-1)).toMatchObject({ status: 'FileReceived', detail })
    expect(await put(url, 'a log')).toBe(200)
    expect(await put(url, 'another log')).toBe(409)
    await say('Uploaded')
    expect(await jobOf(jobId)).toMatchObject({ state: 'succeeded', status: 'Uploaded', file: { bytes: 5 } })
    const { anomalies } = await central.json(`/api/anomalies?chargePointId=${identity}`)
    expect(anomalies).toEqual([])
  })

  test('an upload that breaks off is tried again, also after the charge point has said that it failed', async () => {
    const { url, say, jobId } = await asked()
    const path = new URL(url).pathname
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n${'x'.repeat(200_000)}`),
    )
    socket.on('error', () => {})
    await until('the upload to begin', async () => (await attempts(jobId)) === 1)
    socket.destroy()
    await say('UploadFailure')
    expect(await jobOf(jobId)).toMatchObject({ state: 'failed', upload: 'awaited', file: null })
    expect(await put(url, 'whole')).toBe(200)
    await say('Uploaded')
    expect(await once(jobId, 'succeeded', 'Uploaded')).toMatchObject({ file: { bytes: 5 } })
    expect(await (await download(jobId)).text()).toBe('whole')
  })

  /** How often the upload of a job was begun; on the embedded database it is not looked at. */
  async function attempts(jobId: unknown): Promise<number> {
    if (provider === 'Embedded') return 1
    const client = await central.client()
    const { rows } = await client.query('SELECT attempt FROM uploads WHERE job_id = $1', [jobId])
    return rows[0].attempt
  }

  test('what is too large, or has no token, is refused; a cancelled job takes nothing', async () => {
    const { url, jobId } = await asked()
    expect(await put(url, 'x'.repeat(1_048_577))).toBe(413)
    expect(await put(url.replace(/[\w-]{43}/, 'A'.repeat(43)), 'x')).toBe(404)
    expect(await put(`http://127.0.0.1:${port}/`, 'x')).toBe(404)
    expect(await put(url, 'x'.repeat(1_048_576))).toBe(200)
    const other = await asked()
    await central.json(`/api/jobs/${other.jobId}`, { method: 'DELETE' })
    expect(await put(other.url, 'x')).toBe(410)
    expect(await jobOf(jobId)).toMatchObject({ file: { bytes: 1_048_576 } })
  })

  test('the token is in no log line, no logged message and no column', async () => {
    const { identity, url, jobId } = await asked()
    const token = /[\w-]{43}/.exec(new URL(url).pathname)?.[0] ?? ''
    const messages = await until('the command to be logged', async () => {
      const { messages: found } = await central.json(`/api/chargepoints/${identity}/messages`)
      return JSON.stringify(found).includes('/uploads/***/') ? JSON.stringify(found) : null
    })
    expect(messages).not.toContain(token)
    await put(url, 'a log')
    await once(jobId, 'running', 'FileReceived')
    expect(JSON.stringify(logged)).not.toContain(token)
    if (provider === 'Embedded') return
    const client = await central.client()
    const { rows } = await client.query('SELECT to_json(j) AS job, to_json(u) AS upload FROM jobs j, uploads u')
    expect(rows.length).toBeGreaterThan(0)
    expect(JSON.stringify(rows)).not.toContain(token)
  })
})
