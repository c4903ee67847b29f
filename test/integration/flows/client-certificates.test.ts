// Security profile 3: charge points that authenticate with a certificate, over real TLS, with several clients.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { TlsSettings } from '../../../src/base/config.ts'
import { createLogger } from '../../../src/base/log.ts'
import {
  commonName,
  extensions,
  make,
  makeAuthority,
  makeLocalhost,
  makeRevocationList,
  thumbprints,
} from '../../support/made-certificates.ts'
import type { Made } from '../../support/made-certificates.ts'
import { basic } from '../../support/raw-charge-point.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'
import { until, within } from '../../support/until.ts'

const boot = [2, 'boot', 'BootNotification', { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' }]
const dayMs = 86_400_000

const root = makeAuthority('Root')
const middle = makeAuthority('Middle', { issuer: root })
const stranger = makeAuthority('Stranger')
const server = makeLocalhost(root, { kind: 'rsa' })
const revoked = make({ subject: 'CP001', issuer: root })
const station = make({ subject: 'CP001', issuer: root })

let folder = ''
let central: TestStator
let tlsSettings: TlsSettings
const logged: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-certificates-'))
  const file = (name: string): string => join(folder, name)
  await Bun.write(file('server.pem'), server.certificate + server.key)
  await Bun.write(file('authority.pem'), root.certificate + middle.certificate)
  await Bun.write(file('root.crl'), makeRevocationList(root, [revoked]))
  await Bun.write(file('middle.crl'), makeRevocationList(middle, []))
  tlsSettings = { certificatePath: file('server.pem'), keyPath: null, password: null }
  central = await TestStator.start({
    settings: {
      OCPP: { EnableSSL: true, CertificatePath: file('server.pem') },
      Security: {
        RequireClientCertificate: true,
        ClientCertificateAuthority: file('authority.pem'),
        ClientCertificateRevocationList: [file('root.crl'), file('middle.crl')],
      },
    },
    hooks: { log: createLogger({ Default: 'Information' }, { write: (line) => void logged.push(line) }) },
  })
  for (const identity of ['CP001', 'CP002', 'NAMED']) {
    const access = identity === 'NAMED' ? { certificateName: 'SN-0042' } : {}
    await rest(central, '/api/chargepoints', { chargePointId: identity, password: passwordDefault, ...access })
  }
})

afterAll(async () => {
  await central.stop()
  await rm(folder, { recursive: true, force: true })
})

interface Client {
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}

function client(...sent: readonly Made[]): Client {
  const [own] = sent
  const ca = root.certificate
  return own === undefined ? { ca } : { ca, key: own.key, cert: sent.map(({ certificate }) => certificate).join('') }
}

/** What REST answers to the operator; a `body` is posted. */
async function rest(at: TestStator, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${at.url}${path}`, {
    headers: { 'X-API-Key': adminApiKey, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    tls: client(),
  })
  const answered = (await answer.json()) as Record<string, unknown>
  if (!answer.ok) throw new Error(JSON.stringify(answered))
  return answered
}

const handshakeHeaders = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol': 'ocpp1.6',
}

/** The bytes of a handshake. */
function handshakeText(identity: string, more: Record<string, string> = {}): string {
  const headers = Object.entries({ Host: 'localhost', ...handshakeHeaders, ...more })
  return `GET /ocpp/${identity} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** Writes `text` on a TLS connection: what came back until it has `count` answers, or was closed. */
async function answersTo(at: TestStator, tls: Client, text: string, count = 1): Promise<number[]> {
  const socket = connect({ host: '127.0.0.1', port: at.stator.port, servername: 'localhost', ...tls })
  const came = { text: '', isClosed: false }
  socket.on('data', (bytes) => (came.text += bytes.toString('latin1')))
  socket.on('close', () => (came.isClosed = true))
  socket.on('error', () => {})
  socket.on('secureConnect', () => socket.write(text))
  const statuses = (): number[] => [...came.text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
  await until('the answers', () => came.isClosed || statuses().length >= count)
  socket.destroy()
  return statuses()
}

async function knock(identity: string, sent: readonly Made[], more: Record<string, string> = {}): Promise<number> {
  const [status = 0] = await answersTo(central, client(...sent), handshakeText(identity, more))
  return status
}

async function refusalOf(identity: string): Promise<unknown> {
  // The last refusal is stored in batches.
  const { lastRefusal } = await until('the refusal to be stored', async () => {
    const record = await rest(central, `/api/chargepoints/${identity}`)
    return record['lastRefusal'] === null ? null : record
  })
  return lastRefusal
}

/** Connects, boots, and returns the socket. */
async function booted(at: TestStator, identity: string, tls: Client, headers = {}): Promise<WebSocket> {
  const frames: unknown[] = []
  const socket = new WebSocket(`${at.ocppUrl}/${identity}`, { protocols: ['ocpp1.6'], tls, headers })
  const state = { isClosed: false }
  socket.addEventListener('close', () => (state.isClosed = true))
  socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(String(data))))
  await until('the connection to be open', () => state.isClosed || socket.readyState === WebSocket.OPEN)
  socket.send(JSON.stringify(boot))
  const frame = await until('the boot to be answered', () => frames[0] ?? (state.isClosed ? 'closed' : null))
  expect(frame).toMatchObject([3, 'boot', { status: 'Accepted' }])
  return socket
}

describe('TC_A_07_CSMS, A00.FR.401, A00.FR.402: a charge point with a valid certificate is served', () => {
  test.each([
    ['EC', () => [station]],
    ['RSA', () => [make({ subject: 'CP001', issuer: root, kind: 'rsa' })]],
    ['of an intermediate authority', () => [make({ subject: 'CP001', issuer: middle }), middle]],
    [
      'with the identity as an alternative name',
      () => [make({ subject: 'SN-1', issuer: root, extensions: [extensions.altName(0x82, 'CP001')] })],
    ],
  ])('%s', async (_what, sent) => {
    const socket = await booted(central, 'CP001', client(...sent()))
    socket.close()
  })

  test('under the name that an operator gave it, and no other', async () => {
    const socket = await booted(central, 'NAMED', client(make({ subject: 'SN-0042', issuer: root })))
    socket.close()
    expect(await knock('NAMED', [make({ subject: 'NAMED', issuer: root })])).toBe(401)
  })

  test('its large frames and many small ones are served', async () => {
    const socket = await booted(central, 'CP002', client(make({ subject: 'CP002', issuer: root })))
    const answered = new Set<unknown>()
    socket.addEventListener('message', ({ data }) => answered.add((JSON.parse(String(data)) as unknown[])[1]))
    for (let at = 0; at < 500; at++) socket.send(JSON.stringify([2, `h${at}`, 'Heartbeat', {}]))
    const data = 'x'.repeat(400_000)
    socket.send(JSON.stringify([2, 'large', 'DataTransfer', { vendorId: 'VendorName', data }]))
    await until('all answers', () => answered.size === 501)
    socket.close()
  })
})

describe('TC_A_08_CSMS, A00.FR.407: an invalid certificate is refused, and the connection closed', () => {
  test.each([
    ['of an unknown authority', () => [make({ subject: 'CP001', issuer: stranger }), stranger], 'unknown root'],
    ['self-signed', () => [make({ subject: 'CP001' })], 'it is self-signed'],
    ['expired', () => [make({ subject: 'CP001', issuer: root, toMs: Date.now() - dayMs / 2 })], 'it expired on'],
    [
      'not valid yet',
      () => [make({ subject: 'CP001', issuer: root, fromMs: Date.now() + dayMs / 2 })],
      'not valid before',
    ],
    ['revoked', () => [revoked], 'it is revoked'],
    [
      'of another charge point (A00.FR.405)',
      () => [make({ subject: 'CP002', issuer: root })],
      'of another charge point',
    ],
    [
      'with two names',
      () => [
        make({
          subject: [
            [commonName, 0x0c, 'CP001'],
            [commonName, 0x0c, 'CP002'],
          ],
          issuer: root,
        }),
      ],
      'more than one commonName',
    ],
    [
      'with a NUL in its name',
      () => [make({ subject: [[commonName, 0x0c, 'CP001\0']], issuer: root })],
      'not plain text',
    ],
    [
      'for servers',
      () => [make({ subject: 'CP001', issuer: root, extensions: [extensions.extendedKeyUsage('1.3.6.1.5.5.7.3.1')] })],
      'client authentication',
    ],
    [
      'with a short RSA key (A00.FR.502)',
      () => [make({ subject: 'CP001', issuer: root, kind: 'rsa1024' })],
      '1024 bits',
    ],
  ])('%s', async (_what, sent, expected) => {
    const certificates = sent()
    // A right password does not make up for it.
    expect(await knock('CP001', certificates, { Authorization: basic('CP001', passwordDefault) })).toBe(401)
    const [own = station] = certificates
    const line = logged.findLast((each) => each.includes('A handshake was refused.') && each.includes(expected)) ?? ''
    expect(JSON.parse(line)).toMatchObject({ identity: 'CP001', remoteAddress: '127.0.0.1', status: 401 })
    expect(line).toContain(`SHA-256 ${thumbprints(own).sha256}`)
    expect(line).not.toContain('PRIVATE')
    const socket = await booted(central, 'CP001', client(station))
    socket.close()
  })

  test('without a certificate, whatever else it presents (A00.FR.401)', async () => {
    expect(await knock('CP002', [], { Authorization: basic('CP002', passwordDefault) })).toBe(401)
    expect(await refusalOf('CP002')).toMatchObject({
      status: 401,
      remoteAddress: '127.0.0.1',
      reason: expect.stringContaining('Security.RequireClientCertificate'),
    })
  })

  test('is a security event with its reason (A00.FR.408)', async () => {
    await knock('CP002', [make({ subject: 'CP002' })])
    const events = await until('the event to be stored', async () => {
      const { securityEvents } = await rest(central, '/api/security-events?pageSize=100')
      return JSON.stringify(securityEvents).includes('it is self-signed') ? securityEvents : null
    })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'HandshakeUnauthorized', remoteAddress: '127.0.0.1' }),
    )
  })

  test('the connection is closed after the refusal', async () => {
    const foreign = client(make({ subject: 'CP002', issuer: root }))
    // It waits for a second answer, which only the end of the connection ends.
    expect(await answersTo(central, foreign, handshakeText('CP001'), 2)).toEqual([401])
  })
})

describe('nobody else gets in', () => {
  test('a second or pipelined request that names another charge point', async () => {
    const live = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const own = client(station)
    expect(await answersTo(central, own, live + live + handshakeText('CP002'), 3)).toEqual([200, 200, 401])
    expect(await answersTo(central, own, live + handshakeText('CP001'), 2)).toEqual([200, 101])
  })

  test('headers of a proxy that is not trusted', async () => {
    const header = encodeURIComponent(station.certificate)
    const more = {
      'X-SSL-Client-Cert': header,
      'X-Forwarded-Client-Cert': `Cert="${header}"`,
      'X-Forwarded-For': '1.1.1.1',
    }
    expect(await knock('CP001', [], more)).toBe(401)
  })

  test('a process of this machine at the port of an inner server', async () => {
    const open = await booted(central, 'CP001', client(station))
    const ports = (await ownPorts()).filter((port) => port !== central.stator.port)
    const statuses = await Promise.all(
      ports.map((port) =>
        fetch(`http://127.0.0.1:${port}/ocpp/CP001`, { headers: handshakeHeaders }).then(
          ({ status }) => status,
          () => 0,
        ),
      ),
    )
    expect(statuses).toContain(403)
    expect(statuses).not.toContain(101)
    open.close()
  })
})

/** Ports at which this process listens on 127.0.0.1. */
async function ownPorts(): Promise<number[]> {
  const descriptors = await readdir('/proc/self/fd')
  const links = await Promise.all(descriptors.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => '')))
  const lines = (await readFile('/proc/self/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/))
  return lines.flatMap(([, local = '', , state, , , , , , inode]) =>
    state === '0A' && local.startsWith('0100007F') && links.includes(`socket:[${inode}]`)
      ? [Number.parseInt(local.split(':')[1] ?? '', 16)]
      : [],
  )
}

describe('clients of other makers', () => {
  const paths = async (made: Made): Promise<{ cert: string; key: string; ca: string }> => {
    const [cert, key, ca] = ['client.pem', 'client.key', 'root.pem'].map((name) => join(folder, name))
    await Bun.write(cert ?? '', made.certificate)
    await Bun.write(key ?? '', made.key)
    await Bun.write(ca ?? '', root.certificate)
    return { cert: cert ?? '', key: key ?? '', ca: ca ?? '' }
  }
  const output = async (command: string[], input = ''): Promise<string> => {
    const child = Bun.spawn(command, { stdin: Buffer.from(input), stdout: 'pipe', stderr: 'pipe' })
    const [out] = await within(command[0] ?? '', Promise.all([new Response(child.stdout).text(), child.exited]))
    return out
  }
  const isHere = (program: string): boolean => Bun.which(program) !== null

  test.skipIf(!isHere('curl'))('curl (skipped where there is none)', async () => {
    const { cert, key, ca } = await paths(station)
    const headers = Object.entries(handshakeHeaders).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const status = (identity: string): Promise<string> => {
      const url = `https://localhost:${central.stator.port}/ocpp/${identity}`
      const flags = ['-s', '-o', '/dev/null', '-m', '1', '--http1.1', '-w', '%{http_code}', '--resolve']
      const at = `localhost:${central.stator.port}:127.0.0.1`
      return output(['curl', ...flags, at, '--cacert', ca, '--cert', cert, '--key', key, ...headers, url])
    }
    expect(await status('CP001')).toBe('101')
    expect(await status('CP002')).toBe('401')
  })

  test.skipIf(!isHere('openssl')).each(['-tls1_2', '-tls1_3'])(
    'openssl s_client %s (skipped where there is none)',
    async (version) => {
      const { cert, key, ca } = await paths(station)
      const at = ['-connect', `127.0.0.1:${central.stator.port}`, '-servername', 'localhost', '-verify_return_error']
      const command = [
        'timeout',
        '2',
        'openssl',
        's_client',
        '-quiet',
        ...at,
        version,
        '-CAfile',
        ca,
        '-cert',
        cert,
        '-key',
        key,
      ]
      expect(await output(command, handshakeText('CP001'))).toContain('101 Switching Protocols')
      expect(await output(command, handshakeText('CP002'))).toContain('401 Unauthorized')
    },
  )

  const inNode = {
    ws: `
      const socket = new (require('ws'))(url, ['ocpp1.6'], files)
      socket.on('unexpected-response', (_request, { statusCode }) => end(statusCode))
      socket.on('error', (error) => end(error.message))
      socket.on('message', (text) => end(String(text)))
      socket.on('open', () => socket.send(boot))`,
    undici: `
      const { Agent, WebSocket } = require('undici')
      const socket = new WebSocket(url, { protocols: ['ocpp1.6'], dispatcher: new Agent({ connect: files }) })
      socket.addEventListener('error', () => end('refused'))
      socket.addEventListener('message', ({ data }) => end(data))
      socket.addEventListener('open', () => socket.send(boot))`,
  }
  const folderOfProgram = join(import.meta.dir, '../../..')
  const has = (library: string): boolean => isHere('node') && existsSync(join(folderOfProgram, 'node_modules', library))

  describe.each(Object.entries(inNode))('%s', (library, connecting) => {
    test.skipIf(!has(library))('in Node.js (skipped where there is none)', async () => {
      const { cert, key, ca } = await paths(station)
      const script = `
        const { readFileSync } = require('node:fs')
        const [url, boot, cert, key, ca] = process.argv.slice(1)
        const files = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca) }
        const end = (text) => { console.log(text); process.exit() }
        ${connecting}`
      const dial = (identity: string): Promise<string> => {
        const url = `wss://localhost:${central.stator.port}/ocpp/${identity}`
        const args = [script, url, JSON.stringify(boot), cert, key, ca]
        return output(['sh', '-c', `cd '${folderOfProgram}' && exec node -e "$0" "$@"`, ...args])
      }
      expect(await dial('CP001')).toContain('"Accepted"')
      expect(await dial('CP002')).toMatch(/401|refused/)
    })
  })
})

test('the REST API on the same port needs no certificate', async () => {
  expect(await rest(central, '/api/chargepoints/CP001')).toMatchObject({ chargePointId: 'CP001' })
})

test('files that have changed count for the next handshake, open connections stay, a damaged file changes nothing', async () => {
  const fleeting = make({ subject: 'CP002', issuer: root })
  const open = await booted(central, 'CP002', client(fleeting))
  const list = join(folder, 'root.crl')
  await Bun.write(list, 'hello')
  expect(central.stator.renewCertificates(tlsSettings)).rejects.toThrow('Security.ClientCertificateRevocationList')
  expect(await knock('CP001', [revoked])).toBe(401)
  await Bun.write(list, makeRevocationList(root, [revoked, fleeting]))
  const renewed = makeLocalhost(root, { subject: 'renewed' })
  await Bun.write(tlsSettings.certificatePath, renewed.certificate + renewed.key)
  expect(await central.stator.renewCertificates(tlsSettings)).toBeTrue()
  expect(await knock('CP002', [fleeting])).toBe(401)
  expect(await knock('CP001', [station])).toBe(101)
  const answered: unknown[] = []
  open.addEventListener('message', ({ data }) => answered.push(JSON.parse(String(data))))
  open.send(JSON.stringify([2, 'still', 'Heartbeat', {}]))
  await until('the open connection to be served', () => answered.length > 0)
  open.close()
})

describe('with thumbprints alone', () => {
  test('the listed certificate gets in under its own name, also without an authority', async () => {
    const own = make({ subject: 'CP001' })
    const other = make({ subject: 'CP001' })
    const { sha1 } = thumbprints(own)
    const spelt = (sha1.match(/../g) ?? []).join(':').toUpperCase()
    const at = await TestStator.start({
      settings: {
        OCPP: { EnableSSL: true, CertificatePath: tlsSettings.certificatePath },
        Security: { AllowedCertificateThumbprints: [spelt], ValidateClientCertificate: false },
      },
    })
    try {
      for (const chargePointId of ['CP001', 'CP002']) {
        await rest(at, '/api/chargepoints', { chargePointId, password: passwordDefault })
      }
      const socket = await booted(at, 'CP001', client(own))
      socket.close()
      expect(await answersTo(at, client(own), handshakeText('CP002'))).toEqual([401])
      expect(await answersTo(at, client(other), handshakeText('CP001'))).toEqual([401])
      // A password is as good here, since no certificate is required.
      const password = { Authorization: basic('CP001', passwordDefault) }
      expect(await answersTo(at, client(), handshakeText('CP001', password))).toEqual([101])

      const last = await booted(at, 'CP001', client(own))
      const closed = new Promise<number>((resolve) => last.addEventListener('close', ({ code }) => resolve(code)))
      await at.stop()
      expect(await within('the connection to close', closed)).toBe(1001)
    } finally {
      await at.stop()
    }
  })
})

describe('behind a proxy that ends TLS', () => {
  test('a trusted proxy passes the certificate on; its chain is validated here', async () => {
    const at = await TestStator.start({
      settings: {
        Security: {
          RequireClientCertificate: true,
          ClientCertificateAuthority: join(folder, 'authority.pem'),
          ClientCertificateRevocationList: [join(folder, 'root.crl'), join(folder, 'middle.crl')],
          TrustedProxies: ['127.0.0.0/8'],
          ProxyCertificateHeader: 'X-SSL-Client-Cert',
        },
      },
    })
    try {
      await at.provision('CP001', { minSecurityProfile: 3 })
      const knockBy = async (certificate: string): Promise<number> => {
        const headers = { ...handshakeHeaders, 'X-SSL-Client-Cert': certificate }
        return (await fetch(`${at.url}/ocpp/CP001`, { headers })).status
      }
      const socket = await booted(at, 'CP001', client(), {
        'X-SSL-Client-Cert': encodeURIComponent(station.certificate),
        'X-Forwarded-For': '203.0.113.9',
      })
      socket.close()
      const last = await until('the end of the connection to be stored', async () => {
        const { lastDisconnect } = await at.json('/api/chargepoints/CP001')
        return lastDisconnect
      })
      expect(last).toMatchObject({ remoteAddress: '203.0.113.9' })
      expect(await knockBy(encodeURIComponent(make({ subject: 'CP001' }).certificate))).toBe(401)
      expect(await knockBy(encodeURIComponent(revoked.certificate))).toBe(401)
      expect(await knockBy('')).toBe(401)
    } finally {
      await at.stop()
    }
  })
})
