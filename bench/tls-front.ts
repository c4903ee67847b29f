// What the TLS front costs: CPU of the server for a connection and for a heartbeat, behind the front and with Bun's own
// TLS, in turn, as medians. Run: `bun bench/tls-front.ts`. Both serve the floor: JSON.parse and a constant CALLRESULT.
// Clients show an EC certificate to the front; Bun's own TLS does not ask for one.

import { serve } from 'bun'
import { systemClock } from '../src/base/clock.ts'
import { createLogger } from '../src/base/log.ts'
import { InnerServers } from '../src/gateway/front/inner-servers.ts'
import { TlsFront } from '../src/gateway/front/tls-front.ts'
import { make, makeAuthority, makeLocalhost } from '../test/support/made-certificates.ts'
import { cpuOf } from './cpu.ts'
import { median } from './standard/results.ts'

const rounds = 3
const connections = 300
const messagesPerConnection = 300

const beat = JSON.stringify([2, 'message-id-of-36-characters-as-most-a', 'Heartbeat', {}])

function floor(hostname: string, tls: { cert: string; key: string } | null) {
  return serve({
    hostname,
    port: 0,
    ...(tls === null ? {} : { tls }),
    fetch: (request, server) => (server.upgrade(request, { data: undefined }) ? undefined : new Response('no')),
    websocket: {
      perMessageDeflate: false,
      message(socket, text) {
        const frame: unknown = JSON.parse(String(text))
        const id: unknown = Array.isArray(frame) ? frame[1] : null
        socket.send(`[3,${JSON.stringify(id)},{"currentTime":"2025-12-26T12:00:00.000Z"}]`)
      },
    },
  })
}

/** The server process: prints its port, and ends with its standard input. */
async function serverProcess(kind: string): Promise<void> {
  const tls: { cert: string; key: string } = JSON.parse(process.env['BENCH_TLS'] ?? '')
  if (kind === 'direct') console.log(floor('127.0.0.1', tls).port)
  else {
    const inner = new InnerServers(() => {
      const server = floor('127.0.0.1', null)
      return { port: server.port ?? 0, stop: () => server.stop(true) }
    })
    const log = createLogger({ Default: 'None' })
    console.log(
      new TlsFront(0, tls, { hostname: '127.0.0.1', inner, clock: systemClock, log, handshakesMax: 100 }).port,
    )
  }
  for await (const _chunk of Bun.stdin.stream()) continue
  process.exit(0)
}

interface Round {
  readonly connectionUs: number
  readonly messageUs: number
}

async function measured(kind: 'direct' | 'front'): Promise<Round> {
  const root = makeAuthority('Root')
  const server = makeLocalhost(root)
  const station = make({ subject: 'CP001', issuer: root })
  const child = Bun.spawn(['bun', import.meta.path, kind], {
    stdin: 'pipe',
    stdout: 'pipe',
    env: { ...process.env, BENCH_TLS: JSON.stringify({ cert: server.certificate, key: server.key }) },
  })
  const { value } = await child.stdout.getReader().read()
  const url = `wss://127.0.0.1:${new TextDecoder().decode(value).trim()}/`
  const cpuMs = (): number => cpuOf(child.pid)?.totalMs ?? 0
  const connect = (): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url, { tls: { ca: root.certificate, cert: station.certificate, key: station.key } })
      socket.addEventListener('open', () => resolve(socket))
      socket.addEventListener('error', () => reject(new Error(`${url} is not there.`)))
    })
  // The first ones pay for the code that is compiled.
  for (let at = 0; at < 50; at++) (await connect()).close()
  const beforeMs = cpuMs()
  const sockets: WebSocket[] = []
  for (let at = 0; at < connections; at++) sockets.push(await connect())
  const connectedMs = cpuMs()
  const runs = sockets.map(
    (socket) =>
      new Promise<void>((resolve) => {
        let left = messagesPerConnection
        socket.addEventListener('message', () => {
          left--
          if (left > 0) socket.send(beat)
          else resolve()
        })
        socket.send(beat)
      }),
  )
  await Promise.all(runs)
  const endMs = cpuMs()
  for (const socket of sockets) socket.close()
  await child.stdin.end()
  await child.exited
  return {
    connectionUs: ((connectedMs - beforeMs) * 1_000) / connections,
    messageUs: ((endMs - connectedMs) * 1_000) / (connections * messagesPerConnection),
  }
}

async function main(): Promise<void> {
  const all: Record<'direct' | 'front', Round[]> = { direct: [], front: [] }
  for (let round = 0; round < rounds; round++) {
    for (const kind of ['direct', 'front'] as const) all[kind].push(await measured(kind))
  }
  for (const figure of ['connectionUs', 'messageUs'] as const) {
    const of = (kind: 'direct' | 'front'): number => median(all[kind].map((each) => each[figure]))
    const [direct, front] = [of('direct'), of('front')]
    console.log(
      `${figure}: direct ${direct.toFixed(1)}, front ${front.toFixed(1)}, ratio ${(front / direct).toFixed(2)}`,
    )
  }
}

const [kind] = process.argv.slice(2)
if (kind === undefined) await main()
else await serverProcess(kind)
