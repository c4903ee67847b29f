// A fleet of simulated charge points with security profile 3 over real TLS that all get new certificates, while Stator is
// killed in the middle and started again. Each connects again with its new certificate by itself.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { SimulatedChargePoint } from '../../src/simulator/charge-point.ts'
import type { TlsIdentity } from '../../src/simulator/connection.ts'
import { extensions, make, makeAuthority, makeLocalhost } from './made-certificates.ts'
import { askAll } from './certificate-rollover.ts'
import { testDatabase } from './postgres.ts'
import { StatorProcess } from './stator-process.ts'
import { until } from './until.ts'

/** What became of the fleet. */
export interface ProfileThreeRollover {
  /** Charge points whose open connection did not authenticate with their newest certificate. */
  readonly lost: readonly string[]
  /** Handshakes that were refused for what was shown (4xx), at any time. */
  readonly refused: number
  /** Of a few charge points: what a handshake with the replaced certificate is answered with. */
  readonly replaced: readonly number[]
  /** Of the same: with the new one, once it is revoked. */
  readonly revoked: readonly number[]
  /** How many used their new certificate when Stator was killed. */
  readonly renewedAtKill: number
  /** How long the renewal took, the outage included, in milliseconds. */
  readonly ms: number
}

const deadlineMs = 240_000
/** Charge points whose replaced certificates are tried at the end. */
const triedAtEnd = 5

interface FleetMember {
  readonly station: SimulatedChargePoint
  /** The certificate that it was delivered with. */
  readonly delivered: TlsIdentity
}

/** Renews the certificates of `count` charge points of both versions, all with RequireClientCertificate. */
export async function rollOverProfileThree(count: number): Promise<ProfileThreeRollover> {
  const folder = await mkdtemp(join(tmpdir(), 'stator-roll-over-'))
  const serverRoot = makeAuthority('Server root')
  const server = makeLocalhost(serverRoot)
  const authority = makeAuthority('Charge points')
  const file = (name: string): string => join(folder, name)
  await Bun.write(file('server.pem'), server.certificate + server.key)
  await Bun.write(file('authority.pem'), authority.certificate)
  await Bun.write(file('authority.key'), authority.key)

  const database = await testDatabase()
  const identities = Array.from({ length: count }, (_, index) => `P3-${index}`)
  const stator = await StatorProcess.start({
    connectionString: database.connectionString,
    identities,
    settings: {
      OCPP__EnableSSL: 'true',
      OCPP__CertificatePath: file('server.pem'),
      Security__RequireClientCertificate: 'true',
      Security__CertificateAuthority: 'Local',
      Security__CertificateAuthorityPath: file('authority.pem'),
      Security__CertificateAuthorityKeyPath: file('authority.key'),
    },
  })
  const client = new Client({ connectionString: database.connectionString })
  let refused = 0
  const url = stator.ocppUrl
  const ca = serverRoot.certificate
  const clientAuth = extensions.extendedKeyUsage('1.3.6.1.5.5.7.3.2')
  const fleet = identities.map((identity, index): FleetMember => {
    const { certificate: cert, key } = make({ subject: identity, issuer: authority, extensions: [clientAuth] })
    const station = new SimulatedChargePoint({
      url,
      identity,
      version: index % 2 === 0 ? '1.6' : '2.0.1',
      tls: { ca, cert, key },
      backOff: { msMin: 100, msMax: 1_000 },
      checkFrames: false,
      observe: (observation) => {
        if (observation.kind === 'refused' && observation.status < 500) refused++
      },
    })
    return { station, delivered: { ca, cert, key } }
  })
  try {
    await client.connect()
    await Promise.all(fleet.map(({ station }) => station.start()))
    const startedMs = performance.now()
    // The second half is asked right before the kill, so that some are always in the middle of it then.
    const half = Math.ceil(count / 2)
    const askingFirst = askAll(stator, identities.slice(0, half))
    // They are awaited after the kill; until then nobody would catch their errors.
    askingFirst.catch(() => {})
    await until('a third to use their new ones', async () => (await renewedIn(client)).length >= count / 3, deadlineMs)
    const askingSecond = askAll(stator, identities.slice(half))
    askingSecond.catch(() => {})
    const renewedAtKill = (await renewedIn(client)).length
    await stator.kill()
    await stator.startAgain()
    await Promise.all([askingFirst, askingSecond])
    await until('all to use their new ones', async () => (await renewedIn(client)).length === count, deadlineMs)
    const ms = performance.now() - startedMs

    const isLost = await until('each to use its newest', () => noneLost(client, fleet), deadlineMs).then(
      () => () => false,
      async () => lostIn(await renewedIn(client)),
    )
    const lost = fleet.filter(({ station }) => isLost(station)).map(({ station }) => station.identity)
    const replaced: number[] = []
    const revoked: number[] = []
    for (const { station, delivered } of fleet.slice(0, triedAtEnd)) {
      station.stop()
      const { identity, ownCertificate } = station
      const newest = { ...delivered, ...ownCertificate.next() }
      await stator.json(`/api/chargepoints/${identity}/certificates/${ownCertificate.kept?.serialNumber}/revoke`, {})
      replaced.push(await knock(url, identity, delivered))
      revoked.push(await knock(url, identity, newest))
    }
    return { lost, refused, replaced, revoked, renewedAtKill, ms }
  } finally {
    for (const { station } of fleet) station.stop()
    await client.end()
    await stator.remove()
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Renewed {
  readonly identity: string
  readonly serial: string
}

/** Charge points that are connected and have authenticated with a certificate that they requested. */
async function renewedIn(client: Client): Promise<readonly Renewed[]> {
  const { rows } = await client.query<Renewed>(`
    SELECT identity, c.serial_number AS serial FROM charge_points p
    JOIN certificates c ON c.serial_number = p.connection_certificate WHERE p.connected`)
  return rows
}

function lostIn(renewed: readonly Renewed[]): (station: SimulatedChargePoint) => boolean {
  const used = new Map(renewed.map(({ identity, serial }) => [identity, serial]))
  return ({ identity, isConnected, ownCertificate }) =>
    !isConnected || used.get(identity) !== ownCertificate.kept?.serialNumber
}

async function noneLost(client: Client, fleet: readonly FleetMember[]): Promise<boolean> {
  const isLost = lostIn(await renewedIn(client))
  return !fleet.some(({ station }) => isLost(station))
}

/** What a handshake is answered with: 101, or the status of the refusal. */
async function knock(url: string, identity: string, tls: TlsIdentity): Promise<number> {
  const answers: number[] = []
  const station = new SimulatedChargePoint({
    url,
    identity,
    version: '2.0.1',
    tls,
    observe: (observation) => {
      if (observation.kind === 'connected') answers.push(101)
      if (observation.kind === 'refused') answers.push(observation.status)
    },
  })
  void station.start()
  const status = await until('an answer to the handshake', () => answers[0])
  station.stop()
  return status
}
