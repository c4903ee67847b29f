// Files of certificates that change while Stator runs, and warnings before they run out.

import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificateFilesMs } from '../../../src/base/limits.ts'
import { CertificateFiles } from '../../../src/gateway/certificate-files.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { make, makeAuthority, makeLocalhost, makeRevocationList } from '../../support/made-certificates.ts'
import type { Made } from '../../support/made-certificates.ts'
import { until } from '../../support/until.ts'

const dayMs = 86_400_000
const root = makeAuthority('Root', { toMs: Date.now() + 400 * dayMs })
const station = make({ subject: 'CP001', issuer: root })
const lasting = { toMs: Date.now() + 90 * dayMs }

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-files-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function open(server: Made, lists: readonly Uint8Array[] = []) {
  const clock = new HandClock(Date.now())
  const { log, lines } = collectedLog('Information')
  const path = (name: string): string => join(folder, name)
  await writeFile(path('server.pem'), server.certificate)
  await writeFile(path('server.key'), server.key)
  await writeFile(path('authority.pem'), root.certificate)
  for (const [at, list] of lists.entries()) await writeFile(path(`${at}.crl`), list)
  const files = await CertificateFiles.open({
    tls: { certificatePath: path('server.pem'), keyPath: path('server.key'), password: null },
    clientCertificates: {
      isValidated: true,
      authorityPath: path('authority.pem'),
      isByThumbprintsAlone: false,
      revocationListPaths: lists.map((_, at) => path(`${at}.crl`)),
      thumbprints: [],
      organizations: [],
      proxyHeader: null,
    },
    clock,
    log,
  })
  const renewed: string[] = []
  files.watch(({ subject }) => void renewed.push(subject))
  const judge = () => files.clientCertificates?.judge([station.der], clock.nowMs())
  return { files, clock, lines, renewed, path, judge }
}

test('a certificate that is written again is taken over within a minute, once', async () => {
  const { clock, renewed, path, lines, files } = await open(makeLocalhost(root, lasting))
  const next = makeLocalhost(root, { ...lasting, subject: 'next' })
  await writeFile(path('server.key'), next.key)
  await writeFile(path('server.pem'), next.certificate)
  clock.pass(certificateFilesMs)
  await until('the certificate to be taken over', () => renewed.length > 0 && clock.alarms > 0)
  expect(renewed).toEqual([expect.stringContaining('CN=next')])
  expect(lines.join()).toContain('Files of certificates have changed')
  await files.check()
  expect(renewed).toHaveLength(1)
  files.stop()
  expect(clock.alarms).toBe(0)
})

test('a key that comes after its certificate is waited for, and the error is logged once', async () => {
  const { files, renewed, path, lines } = await open(makeLocalhost(root, lasting))
  const next = makeLocalhost(root, { ...lasting, subject: 'next' })
  await writeFile(path('server.pem'), next.certificate)
  await files.check()
  await files.check()
  expect(renewed).toEqual([])
  expect(lines.filter((line) => line.includes('cannot be used'))).toHaveLength(1)
  await writeFile(path('server.key'), next.key)
  await files.check()
  expect(renewed).toHaveLength(1)
})

test('a folder behind a symbolic link is swapped, as a volume of Kubernetes is', async () => {
  const server = makeLocalhost(root, lasting)
  const next = makeLocalhost(root, { ...lasting, subject: 'next' })
  const { files, renewed, path } = await open(server)
  files.stop()
  for (const [name, made] of [
    ['one', server],
    ['two', next],
  ] as const) {
    await mkdir(path(name))
    await writeFile(path(`${name}/tls.pem`), made.certificate + made.key)
    await symlink(path(name), path(`to-${name}`))
  }
  await rename(path('to-one'), path('data'))
  await files.renew({ certificatePath: path('data/tls.pem'), keyPath: null, password: null })
  expect(renewed).toEqual([])
  await files.check()
  expect(renewed).toEqual([])
  await rename(path('to-two'), path('data'))
  await files.check()
  expect(renewed).toEqual([expect.stringContaining('CN=next')])
})

test('a revocation list that is written again counts, a damaged one changes nothing', async () => {
  const { files, path, judge, lines } = await open(makeLocalhost(root, lasting), [makeRevocationList(root, [])])
  expect(judge()).toMatchObject({ chainProblem: null })
  await writeFile(path('0.crl'), 'damaged')
  await files.check()
  expect(judge()).toMatchObject({ chainProblem: null })
  expect(lines.join()).toContain('Security.ClientCertificateRevocationList')
  await writeFile(path('0.crl'), makeRevocationList(root, [station]))
  await files.check()
  expect(judge()).toMatchObject({ chainProblem: 'it is revoked' })
})

test('a certificate is renewed although a revocation list is damaged', async () => {
  const { files, path, renewed } = await open(makeLocalhost(root, lasting), [makeRevocationList(root, [])])
  const next = makeLocalhost(root, { ...lasting, subject: 'next' })
  await writeFile(path('0.crl'), 'damaged')
  await writeFile(path('server.pem'), next.certificate)
  await writeFile(path('server.key'), next.key)
  await files.check()
  expect(renewed).toHaveLength(1)
})

test.each([
  ['expires soon', { toMs: Date.now() + 29 * dayMs }, 'expires on'],
  ['has expired', { toMs: Date.now() - dayMs / 2 }, 'expired on'],
  ['is not valid yet', { fromMs: Date.now() + dayMs, toMs: Date.now() + 90 * dayMs }, 'is not valid before'],
])('a certificate of the server that %s is warned of', async (_what, period, expected) => {
  const { files } = await open(makeLocalhost(root, period))
  expect(files.warnings()).toEqual([expect.stringContaining(expected)])
})

test('one that lasts is not, and its expiry is a metric beside those of the authority and its list', async () => {
  const { files } = await open(makeLocalhost(root, lasting), [
    makeRevocationList(root, [], { nextMs: 1_900_000_000_000 }),
  ])
  expect(files.warnings()).toEqual([])
  expect(files.expirySeconds).toEqual({
    server: Math.floor(lasting.toMs / 1_000),
    clientAuthority: expect.any(Number),
    revocationList: 1_900_000_000,
  })
})
