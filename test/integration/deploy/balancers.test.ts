// Two nodes behind the load balancers of docs/deploy, with TLS at the balancer and passed through. Charge points connect
// through the balancer, one node is stopped, and nothing is lost.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { databaseNow } from '../../../bench/audit/audit.ts'
import { benchPasswordDefault } from '../../../bench/cli.ts'
import { adminApiKey } from '../../../bench/servers/stator.ts'
import { flows16 } from '../../fixtures/seed-flows.ts'
import { type Balancer, type BalancerConfiguration, startBalancer, whyNot } from '../../support/balancer.ts'
import { makeRoot, makeServer } from '../../support/certificates.ts'
import { giveBack, takeAway } from '../../support/database-switch.ts'
import { auditLoads, cleanFindings, FleetLoad, identitiesOf, type LoadOptions } from '../../support/fleet-load.ts'
import { connectedAt } from '../../support/nodes-agree.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { basic, RawChargePoint } from '../../support/raw-charge-point.ts'
import { StatorProcess } from '../../support/stator-process.ts'
import { until } from '../../support/until.ts'

const load: LoadOptions = { stations: 12, samples: 8 }
const ratePerSecond = 60
const backMsMax = 30_000

/** Identities that a proxy spoils when it decodes, encodes or tidies the path. */
const escaped = { identity: 'A/B ä%2F', path: 'A%2FB%20%c3%A4%252F' }

const configurations: readonly BalancerConfiguration[] = [
  'haproxy-tls.cfg',
  'haproxy-passthrough.cfg',
  'nginx-tls.conf',
  'nginx-passthrough.conf',
]

const certificate = makeServer('localhost', 1, makeRoot('Test Root', 1))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-test-'))
  await Bun.write(join(folder, 'server.pem'), `${certificate.certificate}\n${certificate.key}`)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

for (const configuration of configurations) {
  const why = whyNot(configuration)
  const checksNodes = configuration.startsWith('haproxy')
  describe.skipIf(why !== '')(`docs/deploy/${configuration}${why}`, () => {
    let database: TestDatabase
    let nodes: readonly [StatorProcess, StatorProcess]
    let balancer: Balancer

    beforeAll(async () => {
      database = await testDatabase()
      const { connectionString } = database
      const isPassedThrough = configuration.includes('passthrough')
      const settings = isPassedThrough
        ? { OCPP__EnableSSL: 'true', OCPP__CertificatePath: join(folder, 'server.pem') }
        : {}
      const identities = [...identitiesOf(load), escaped.identity]
      const first = await StatorProcess.start({ connectionString, identities, settings })
      nodes = [first, await StatorProcess.start({ connectionString, identities: [], settings })]
    })

    // Each test has a balancer that thinks well of both nodes.
    beforeEach(async () => {
      balancer = await startBalancer(configuration, [nodes[0].port, nodes[1].port], certificate)
    })

    afterEach(() => balancer.stop())

    afterAll(async () => {
      for (const node of nodes) await node.remove()
      await database.drop()
    })

    test('keeps the path as it came, the credentials, the subprotocol, and the letter case of the answer', async () => {
      const { head, close } = await handshakeOverTls(balancer.port)
      expect(head).toStartWith('HTTP/1.1 101 ')
      expect(head).toContain('\r\nSec-WebSocket-Protocol: ocpp2.0.1')
      expect(head).toContain('\r\nSec-WebSocket-Accept: ')
      await until('the charge point to be connected', async () =>
        (await connectedAt(nodes[0])).includes(escaped.identity),
      )
      close()
    })

    if (configuration.includes('tls')) {
      test('sends a handshake that a stopping node refuses to the other node', async () => {
        let refused = 0
        const stopping = Bun.serve({
          port: 0,
          hostname: '127.0.0.1',
          fetch: ({ url }) => {
            if (new URL(url).pathname === '/health/ready') return new Response('ready')
            refused++
            return new Response('', { status: 503 })
          },
        })
        const between = await startBalancer(configuration, [stopping.port ?? 0, nodes[1].port], certificate)
        try {
          for (let count = 0; count < 4; count++) {
            const { head, close } = await handshakeOverTls(between.port)
            expect(head).toStartWith('HTTP/1.1 101 ')
            close()
          }
          expect(refused).toBeGreaterThan(0)
        } finally {
          await between.stop()
          await stopping.stop(true)
        }
      })
    }

    test('keeps its connections while the database is away and no node is ready', async () => {
      const { connectionString } = database
      const raw = await RawChargePoint.connect({
        url: `wss://127.0.0.1:${balancer.port}/ocpp`,
        identity: escaped.identity,
        password: benchPasswordDefault,
        trustsAll: true,
      })
      await raw.call('BootNotification', flows16.boot)
      await takeAway(connectionString)
      try {
        for (const node of nodes) await until('no node to be ready', async () => (await node.readyStatus()) === 503)
        await until('a new charge point to be turned away', () => isTurnedAway(balancer.port, checksNodes), backMsMax)
        expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
      } finally {
        await giveBack(connectionString)
      }
      await until('a new charge point to be let in', async () => !(await isTurnedAway(balancer.port)), backMsMax)
      // It has the same identity: only a newer connection ended the one before.
      expect((await raw.closed()).code).toBe(1001)
      for (const node of nodes) await until('all nodes to be ready', async () => (await node.readyStatus()) === 200)
    })

    test('serves charge points at both nodes; when one is stopped they are all at the other, and nothing is lost', async () => {
      const { connectionString } = database
      const [stopped, other] = nodes
      const since = await databaseNow(connectionString)
      const fleet = new FleetLoad(`wss://127.0.0.1:${balancer.port}/ocpp`, load)
      try {
        await fleet.connect()
        fleet.begin({ kind: 'open', ratePerSecond })
        await until('the load to be under way', () => fleet.acknowledgedSamples > 100, backMsMax)
        const connections = await Promise.all(nodes.map(connectionsOf))
        for (const count of connections) expect(count).toBeGreaterThan(fleet.size / 4)
        expect(fleet.openTransactions.length).toBeGreaterThan(0)
        const ended = await stopped.terminate()
        expect(ended.code).toBe(0)
        await until('all charge points to be back', () => fleet.isReady, backMsMax)
        expect(await connectionsOf(other)).toBe(fleet.size)
        const before = fleet.acknowledgedSamples
        await until('the load to go on', () => fleet.acknowledgedSamples > before + 100, backMsMax)
        await fleet.settle()
        expect(await auditLoads(connectionString, [fleet], since)).toMatchObject(cleanFindings)
        expect(fleet.callErrors).toBe(0)
      } finally {
        fleet.close()
      }
    })
  })
}

/** How many charge points are connected to this node. */
async function connectionsOf(node: StatorProcess): Promise<number> {
  const response = await fetch(`${node.url}/metrics`, {
    headers: { 'X-API-Key': adminApiKey },
    tls: { rejectUnauthorized: false },
  })
  const counts = [...(await response.text()).matchAll(/^stator_connections\{.*\} (\d+)$/gm)]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Whether the handshake of a charge point is refused, or its connection is cut; by the balancer itself, if that is asked. */
async function isTurnedAway(port: number, byBalancer = false): Promise<boolean> {
  const { head, close } = await handshakeOverTls(port)
  close()
  // Only a node says when to come back.
  return byBalancer ? !/^HTTP\/1.1 101 |\r\nretry-after:/i.test(head) : !head.startsWith('HTTP/1.1 101 ')
}

/** A handshake with `escaped`, whose path no client of ours touches: the head of the answer; empty if there is none. */
async function handshakeOverTls(port: number): Promise<{ readonly head: string; readonly close: () => void }> {
  let received = ''
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
  const lines = [
    `GET /ocpp/${escaped.path} HTTP/1.1`,
    'Host: csms.example.com',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: ocpp2.1, ocpp2.0.1',
    `Authorization: ${basic(escaped.identity, benchPasswordDefault)}`,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  let isClosed = false
  socket.on('error', () => {})
  socket.on('close', () => (isClosed = true))
  const head = await until(
    'the answer to the handshake',
    () => /^[\s\S]*?\r\n\r\n/.exec(received)?.[0] ?? (isClosed ? '' : null),
  )
  return { head, close: () => socket.destroy() }
}
