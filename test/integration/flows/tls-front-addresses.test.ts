// The TLS front, and several addresses of this machine: which client a connection belongs to, and who takes its places.
// `curl` connects from other loopback addresses than 127.0.0.1; without it the tests are skipped.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { make, makeAuthority, makeLocalhost } from '../../support/made-certificates.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'
import { until, within } from '../../support/until.ts'

const handshakesMax = 8
const root = makeAuthority('Root')
const station = make({ subject: 'CP001', issuer: root })
const tls = { ca: root.certificate, cert: station.certificate, key: station.key }

let folder = ''
let central: TestStator

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-addresses-'))
  const [server, authority] = [join(folder, 'server.pem'), join(folder, 'authority.pem')]
  const { certificate, key } = makeLocalhost(root)
  await Bun.write(server, certificate + key)
  await Bun.write(authority, root.certificate)
  central = await TestStator.start({
    settings: {
      OCPP: { EnableSSL: true, CertificatePath: server },
      Security: { RequireClientCertificate: true, ClientCertificateAuthority: authority },
      Limits: { TlsHandshakes: handshakesMax },
    },
  })
  const created = await fetch(`${central.url}/api/chargepoints`, {
    method: 'POST',
    headers: { 'X-API-Key': adminApiKey, 'Content-Type': 'application/json' },
    body: JSON.stringify({ chargePointId: 'CP001', password: passwordDefault }),
    tls,
  })
  expect(created.status).toBe(201)
})

afterAll(async () => {
  await central.stop()
  await rm(folder, { recursive: true, force: true })
})

const hasCurl = Bun.which('curl') !== null

/** The status that curl gets from `address` of this machine; 000: none. */
async function statusFrom(address: string, ...more: readonly string[]): Promise<string> {
  const as = ['--interface', address, '--max-time', '5', '-o', '/dev/null', '-w', '%{http_code}']
  const child = Bun.spawn(['curl', '-sk', ...as, ...more], { stdout: 'pipe' })
  const [out] = await within('curl', Promise.all([new Response(child.stdout).text(), child.exited]))
  return out
}

/** The TCP connections between two ports of 127.0.0.1, each from both ends. */
async function loopbackConnections(): Promise<readonly (readonly [from: number, to: number])[]> {
  const lines = (await readFile('/proc/self/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/))
  const portIn = (text = ''): number => Number.parseInt(text.split(':')[1] ?? '', 16)
  const isLoopback = (text = ''): boolean => text.startsWith('0100007F:')
  return lines.flatMap(([, local, remote, state]) =>
    state === '01' && isLoopback(local) && isLoopback(remote) ? [[portIn(local), portIn(remote)] as const] : [],
  )
}

test.skipIf(!hasCurl)('a process at the same port of another address does not pass as the client', async () => {
  const before = await loopbackConnections()
  const socket = new WebSocket(`${central.ocppUrl}/CP001`, { protocols: ['ocpp1.6'], tls })
  await until('the connection to be open', () => socket.readyState === WebSocket.OPEN)
  const isOld = ([from, to]: readonly [number, number]) => before.some((one) => one[0] === from && one[1] === to)
  const { port } = central.stator
  // One of them is that of the front to its inner server.
  const opened = (await loopbackConnections()).filter((one) => !isOld(one) && !one.includes(port))
  const handshake = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': 'ocpp1.6',
  }
  const headers = Object.entries(handshake).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const statuses = await Promise.all(
    opened.map(([from, to]) =>
      statusFrom('127.0.0.2', '--local-port', String(from), ...headers, `http://127.0.0.1:${to}/ocpp/CP001`),
    ),
  )
  expect(statuses).toContain('403')
  expect(statuses).not.toContain('101')
  socket.close()
})

test.skipIf(!hasCurl)('one address that holds all TLS handshakes keeps no other out', async () => {
  const { port } = central.stator
  const state = { open: 0 }
  const held = Array.from({ length: handshakesMax }, () =>
    connectTcp(port, '127.0.0.1', () => state.open++).on('error', () => {}),
  )
  try {
    await until('all to be connected', () => state.open === handshakesMax)
    expect(await statusFrom('127.0.0.1', `https://127.0.0.1:${port}/health/live`)).toBe('000')
    expect(await statusFrom('127.0.0.2', `https://127.0.0.1:${port}/health/live`)).toBe('200')
  } finally {
    for (const socket of held) socket.destroy()
  }
})
