// OCPP 2.0.1 Part 6 §3.2: A Security.

import { X509Certificate } from 'node:crypto'
import { connect, type SecureVersion } from 'node:tls'
import { type SiteKind, Skipped } from '../site.ts'
import { matching, requireEqual, positiveInteger } from '../match.ts'
import { authorityOf, chainFor, clientCertificate, newKey } from '../own-key.ts'
import type { Case, Play } from '../play.ts'
import { Station } from '../station.ts'
import { booted, boots, versionInProfiles } from './states.ts'

const dayMs = 86_400_000

/** The suites that a central system must support (A00.FR.318, A00.FR.421), by the kind of its server certificate. */
const suites = {
  tlsEc: ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  tls: ['AES128-GCM-SHA256', 'AES256-GCM-SHA384'],
} as const

interface Agreed {
  /** Version and suite; `refused` if nothing was agreed on. */
  readonly channel: string
  readonly certificate: { readonly commonName: string; readonly hasSerial: boolean; readonly key: string } | null
}

/** What a TLS client of one version, and if named one suite, agrees on with Stator. */
async function agrees(play: Play, kind: SiteKind, version: SecureVersion, ciphers?: string): Promise<Agreed> {
  return play.see(`TLS with ${version} ${ciphers ?? ''}`, async () => {
    const { ocppUrl, authority } = await play.site(kind)
    if (authority === null) throw new Skipped('It needs the authority of the server certificate.')
    const { hostname, port } = new URL(ocppUrl)
    const { promise, resolve } = Promise.withResolvers<Agreed>()
    const options = { host: hostname, port: Number(port), servername: 'localhost', ca: authority }
    const only = { minVersion: version, maxVersion: version, ...(ciphers === undefined ? {} : { ciphers }) }
    const socket = connect({ ...options, ...only }, () => {
      const { raw } = socket.getPeerCertificate()
      resolve({ channel: `${socket.getProtocol()} ${socket.getCipher().name}`, certificate: shown(raw) })
      socket.destroy()
    })
    socket.on('error', () => resolve({ channel: 'refused', certificate: null }))
    return promise
  })
}

function shown(der: Buffer): Agreed['certificate'] {
  const { subject, serialNumber, publicKey } = new X509Certificate(der)
  const commonName = /^CN=(.*)$/m.exec(subject)?.[1] ?? ''
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {}
  return { commonName, hasSerial: /^[0-9A-F]+$/.test(serialNumber), key: String(modulusLength ?? namedCurve) }
}

/** Every suite of the case is agreed on, and the server certificate has a sufficient key and the name of the server. */
async function allSuites(play: Play): Promise<void> {
  for (const kind of ['tlsEc', 'tls'] as const) {
    const certificate = { commonName: 'localhost', hasSerial: true, key: kind === 'tls' ? '2048' : 'prime256v1' }
    for (const suite of suites[kind]) {
      const agreed = await agrees(play, kind, 'TLSv1.2', suite)
      requireEqual(`TLS with ${suite}`, agreed, { channel: `TLSv1.2 ${suite}`, certificate })
    }
  }
}

const setPassword = { component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }
const keepsPassword = 'The charge point keeps its password: it answered Rejected'
const newPassword = 'The charge point uses a new password; the old one is void'

/** The operator has the password changed; the one that was sent. */
async function changesPassword(station: Station, status: 'Accepted' | 'Rejected'): Promise<string> {
  const attributeValue = matching(/^[A-Za-z0-9]{40}$/)
  const { sent } = await station.commanded({
    by: { path: 'credentials' },
    action: 'SetVariables',
    payload: { setVariableData: [{ attributeValue, ...setPassword }] },
    reply: { setVariableResult: [{ ...setPassword, attributeStatus: status }] },
    told: { status, message: status === 'Accepted' ? newPassword : keepsPassword },
  })
  const [data] = Array.isArray(sent['setVariableData']) ? sent['setVariableData'] : []
  return String(data?.attributeValue)
}

/** The operator asks for a new key, the station requests a certificate for it, and answers it with a status. */
async function renews(play: Play, station: Station, status: 'Accepted' | 'Rejected') {
  await station.commanded({
    by: { path: 'certificates/renew' },
    action: 'TriggerMessage',
    payload: { requestedMessage: 'SignChargingStationCertificate' },
    reply: { status: 'Accepted' },
    told: { status: 'Accepted', message: 'The charge point will request a new certificate', jobId: positiveInteger },
  })
  const own = await play.own('a new key', () => newKey(play.identity))
  const authority = await authorityOf(play)
  const request = { csr: own.csr, certificateType: 'ChargingStationCertificate' }
  await station.sends('SignCertificate', request, { status: 'Accepted' })
  const signed = {
    certificateType: 'ChargingStationCertificate',
    certificateChain: chainFor(own, play.identity, authority),
  }
  const { certificateChain } = await station.receives('CertificateSigned', signed, { status })
  await station.operatorReads('certificates', { state: status.toLowerCase() }, ({ issued }) =>
    Array.isArray(issued) ? issued[0] : null,
  )
  return { cert: String(certificateChain), key: own.key }
}

export const securityCases: Readonly<Record<string, Case>> = {
  TC_A_01_CSMS: async (play) => {
    const station = await Station.known(play)
    await station.connect({ password: play.password })
    await boots(station)
  },

  TC_A_02_CSMS: async (play) => {
    const station = await Station.known(play)
    await station.isRefused({ userName: `${play.identity}Invalid`, password: play.password })
  },

  TC_A_03_CSMS: async (play) => {
    const station = await Station.known(play)
    await station.isRefused({ password: 'kM3xQ8vT1zR6wY4pL9sD' })
  },

  TC_A_04_CSMS: async (play) => {
    await allSuites(play)
    const station = await Station.known(play, 'tls')
    await station.connect()
    await boots(station)
  },

  TC_A_06_CSMS: async (play) => {
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      const tooLow = await agrees(play, 'tls', version)
      requireEqual(`TLS with ${version}`, tooLow, { channel: 'refused', certificate: null })
    }
    const station = await Station.known(play, 'tls')
    await station.connect()
    await boots(station)
  },

  TC_A_07_CSMS: async (play) => {
    await allSuites(play)
    const station = await Station.known(play, 'tls', { minSecurityProfile: 3 })
    await station.connect({ certificate: await clientCertificate(play) })
    await boots(station)
  },

  TC_A_08_CSMS: async (play) => {
    const station = await Station.known(play, 'tls', { minSecurityProfile: 3 })
    const invalid = [{ isSelfSigned: true }, { toMs: Date.now() - dayMs / 2 }, { commonName: `${play.identity}-OTHER` }]
    for (const change of invalid) await station.isRefused({ certificate: await clientCertificate(play, change) })
    await station.connect({ certificate: await clientCertificate(play) })
    await boots(station)
  },

  TC_A_09_CSMS: async (play) => {
    const station = await booted(play)
    const password = await changesPassword(station, 'Accepted')
    await station.connect({ password })
    await boots(station)
    await station.isRefused({ password: play.password })
  },

  TC_A_10_CSMS: async (play) => {
    const station = await booted(play)
    const password = await changesPassword(station, 'Rejected')
    await station.connect({ password: play.password })
    await boots(station)
    await station.isRefused({ password })
  },

  TC_A_11_CSMS: async (play) => {
    await renews(play, await booted(play, {}, 'tls'), 'Accepted')
  },

  TC_A_14_CSMS: async (play) => {
    await renews(play, await booted(play, {}, 'tls'), 'Rejected')
  },

  // From security profile 2 to 3.
  TC_A_19_CSMS: async (play) => {
    const station = await booted(play, {}, 'tls')
    const certificate = await renews(play, station, 'Accepted')
    const connectionData = {
      ocppVersion: versionInProfiles(play),
      ocppTransport: 'JSON',
      ocppCsmsUrl: 'wss://csms.example.com/ocpp',
      messageTimeout: 30,
      securityProfile: 3,
      ocppInterface: 'Wired0',
    }
    const { ocppCsmsUrl: csmsUrl, securityProfile } = connectionData
    await station.commanded({
      by: { path: 'network-profiles/2', method: 'PUT', body: { csmsUrl, securityProfile, interface: 'Wired0' } },
      action: 'SetNetworkProfile',
      payload: { configurationSlot: 2, connectionData },
      reply: { status: 'Accepted' },
      told: { status: 'Accepted', message: 'The charge point has stored the profile', jobId: positiveInteger },
    })
    const variable = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'NetworkConfigurationPriority' } }
    await station.commanded({
      by: { path: 'configuration', body: { key: 'OCPPCommCtrlr.NetworkConfigurationPriority', value: '2,1' } },
      action: 'SetVariables',
      payload: { setVariableData: [{ attributeValue: '2,1', ...variable }] },
      reply: { setVariableResult: [{ ...variable, attributeStatus: 'Accepted' }] },
      told: { status: 'Accepted', message: 'Configuration updated successfully' },
    })
    await station.commanded({
      by: { path: 'reset', body: { type: 'Soft' } },
      action: 'Reset',
      payload: { type: 'OnIdle' },
      reply: { status: 'Accepted' },
      told: { status: 'Accepted', message: 'Reset command sent successfully' },
    })
    await station.connect({ certificate })
    await boots(station, 'RemoteReset')
    await station.cut()
    await station.isRefused({ password: play.password }, 403)
  },
}
