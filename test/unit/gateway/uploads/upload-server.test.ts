// The upload server on a real port: how many uploads at once, its certificate, and a port that is taken.

import { afterEach, expect, test } from 'bun:test'
import { connect } from 'node:tls'
import { newUploadUrl } from '../../../../src/auth/upload-token.ts'
import { settingsFrom } from '../../../../src/base/config.ts'
import { systemClock } from '../../../../src/base/clock.ts'
import { Counters } from '../../../../src/base/counters.ts'
import { silentLogger } from '../../../../src/base/log.ts'
import { openUploads, type UploadServer } from '../../../../src/gateway/uploads/upload-server.ts'
import { makeRoot, makeServer } from '../../../support/certificates.ts'
import { freePort } from '../../../support/free-port.ts'
import { until } from '../../../support/until.ts'

const opened: UploadServer[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.stop()))
})

const root = makeRoot('Uploads', 2)
const certificateOf = (name: string) => {
  const { certificate, key } = makeServer(name, 2, root)
  return { cert: certificate, key }
}

async function open(isOn = true, tls: { cert: string; key: string } | null = null, given?: number) {
  const port = given ?? (await freePort())
  let begun = 0
  // Each upload is of a job of its own, and ends when the test says so.
  const ends: (() => void)[] = []
  const store = {
    begin: async () => ({ kind: 'begun', jobId: ++begun, attempt: 1, identity: 'CP001' }) as const,
    append: () => new Promise<true>((resolve) => ends.push(() => resolve(true))),
    finish: async () => true,
    abandon: async () => {},
  }
  const Uploads = { PublicUrl: isOn ? 'http://127.0.0.1' : '', Port: port, AtOnce: 2 }
  const settings = { ...settingsFrom({ Uploads }).uploads, isEncrypted: tls !== null }
  const deps = { clock: systemClock, counters: new Counters(), log: silentLogger, onFile: () => {} }
  const server = openUploads(settings, { ...deps, store, host: '127.0.0.1', tls })
  opened.push(server)
  const { pathname } = new URL(newUploadUrl('http://x').url)
  const send = () => fetch(`http://127.0.0.1:${port}${pathname}`, { method: 'PUT', body: 'x' })
  return { server, port, store, ends, begun: () => begun, send, counters: deps.counters }
}

test('more uploads than it takes at once are told to come later, without a look at their token', async () => {
  const { begun, ends, send, counters } = await open()
  const first = [send(), send()]
  await until('two uploads to be under way', () => ends.length === 2)
  const third = await send()
  expect([third.status, third.headers.get('Retry-After'), begun()]).toEqual([503, '30', 2])
  expect(counters.uploadsRefused).toBe(1)
  for (const end of ends) end()
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200])
})

test('tokens that are looked up take no place of an upload', async () => {
  const { store, ends, send } = await open()
  const { begin } = store
  let waiting = 0
  const unknown = Promise.withResolvers<never>()
  Object.assign(store, { begin: () => (waiting++, unknown.promise) })
  const guesses = Array.from({ length: 3 }, send)
  await until('the guesses to be looked up', () => waiting === 3)
  Object.assign(store, { begin })
  const known = send()
  await until('the upload to be under way', () => ends.length === 1)
  ends[0]?.()
  expect((await known).status).toBe(200)
  unknown.reject(new Error('the database is gone'))
  expect((await Promise.all(guesses)).map(({ status }) => status)).toEqual([503, 503, 503])
})

test('it has the certificate of the gateway, and the next one when that is renewed', async () => {
  const { server, port } = await open(true, certificateOf('first.example.com'))
  const shown = () =>
    new Promise<unknown>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subject.CN)
        socket.destroy()
      })
      socket.on('error', reject)
    })
  expect(await shown()).toBe('first.example.com')
  server.renewCertificate(certificateOf('second.example.com'))
  expect(await shown()).toBe('second.example.com')
})

test('without a URL nothing listens; a port that is taken stops the start', async () => {
  const off = await open(false)
  expect(off.send()).rejects.toThrow()
  const { port } = await open()
  expect(open(true, null, port)).rejects.toMatchObject({ code: 'ADDRESS_UNAVAILABLE' })
})
