// A fleet of simulated charge points that all get new certificates, while Stator is killed in the middle and started
// again.

import { X509Certificate } from 'node:crypto'
import { Client } from 'pg'
import { benchPasswordDefault } from '../../bench/cli.ts'
import { adminApiKey } from '../../bench/servers/stator.ts'
import { SimulatedChargePoint } from '../../src/simulator/charge-point.ts'
import { testDatabase } from './postgres.ts'
import { StatorProcess } from './stator-process.ts'
import { until } from './until.ts'

/** What became of the fleet. */
export interface Rollover {
  /** Charge points whose certificate is none that the authority has signed for them after the renewal began. */
  readonly lost: readonly string[]
  /** Charge points that use another certificate than the newest that is stored as accepted. */
  readonly different: readonly string[]
  /** Requests for which there is more than one certificate. */
  readonly signedTwice: number
  /** Certificates, and requests, that are still under way. */
  readonly underWay: number
  /** How many had their new certificate when Stator was killed. */
  readonly renewedAtKill: number
}

const renewalsAtOnce = 20
const deadlineMs = 240_000

/** Renews the certificates of `count` charge points of both versions. */
export async function rollOver(count: number): Promise<Rollover> {
  const database = await testDatabase()
  const identities = Array.from({ length: count }, (_, index) => `RO-${index}`)
  const stator = await StatorProcess.start({
    connectionString: database.connectionString,
    identities,
    settings: { Security__CertificateAuthority: 'Local' },
  })
  const client = new Client({ connectionString: database.connectionString })
  const stations = identities.map(
    (identity, index) =>
      new SimulatedChargePoint({
        url: stator.ocppUrl,
        identity,
        version: index % 2 === 0 ? '1.6' : '2.0.1',
        password: benchPasswordDefault,
        backOff: { msMin: 100, msMax: 1_000 },
      }),
  )
  try {
    await client.connect()
    await Promise.all(stations.map((station) => station.start()))
    for (const station of stations) station.ownCertificate.request()
    await until('first certificates', () => stations.every((station) => serialOf(station) !== null), deadlineMs)
    const first = stations.map(serialOf)
    const renewed = (): number => stations.filter((station, index) => serialOf(station) !== first[index]).length

    const asking = askAll(stator, identities)
    // It is awaited after the kill; until then nobody would catch its error.
    asking.catch(() => {})
    await until('a third to be renewed', () => renewed() >= count / 3, deadlineMs)
    const renewedAtKill = renewed()
    await stator.kill()
    await stator.startAgain()
    await asking
    await until('all to be renewed', () => renewed() === count, deadlineMs)
    await until('all answers to be stored', async () => (await underWayIn(client)) === 0, deadlineMs)

    const newest = await newestOf(client)
    const root = await rootOf(stator)
    return {
      lost: stations.filter((station) => !isSignedBy(root, station)).map(({ identity }) => identity),
      different: stations
        .filter((station) => newest.get(station.identity) !== serialOf(station))
        .map(({ identity }) => identity),
      signedTwice: await signedTwiceIn(client),
      underWay: await underWayIn(client),
      renewedAtKill,
    }
  } finally {
    for (const station of stations) station.stop()
    await client.end()
    await stator.remove()
    await database.drop()
  }
}

function serialOf({ ownCertificate }: SimulatedChargePoint): string | null {
  return ownCertificate.kept?.serialNumber ?? null
}

/** Asks every charge point over REST; one that was not reached is asked again. */
export async function askAll(stator: StatorProcess, identities: readonly string[]): Promise<void> {
  const waiting = [...identities]
  const ask = async (): Promise<void> => {
    for (let identity = waiting.pop(); identity !== undefined; identity = waiting.pop()) {
      const path = `/api/chargepoints/${identity}/certificates/renew`
      await until(`${identity} to be asked`, () => accepts(stator, path), deadlineMs)
    }
  }
  await Promise.all(Array.from({ length: renewalsAtOnce }, ask))
}

async function accepts(stator: StatorProcess, path: string): Promise<boolean> {
  return stator.json(path, {}).then(
    ({ status }) => status === 'Accepted',
    () => false,
  )
}

async function rootOf(stator: StatorProcess): Promise<X509Certificate> {
  const response = await fetch(`${stator.url}/api/certificate-authority`, { headers: { 'X-API-Key': adminApiKey } })
  return new X509Certificate(await response.text())
}

function isSignedBy(root: X509Certificate, { identity, ownCertificate }: SimulatedChargePoint): boolean {
  const [own] = ownCertificate.kept?.chain ?? []
  return own !== undefined && own.verify(root.publicKey) && own.subject.split('\n').includes(`CN=${identity}`)
}

async function newestOf(client: Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ readonly identity: string; readonly serial: string }>(`
    SELECT DISTINCT ON (identity) identity, c.serial_number AS serial FROM certificates c
    JOIN charge_points p ON p.id = c.charge_point_id WHERE state = 'accepted' ORDER BY identity, signed_at DESC`)
  return new Map(rows.map(({ identity, serial }) => [identity, serial]))
}

async function signedTwiceIn(client: Client): Promise<number> {
  const { rows } = await client.query<{ readonly count: number }>(`
    SELECT count(*)::int4 AS count FROM (SELECT FROM certificates GROUP BY charge_point_id, csr_digest
      HAVING count(*) > 1) twice`)
  return rows[0]?.count ?? 0
}

async function underWayIn(client: Client): Promise<number> {
  const { rows } = await client.query<{ readonly count: number }>(`
    SELECT ((SELECT count(*) FROM certificates WHERE state IN ('signed', 'sent'))
      + (SELECT count(*) FROM certificate_requests))::int4 AS count`)
  return rows[0]?.count ?? 0
}
