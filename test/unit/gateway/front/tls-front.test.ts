// The TLS front on real sockets: what the inner server learns of a client, and how connections begin and end.

import { afterEach, describe, expect, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { systemClock } from '../../../../src/base/clock.ts'
import type { Clock } from '../../../../src/base/clock.ts'
import { relayBytesMax, tlsHandshakeMsMax } from '../../../../src/base/limits.ts'
import type { Clients } from '../../../../src/gateway/front/inner-servers.ts'
import { InnerServers } from '../../../../src/gateway/front/inner-servers.ts'
import { TlsFront } from '../../../../src/gateway/front/tls-front.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { collectedLog } from '../../../support/log-lines.ts'
import { make, makeAuthority, makeLocalhost } from '../../../support/made-certificates.ts'
import type { Made } from '../../../support/made-certificates.ts'
import { until, within } from '../../../support/until.ts'

const root = makeAuthority('Root')
const middle = makeAuthority('Middle', { issuer: root })
const server = makeLocalhost(root)
const station = make({ subject: 'CP001', issuer: middle })
const tls = { cert: server.certificate, key: server.key }

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

interface Started {
  readonly front: TlsFront
  readonly inner: InnerServers
  readonly innerPorts: number[]
  readonly lines: string[]
}

/** A front before an HTTP server that answers with what it knows of the client, or with as many bytes as it is asked for. */
function start(
  options: { readonly clock?: Clock; readonly connectionsMax?: number; readonly handshakesMax?: number } = {},
): Started {
  const { clock = systemClock, connectionsMax, handshakesMax = 1_000 } = options
  const innerPorts: number[] = []
  const open = (clients: Clients) => {
    const http = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async (request, self) => {
        const peer = clients.get(self.requestIP(request)?.port ?? 0)
        if (peer === undefined) return new Response('foreign', { status: 403 })
        const { pathname } = new URL(request.url)
        if (pathname === '/bytes') return new Response(randomBytes(Number(request.headers.get('x-count'))))
        if (pathname === '/hash') {
          return new Response(
            createHash('sha256')
              .update(await request.bytes())
              .digest('hex'),
          )
        }
        const { remoteAddress, certificates } = peer
        return Response.json({
          path: pathname,
          remoteAddress,
          certificates: certificates.map((der) => Buffer.from(der).toString('hex')),
        })
      },
    })
    innerPorts.push(http.port ?? 0)
    return { port: http.port ?? 0, stop: () => http.stop(true) }
  }
  const inner = new InnerServers(open, connectionsMax)
  const { log, lines } = collectedLog('Information')
  const front = new TlsFront(0, tls, { hostname: '127.0.0.1', inner, clock, log, handshakesMax })
  stops.push(async () => {
    front.stopListening()
    await inner.stop()
    await front.stop()
  })
  return { front, inner, innerPorts, lines }
}

function dial(front: TlsFront, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port: front.port, servername: 'localhost', ca: root.certificate, ...options },
      () => resolve(socket),
    )
    socket.on('error', reject)
  })
}

function credentials(made: Made, ...more: readonly Made[]): { cert: string; key: string } {
  return { cert: [made, ...more].map(({ certificate }) => certificate).join(''), key: made.key }
}

/** Everything that comes until `isEnough` says so, or the connection closes. */
async function received(socket: TLSSocket, isEnough: (text: string) => boolean = () => false): Promise<string> {
  let text = ''
  let isClosed = false
  socket.on('data', (bytes) => (text += bytes.toString('latin1')))
  socket.on('close', () => (isClosed = true))
  await until('the answers', () => isClosed || isEnough(text), 20_000)
  return text
}

const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
const hexOf = ({ der }: Made): string => der.toString('hex')
const gone = (what: Started): Promise<true> =>
  until('the connections to be gone', () => what.front.connections === 0 && what.inner.clients === 0, 20_000)

describe('what the inner server learns', () => {
  test('the certificates and the address of the client, the same in pipelined requests', async () => {
    const what = start()
    const socket = await dial(what.front, credentials(station, middle))
    socket.write(get('/a') + get('/b', 'X-Forwarded-For: 192.0.2.9\r\nX-SSL-Client-Cert: CP002\r\n') + get('/c'))
    const text = await received(socket, (all) => all.split('"path"').length > 3)
    const bodies = text.match(/\{"path".*?\]\}/g)?.map((body) => JSON.parse(body))
    const certificates = [hexOf(station), hexOf(middle)]
    expect(bodies).toEqual(['/a', '/b', '/c'].map((path) => ({ path, remoteAddress: '127.0.0.1', certificates })))
    socket.destroy()
    await gone(what)
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'also when the client resumes its TLS session (%s)',
    async (maxVersion) => {
      const { front } = start()
      const options = { ...credentials(station, middle), maxVersion }
      const first = await dial(front, options)
      const session = new Promise<Buffer>((resolve) => first.once('session', resolve))
      first.write(get('/a'))
      await received(first, (all) => all.includes('}'))
      const again = await dial(front, { ...options, session: await within('a session', session) })
      expect(again.isSessionReused()).toBeTrue()
      again.write(get('/b'))
      expect(await received(again, (all) => all.includes('}'))).toContain(hexOf(station))
      first.destroy()
      again.destroy()
    },
  )

  test('a client without a certificate has none, and any certificate passes the handshake', async () => {
    const { front } = start()
    const strange = make({ subject: 'CP001' })
    for (const [options, expected] of [
      [{}, '"certificates":[]'],
      [credentials(strange), hexOf(strange)],
    ] as const) {
      const socket = await dial(front, options)
      socket.write(get('/a'))
      expect(await received(socket, (all) => all.includes('}'))).toContain(expected)
      socket.destroy()
    }
  })

  test('a request that does not come through the front is nobody', async () => {
    const { front, innerPorts } = start()
    const socket = await dial(front)
    socket.write(get('/a'))
    await received(socket, (all) => all.includes('}'))
    const answer = await fetch(`http://127.0.0.1:${innerPorts[0]}/a`, { headers: { 'X-Forwarded-For': '192.0.2.1' } })
    expect(answer.status).toBe(403)
    socket.destroy()
  })

  test('with one connection for each inner server, every client is still known', async () => {
    const what = start({ connectionsMax: 1 })
    const made = ['CP001', 'CP002', 'CP003'].map((subject) => make({ subject }))
    const sockets = await Promise.all(made.map((each) => dial(what.front, credentials(each))))
    const texts = sockets.map((socket) => {
      socket.write(get('/a'))
      return received(socket, (all) => all.includes('}'))
    })
    for (const [at, text] of (await Promise.all(texts)).entries()) expect(text).toContain(hexOf(made[at] ?? root))
    expect(what.inner.count).toBe(3)
    for (const socket of sockets) socket.destroy()
    await gone(what)
  })
})

describe('bytes', () => {
  test('ten megabytes arrive whole in either direction', async () => {
    const { front } = start()
    const body = randomBytes(10_000_000)
    const answer = await fetch(`https://localhost:${front.port}/hash`, {
      method: 'POST',
      body,
      tls: { ca: root.certificate, ...credentials(station, middle) },
    })
    expect(await answer.text()).toBe(createHash('sha256').update(body).digest('hex'))
    const large = await fetch(`https://localhost:${front.port}/bytes`, {
      headers: { 'X-Count': '10000000' },
      tls: { ca: root.certificate },
    })
    expect((await large.bytes()).length).toBe(10_000_000)
  }, 30_000)

  test('a client that does not read does not fill memory, and gets everything once it reads', async () => {
    const what = start()
    const socket = await dial(what.front)
    socket.pause()
    socket.write(get('/bytes', 'X-Count: 30000000\r\n'))
    const slow = { bytes: 0 }
    await until('bytes to wait for the client', () => what.front.waitingBytes > 0)
    expect(what.front.waitingBytes).toBeLessThanOrEqual(relayBytesMax)
    socket.on('data', (bytes) => (slow.bytes += bytes.length))
    socket.resume()
    await until('all bytes', () => slow.bytes > 30_000_000, 20_000)
    socket.destroy()
    await gone(what)
  }, 30_000)
})

test('a server that does not read pauses the client, and gets everything once it reads', async () => {
  const total = 30_000_000
  const reader = { socket: null as Bun.Socket | null, bytes: 0 }
  const raw = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open: (socket) => {
        socket.pause()
        reader.socket = socket
      },
      data: (_socket, bytes) => void (reader.bytes += bytes.length),
    },
  })
  const inner = new InnerServers(() => ({ port: raw.port, stop: async () => raw.stop(true) }))
  const { log } = collectedLog('None')
  const front = new TlsFront(0, tls, { hostname: '127.0.0.1', inner, clock: systemClock, log, handshakesMax: 100 })
  stops.push(async () => {
    front.stopListening()
    await inner.stop()
    await front.stop()
  })
  const socket = await dial(front)
  socket.write(Buffer.alloc(total))
  await until('bytes to wait for the server', () => front.waitingBytes > 0 && reader.socket !== null)
  // Turns in which a client that is not paused would send all the rest.
  for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(front.waitingBytes).toBeLessThanOrEqual(relayBytesMax)
  reader.socket?.resume()
  await until('all bytes', () => reader.bytes === total, 20_000)
  socket.destroy()
}, 30_000)

describe('the end of connections', () => {
  test('1,000 connections that come and go leave nothing behind', async () => {
    const what = start()
    const options = credentials(station, middle)
    const session: { bytes?: Buffer } = {}
    for (let batch = 0; batch < 20; batch++) {
      const sockets = await Promise.all(
        Array.from({ length: 50 }, () =>
          dial(what.front, { ...options, ...(session.bytes === undefined ? {} : { session: session.bytes }) }),
        ),
      )
      for (const [at, socket] of sockets.entries()) {
        if (at % 2 === 0) socket.write(get('/a'))
        if (at % 3 === 0) socket.end()
        else if (at % 3 === 1) socket.destroy()
        else socket.once('data', () => socket.destroy())
        if (at % 3 === 2 && at % 2 === 1) socket.end()
      }
    }
    await gone(what)
    expect(what.front.handshakes).toBe(0)
  }, 60_000)

  test('what the inner server closes is closed to the client', async () => {
    const what = start()
    const socket = await dial(what.front)
    socket.write('GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect(await received(socket)).toContain('"path":"/a"')
    await gone(what)
  })

  test('a client that has sent all and half-closed still gets its answer, or the end', async () => {
    const what = start()
    const socket = await dial(what.front)
    socket.end(get('/a'))
    await received(socket)
    await gone(what)
  })

  test('a connection that was closed abruptly is closed at the inner server', async () => {
    const what = start()
    const socket = await dial(what.front)
    await until('the connection to be relayed', () => what.inner.clients === 1)
    socket.resetAndDestroy()
    await gone(what)
  })

  test('stopping closes every connection', async () => {
    const what = start()
    const socket = await dial(what.front)
    const closed = received(socket)
    await until('the connection to be relayed', () => what.inner.clients === 1)
    await what.front.stop()
    await closed
    expect(dial(what.front)).rejects.toThrow()
    await gone(what)
  })
})

test('a port that is in use cannot be listened on', () => {
  const { front, inner } = start()
  const { log } = collectedLog('None')
  const again = () =>
    new TlsFront(front.port, tls, { hostname: '127.0.0.1', inner, clock: systemClock, log, handshakesMax: 100 })
  expect(again).toThrow()
})

describe('TLS handshakes', () => {
  test('one that is not finished in time is closed and logged once for its address', async () => {
    const clock = new HandClock()
    const { front, lines } = start({ clock })
    const sockets = [1, 2].map(() => connectTcp(front.port, '127.0.0.1'))
    await until('the connections to be there', () => front.handshakes === 2)
    clock.pass(tlsHandshakeMsMax)
    await until('the connections to be closed', () => front.handshakes === 0)
    expect(lines.filter((line) => line.includes('it took more than'))).toHaveLength(1)
    for (const socket of sockets) socket.destroy()
  })

  test('no more are under way than allowed, and others pass once they are over', async () => {
    const { front } = start({ handshakesMax: 2 })
    const waiting = [1, 2].map(() => connectTcp(front.port, '127.0.0.1'))
    await until('the connections to be there', () => front.handshakes === 2)
    const refused = await dial(front).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(Error)
    for (const socket of waiting) socket.destroy()
    await until('the connections to be gone', () => front.handshakes === 0)
    const passed = await dial(front)
    passed.destroy()
  })

  test('plain HTTP, and TLS without a common cipher suite, are closed', async () => {
    const { front, lines } = start()
    const plain = connectTcp(front.port, '127.0.0.1')
    const closed = new Promise((resolve) => plain.once('close', resolve))
    plain.on('error', () => {})
    plain.write(get('/a'))
    await within('the connection to close', closed)
    expect(lines.join()).toContain('A TLS handshake failed.')
    expect(front.handshakes).toBe(0)
  })

  test('renewing the certificate keeps open connections, and a bad one keeps the earlier', async () => {
    const { front } = start()
    const before = await dial(front, credentials(station, middle))
    const renewed = makeLocalhost(root, { subject: 'renewed' })
    front.renew({ cert: renewed.certificate, key: renewed.key })
    const after = await dial(front)
    expect(after.getPeerCertificate().subject.CN).toBe('renewed')
    before.write(get('/a'))
    expect(await received(before, (all) => all.includes('}'))).toContain(hexOf(station))
    expect(() => front.renew({ cert: 'hello', key: 'world' })).toThrow()
    const still = await dial(front)
    expect(still.getPeerCertificate().subject.CN).toBe('renewed')
    for (const socket of [before, after, still]) socket.destroy()
  })
})
