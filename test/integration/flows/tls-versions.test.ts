// Versions and cipher suites of TLS, with Bun's own server and with the TLS front (TC_A_04_CSMS, TC_A_06_CSMS).

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { SecureVersion } from 'node:tls'
import { systemClock } from '../../../src/base/clock.ts'
import { InnerServers } from '../../../src/gateway/front/inner-servers.ts'
import { TlsFront } from '../../../src/gateway/front/tls-front.ts'
import { loadTls } from '../../../src/gateway/tls.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { makeAuthority, makeLocalhost } from '../../support/made-certificates.ts'

const root = makeAuthority('Root')
const fetched = (): Response => new Response('served')

interface Running {
  readonly port: number
  readonly stop: () => Promise<void>
}

const servers = new Map<string, Running>()
let folder = ''

async function begin(kind: 'rsa' | 'ec'): Promise<void> {
  const { certificate, key } = makeLocalhost(root, { kind })
  const certificatePath = join(folder, `${kind}.pem`)
  await Bun.write(certificatePath, certificate + key)
  const tls = await loadTls({ certificatePath, keyPath: null, password: null })
  const plain = Bun.serve({ hostname: '127.0.0.1', port: 0, tls, fetch: fetched })
  servers.set(`Bun.serve ${kind}`, { port: plain.port ?? 0, stop: () => plain.stop(true) })
  const inner = new InnerServers(() => {
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: fetched })
    return { port: server.port ?? 0, stop: () => server.stop(true) }
  })
  const { log } = collectedLog('None')
  const front = new TlsFront(0, tls, { hostname: '127.0.0.1', inner, clock: systemClock, log, handshakesMax: 100 })
  const stop = async (): Promise<void> => {
    front.stopListening()
    await inner.stop()
    await front.stop()
  }
  servers.set(`front ${kind}`, { port: front.port, stop })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-suites-'))
  await begin('rsa')
  await begin('ec')
})

afterAll(async () => {
  for (const { stop } of servers.values()) await stop()
  await rm(folder, { recursive: true })
})

/** What a client agrees on that offers only this: the version and the suite; `refused` if nothing. */
function agreed(name: string, ciphers: string | null, version: SecureVersion): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(
      {
        host: '127.0.0.1',
        port: servers.get(name)?.port ?? 0,
        servername: 'localhost',
        ca: root.certificate,
        minVersion: version,
        maxVersion: version,
        ...(ciphers === null ? {} : { ciphers }),
      },
      () => {
        resolve(`${socket.getProtocol()} ${socket.getCipher().name}`)
        socket.destroy()
      },
    )
    socket.on('error', () => resolve('refused'))
  })
}

/** The same with openssl, whose client also speaks what is out of date. */
async function agreedWithOpenssl(name: string, flags: readonly string[]): Promise<string> {
  const at = ['-connect', `127.0.0.1:${servers.get(name)?.port}`, '-servername', 'localhost']
  const child = Bun.spawn(['timeout', '5', 'openssl', 's_client', ...at, ...flags], {
    stdin: Buffer.from('Q\n'),
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const text = await new Response(child.stdout).text()
  const [, version = '', suite = ''] = /^New, (\S+), Cipher is (\S+)/m.exec(text) ?? []
  return suite === '' || suite === '(NONE)' ? 'refused' : `${version} ${suite}`
}

const hasOpenssl = Bun.which('openssl') !== null

describe.each(['Bun.serve', 'front'])('%s', (server) => {
  test.each([
    ['rsa', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['rsa', 'ECDHE-RSA-AES256-GCM-SHA384'],
    ['rsa', 'ECDHE-RSA-CHACHA20-POLY1305'],
    ['rsa', 'AES128-GCM-SHA256'],
    ['rsa', 'AES256-GCM-SHA384'],
    ['ec', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['ec', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ])('TC_A_04_CSMS, A00.FR.317, A00.FR.421: with an %s certificate, TLS 1.2 with %s', async (kind, suite) => {
    expect(await agreed(`${server} ${kind}`, suite, 'TLSv1.2')).toBe(`TLSv1.2 ${suite}`)
  })

  test.each(['rsa', 'ec'])('TLS 1.3 (%s)', async (kind) => {
    expect(await agreed(`${server} ${kind}`, null, 'TLSv1.3')).toStartWith('TLSv1.3 TLS_')
  })

  test.each([
    ['rsa', 'AES128-SHA'],
    ['rsa', 'AES256-SHA'],
    ['rsa', 'ECDHE-RSA-AES128-SHA'],
    ['rsa', 'ECDHE-RSA-AES256-SHA'],
    ['ec', 'ECDHE-ECDSA-AES128-SHA'],
  ])('A00.FR.319: with an %s certificate, %s is refused', async (kind, suite) => {
    expect(await agreed(`${server} ${kind}`, suite, 'TLSv1.2')).toBe('refused')
  })

  test.each(['TLSv1', 'TLSv1.1'] as const)('TC_A_06_CSMS, A00.FR.312, A00.FR.416: %s is refused', async (version) => {
    expect(await agreed(`${server} rsa`, null, version)).toBe('refused')
    expect(await agreed(`${server} rsa`, null, 'TLSv1.2')).toStartWith('TLSv1.2 ')
  })

  test.skipIf(!hasOpenssl)('the same with openssl s_client (skipped where there is none)', async () => {
    const name = `${server} rsa`
    const old = ['-cipher', 'ALL:@SECLEVEL=0']
    expect(await agreedWithOpenssl(name, ['-tls1', ...old])).toBe('refused')
    expect(await agreedWithOpenssl(name, ['-tls1_1', ...old])).toBe('refused')
    expect(await agreedWithOpenssl(name, ['-tls1_2', '-cipher', 'AES128-SHA:AES128-SHA256:@SECLEVEL=0'])).toBe(
      'refused',
    )
    expect(await agreedWithOpenssl(name, ['-tls1_2', '-cipher', 'AES128-GCM-SHA256'])).toContain('AES128-GCM-SHA256')
    expect(await agreedWithOpenssl(name, ['-tls1_3'])).toStartWith('TLSv1.3 ')
  })

  test.skipIf(!hasOpenssl)('a renegotiation by openssl s_client ends (skipped where there is none)', async () => {
    const at = ['-connect', `127.0.0.1:${servers.get(`${server} rsa`)?.port}`, '-servername', 'localhost', '-tls1_2']
    const child = Bun.spawn(['timeout', '5', 'openssl', 's_client', ...at], {
      stdin: Buffer.from('R\n'),
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [text, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    expect(text + errors).toContain('RENEGOTIATING')
    expect(text + errors).toMatch(/no renegotiation|alert|unexpected eof/i)
  })
})
