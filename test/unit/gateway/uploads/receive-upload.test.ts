// The life of one upload, with a store that keeps its chunks.

import { expect, test } from 'bun:test'
import { newUploadUrl } from '../../../../src/auth/upload-token.ts'
import { Counters } from '../../../../src/base/counters.ts'
import { uploadChunkBytes, uploadIdleBytesMin, uploadIdleMsMax, uploadMsMax } from '../../../../src/base/limits.ts'
import { silentLogger } from '../../../../src/base/log.ts'
import type { UploadedFile } from '../../../../src/blocks/jobs/job.ts'
import { receiveUpload, type UploadBegin } from '../../../../src/gateway/uploads/receive-upload.ts'
import { UploadSlots } from '../../../../src/gateway/uploads/upload-slots.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { until } from '../../../support/until.ts'

const { url } = newUploadUrl('http://stator')
const begun = { kind: 'begun', jobId: 7, attempt: 1, identity: 'CP001' } as const
const sha256Of = (content: Uint8Array): string => new Bun.CryptoHasher('sha256').update(content).digest('hex')

function receiver(begin: UploadBegin = begun, fileBytesMax = 1_000_000) {
  const chunks: Uint8Array[] = []
  const files: UploadedFile[] = []
  let abandoned = 0
  const clock = new HandClock()
  const counters = new Counters()
  const store = {
    begin: async () => begin,
    append: async (_: unknown, place: number, content: Uint8Array) => {
      chunks[place] = Uint8Array.from(content)
      return true
    },
    finish: async () => true,
    abandon: async () => void abandoned++,
  }
  const deps = {
    ...{ store, slots: new UploadSlots(2), fileBytesMax, clock, counters, log: silentLogger },
    onFile: (_: number, file: UploadedFile) => void files.push(file),
  }
  const send = (body: string | Uint8Array<ArrayBuffer> | ReadableStream | null, more: RequestInit = {}, name = '') =>
    receiveUpload(deps, new Request(`${url}${name}`, { method: 'PUT', body, ...more }))
  return { chunks, files, clock, counters, store, send, abandoned: () => abandoned }
}

/** A body that goes on when the test says so. */
function slowBody() {
  const made = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>()
  const body = new ReadableStream<Uint8Array>({ start: (controller) => made.resolve(controller) })
  return { body, controller: made.promise }
}

test('a file is stored in chunks of one size, and its SHA-256 is that of all of it', async () => {
  const { chunks, files, send, counters, abandoned } = receiver()
  const content = crypto.getRandomValues(new Uint8Array(3)).buffer
  const whole = Buffer.alloc(2 * uploadChunkBytes + 5, Buffer.from(content))
  const response = await send(whole, {}, 'folder/a%20log%22.zip')
  expect(response.status).toBe(200)
  expect(chunks.map(({ byteLength }) => byteLength)).toEqual([uploadChunkBytes, uploadChunkBytes, 5])
  expect(Buffer.concat(chunks)).toEqual(whole)
  expect(files).toMatchObject([{ name: 'a log.zip', bytes: whole.byteLength, sha256: sha256Of(whole) }])
  expect([counters.uploadsReceived, counters.uploadsRefused, abandoned()]).toEqual([1, 0, 0])
})

test('what is not a file is refused, and leaves nothing', async () => {
  const { files, send, counters, abandoned } = receiver()
  const statuses = [
    await send('x', { method: 'DELETE' }),
    await send('x', { headers: { 'Content-Range': 'bytes 0-0/2' } }),
    await send(null),
    await send(''),
    await send('x'.repeat(1_000_001)),
    await send('--b--', { headers: { 'Content-Type': 'multipart/form-data; boundary=b' } }),
  ].map(({ status, headers }) => [status, headers.get('Connection')])
  expect(statuses).toEqual([405, 400, 400, 400, 413, 400].map((status) => [status, 'close']))
  expect(files).toEqual([])
  expect([counters.uploadsReceived, counters.uploadsRefused]).toEqual([0, 6])
  expect(abandoned()).toBeGreaterThanOrEqual(2)
})

test('a body that says that it is too long is not read', async () => {
  const { send, abandoned } = receiver()
  expect((await send('x', { headers: { 'Content-Length': '2000000' } })).status).toBe(413)
  expect(abandoned()).toBe(0)
})

test('a sender that is silent, or too slow in all, is refused', async () => {
  const silent = receiver()
  const { body } = slowBody()
  const refused = silent.send(body)
  await until('the body to be read', () => silent.clock.alarms > 0)
  silent.clock.pass(uploadIdleMsMax)
  expect((await refused).status).toBe(408)
  expect(silent.abandoned()).toBe(1)

  const slow = receiver(begun, 1_000_000_000)
  const { body: drops, controller } = slowBody()
  const late = slow.send(drops)
  const sender = await controller
  const stepMs = uploadIdleMsMax - 1
  const steps = Math.floor(uploadMsMax / stepMs)
  for (let step = 1; step <= steps; step++) {
    sender.enqueue(new Uint8Array(uploadChunkBytes))
    await until('the piece to be stored', () => slow.chunks.length === step && slow.clock.alarms > 0)
    slow.clock.pass(stepMs)
  }
  slow.clock.pass(uploadMsMax - steps * stepMs)
  expect((await late).status).toBe(408)
})

test('a sender that trickles is refused: each of its bytes does not begin its time again', async () => {
  const { send, clock } = receiver()
  const { body, controller } = slowBody()
  const statuses: number[] = []
  void send(body).then(({ status }) => statuses.push(status))
  const sender = await controller
  const pieces = 16
  for (let piece = 1; piece < pieces && statuses.length === 0; piece++) {
    sender.enqueue(new Uint8Array(uploadIdleBytesMin / pieces))
    await until('the piece to be read', () => statuses.length > 0 || sender.desiredSize === 1)
    clock.pass(uploadIdleMsMax / 8)
  }
  await until('it to be refused', () => statuses.length > 0)
  expect(statuses).toEqual([408])
})

test('a later upload of the same job ends the earlier one, and takes its place', async () => {
  const { send, files } = receiver()
  const first = send(slowBody().body)
  expect((await send('a log')).status).toBe(200)
  expect((await first).status).toBe(409)
  expect(files).toHaveLength(1)
})

test('a repeat whose length is another one is not read', async () => {
  const again = receiver({ kind: 'received', jobId: 7, identity: 'CP001', bytes: 3, sha256: 'x' })
  const { body } = slowBody()
  expect((await again.send(body, { headers: { 'Content-Length': '9' } })).status).toBe(409)
})

test('the same content again is no mistake; another one is, and so is a later attempt', async () => {
  const content = Buffer.from('a log')
  const known = {
    kind: 'received',
    jobId: 7,
    identity: 'CP001',
    bytes: content.length,
    sha256: sha256Of(content),
  } as const
  const again = receiver(known)
  expect((await again.send(content)).status).toBe(200)
  expect((await again.send('another log')).status).toBe(409)
  expect([again.files, again.chunks]).toEqual([[], []])
  const overtaken = receiver()
  overtaken.store.finish = async () => false
  expect((await overtaken.send(content)).status).toBe(409)
  expect(overtaken.files).toEqual([])
})

test('a token that is unknown, or over, and a store that fails, are told apart', async () => {
  expect((await receiver({ kind: 'unknown' }).send('x')).status).toBe(404)
  expect((await receiver({ kind: 'over', identity: 'CP001' }).send('x')).status).toBe(410)
  const failing = receiver()
  failing.store.append = () => Promise.reject(new Error('the database is gone'))
  const response = await failing.send('x')
  expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '30'])
  expect(failing.abandoned()).toBe(1)
})
