// What each way in costs: a storm of handshakes at a whole Stator with its database, once for each kind of credentials,
// in turn, as medians. Run: `bun bench/ways-in.ts [stations] [rounds]`. All stations connect at once, as after a power
// cut, and have no other traffic. A storm ends when the database has all of them as connected.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Client } from 'pg'
import { make, makeAuthority, makeLocalhost } from '../test/support/made-certificates.ts'
import { until } from '../test/support/until.ts'
import { benchPasswordDefault } from './cli.ts'
import { cpuOf } from './cpu.ts'
import { startDatabase } from './servers/database.ts'
import { startSubject } from './servers/start.ts'
import { adminApiKey } from './servers/stator.ts'
import { median } from './standard/results.ts'

const [stations = 5_000, rounds = 3] = process.argv.slice(2).map(Number)
/** Handshakes that the clients have under way. */
const atOnce = 500
const deadlineMs = 120_000

interface Way {
  readonly settings: Readonly<Record<string, string>>
  readonly headers: (identity: string) => Readonly<Record<string, string>>
  readonly tls?: (identity: string) => Bun.TLSOptions
}

interface Storm {
  readonly perSecond: number
  readonly cpuUs: number
}

const identities = Array.from({ length: stations }, (_, index) => `WAY${String(index).padStart(6, '0')}`)

async function waysIn(folder: string): Promise<Readonly<Record<string, Way>>> {
  const root = makeAuthority('Root')
  const server = makeLocalhost(root)
  const file = async (name: string, text: string): Promise<string> => {
    await Bun.write(join(folder, name), text)
    return join(folder, name)
  }
  const tlsSettings = {
    OCPP__EnableSSL: 'true',
    OCPP__CertificatePath: await file('server.pem', server.certificate),
    OCPP__CertificateKeyPath: await file('server.key', server.key),
  }
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256' }
  const tokens = new Map<string, string>()
  const stationCertificates = new Map<string, { readonly cert: string; readonly key: string }>()
  for (const identity of identities) {
    const token = new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'bench' }).setSubject(identity)
    const claimed = token.setIssuer('https://issuer.example.com').setAudience('bench').setExpirationTime('2h')
    tokens.set(identity, await claimed.sign(privateKey))
    const { certificate, key } = make({ subject: identity, issuer: root })
    stationCertificates.set(identity, { cert: certificate, key })
  }
  const basic = (identity: string): Record<string, string> => ({
    Authorization: `Basic ${btoa(`${identity}:${benchPasswordDefault}`)}`,
  })
  const trust = { ca: root.certificate }
  return {
    'Basic, without TLS': { settings: {}, headers: basic },
    'API key, without TLS': {
      settings: {},
      headers: (identity) => ({ 'X-API-Key': adminApiKey, 'X-Charge-Point-Id': identity }),
    },
    'JWT (ES256), without TLS': {
      settings: {
        Security__Jwt__Issuer: 'https://issuer.example.com',
        Security__Jwt__Audience__0: 'bench',
        Security__Jwt__KeyFile: await file('keys.json', JSON.stringify({ keys: [jwk] })),
      },
      headers: (identity) => ({ Authorization: `Bearer ${tokens.get(identity) ?? ''}` }),
    },
    'Basic, TLS': { settings: tlsSettings, headers: basic, tls: () => trust },
    'client certificate': {
      settings: {
        ...tlsSettings,
        Security__RequireClientCertificate: 'true',
        Security__ClientCertificateAuthority: await file('authority.pem', root.certificate),
      },
      headers: () => ({}),
      tls: (identity) => ({ ...trust, ...stationCertificates.get(identity) }),
    },
  }
}

/** A WebSocket that is open, or the reason why not. */
function connect(url: string, identity: string, { headers, tls }: Way): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url}/${identity}`, {
      protocols: ['ocpp1.6'],
      headers: headers(identity),
      ...(tls === undefined ? {} : { tls: tls(identity) }),
    })
    socket.addEventListener('open', () => resolve(socket))
    socket.addEventListener('close', ({ code, reason }) =>
      reject(new Error(`${identity} is closed: ${code} ${reason}`)),
    )
  })
}

async function storm(way: Way, postgres: Awaited<ReturnType<typeof startDatabase>>, name: string): Promise<Storm> {
  const options = { identities, databaseName: name, settings: { ...way.settings, OCPP__MessageLog: 'false' } }
  const subject = await startSubject('stator', postgres, options)
  const url = subject.server.url.replace('127.0.0.1', 'localhost')
  const client = new Client({ connectionString: subject.database?.url ?? '' })
  try {
    await client.connect()
    const connected = async (): Promise<number> => {
      const { rows } = await client.query('SELECT count(*)::int AS count FROM charge_points WHERE connected')
      return rows[0].count
    }
    // The first ones pay for the code that is compiled.
    for (const identity of identities.slice(0, 100)) (await connect(url, identity, way)).close()
    await until('the first ones to be gone', async () => (await connected()) === 0, deadlineMs)
    const cpuMs = (): number => cpuOf(subject.server.pid)?.totalMs ?? 0
    const [beforeMs, startMs] = [cpuMs(), performance.now()]
    const waiting = [...identities]
    const sockets: WebSocket[] = []
    const dial = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
        sockets.push(await connect(url, next, way))
    }
    await Promise.all(Array.from({ length: atOnce }, dial))
    await until(`${stations} to be connected`, async () => (await connected()) === stations, deadlineMs)
    const seconds = (performance.now() - startMs) / 1_000
    const cpuUs = ((cpuMs() - beforeMs) * 1_000) / stations
    for (const socket of sockets) socket.terminate()
    return { perSecond: stations / seconds, cpuUs }
  } finally {
    await client.end()
    await subject.stop()
  }
}

const folder = await mkdtemp(join(tmpdir(), 'stator-bench-'))
const postgres = await startDatabase()
try {
  const ways = Object.entries(await waysIn(folder))
  const storms = new Map(ways.map(([name]) => [name, [] as Storm[]]))
  for (let round = 0; round < rounds; round++) {
    for (const [index, [name, way]] of ways.entries()) {
      storms.get(name)?.push(await storm(way, postgres, `way_${round}_${index}`))
    }
  }
  const of = (name: string, figure: keyof Storm): number => median((storms.get(name) ?? []).map((each) => each[figure]))
  const [[first = ''] = []] = ways
  console.log(`${stations} stations, ${atOnce} handshakes at once, medians of ${rounds} rounds`)
  console.log('| way in | handshakes a second | CPU a handshake | against Basic |')
  console.log('| --- | --- | --- | --- |')
  for (const [name] of ways) {
    const [perSecond, cpuUs] = [of(name, 'perSecond'), of(name, 'cpuUs')]
    const ratio = (cpuUs / of(first, 'cpuUs')).toFixed(2)
    console.log(`| ${name} | ${perSecond.toFixed(0)} | ${cpuUs.toFixed(0)} µs | ${ratio} |`)
  }
} finally {
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}
