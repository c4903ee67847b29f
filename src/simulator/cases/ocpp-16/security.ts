// The security whitepaper of OCPP 1.6, edition 2: security profiles, and the messages that it adds.

import { matching, now, positiveInteger } from '../match.ts'
import { authorityOf, chainFor, clientCertificate, makeAuthority, newKey } from '../own-key.ts'
import type { Case, Play } from '../play.ts'
import { type Payload, Station } from '../station.ts'
import { answeredWith, everyStatus } from './commands.ts'
import { booted, boots, reboots, time } from './states.ts'

const requestId = 42
const dayMs = 86_400_000

/** The operator has the password changed; the one that was sent, in the bytes in which the charge point shows it. */
async function changesPassword(station: Station, status: 'Accepted' | 'Rejected'): Promise<Uint8Array> {
  const accepted = 'The charge point uses a new password; the old one is void'
  const { sent } = await station.commanded({
    by: { path: 'credentials' },
    action: 'ChangeConfiguration',
    payload: { key: 'AuthorizationKey', value: matching(/^[0-9a-f]{40}$/) },
    reply: { status },
    told: {
      status,
      message: status === 'Accepted' ? accepted : 'The charge point keeps its password: it answered Rejected',
    },
  })
  return Buffer.from(String(sent['value']), 'hex')
}

/** The charge point requests a certificate for its new key, and answers it with a status. */
async function requestsCertificate(play: Play, station: Station, status: 'Accepted' | 'Rejected') {
  const own = await play.own('a new key', () => newKey(play.identity))
  const certificateChain = chainFor(own, play.identity, await authorityOf(play))
  await station.sends('SignCertificate', { csr: own.csr }, { status: 'Accepted' })
  const received = await station.receives('CertificateSigned', { certificateChain }, { status })
  await station.operatorReads('certificates', { state: status.toLowerCase() }, ({ issued }) =>
    Array.isArray(issued) ? issued[0] : null,
  )
  return { cert: String(received['certificateChain']), key: own.key }
}

/** The operator asks for a new key first (A02). */
async function renews(play: Play, station: Station, status: 'Accepted' | 'Rejected') {
  await station.commanded({
    by: { path: 'certificates/renew' },
    action: 'ExtendedTriggerMessage',
    payload: { requestedMessage: 'SignChargePointCertificate' },
    reply: { status: 'Accepted' },
    told: { status: 'Accepted', message: 'The charge point will request a new certificate', jobId: positiveInteger },
  })
  return requestsCertificate(play, station, status)
}

/** The operator has a CA certificate installed: the types have the words of 2.x over REST. */
function installs(type: string, certificateType: string, status: string): Case {
  return async (play) => {
    const station = await booted(play)
    const certificate = await play.own('a CA certificate', () => makeAuthority(type))
    await station.commanded({
      by: { path: 'certificates/install', body: { type, certificate } },
      action: 'InstallCertificate',
      payload: { certificateType, certificate },
      reply: { status },
      told:
        status === 'Accepted'
          ? { status, message: 'Certificate installed', jobId: positiveInteger }
          : { ...answeredWith('installation of the certificate', status), jobId: positiveInteger },
    })
  }
}

const hashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'ab12', issuerKeyHash: 'cd34', serialNumber: '5E6F' }

function retrieves(type: string, certificateType: string, isFound: boolean): Case {
  return async (play) => {
    const station = await booted(play)
    const found = { certificateType: type, ...hashData, reportedAt: now, subject: null, validTo: null }
    await station.commanded({
      by: { path: `certificates/installed?type=${type}`, method: 'POST' },
      action: 'GetInstalledCertificateIds',
      payload: { certificateType },
      reply: isFound ? { status: 'Accepted', certificateHashData: [hashData] } : { status: 'NotFound' },
      told: { installed: isFound ? [found] : [] },
    })
  }
}

function deletes(status: string): Case {
  return async (play) => {
    const station = await booted(play)
    await station.commanded({
      by: { path: 'certificates/delete', body: hashData },
      action: 'DeleteCertificate',
      payload: { certificateHashData: hashData },
      reply: { status },
      told:
        status === 'Accepted'
          ? { status, message: 'Certificate deleted', jobId: positiveInteger }
          : { ...answeredWith('deletion of the certificate', status), jobId: positiveInteger },
    })
  }
}

function getsLog(logType: string, statuses: readonly string[]): Case {
  return async (play) => {
    const station = await booted(play)
    const log = { remoteLocation: 'https://logs.example.com/upload', latestTimestamp: '2026-01-31T12:00:00.000Z' }
    const payload = { logType, requestId, retries: 3, retryInterval: 60, log }
    await station.called('GetLog', payload, { status: 'Accepted', filename: 'log.txt' })
    for (const status of statuses) {
      await station.sends('LogStatusNotification', { status, requestId }, {})
      await station.operatorReads('', { logStatus: status })
    }
  }
}

const signedUpdate = {
  requestId,
  retries: 3,
  retryInterval: 60,
  firmware: {
    location: 'https://firmware.example.com/firmware-v1.2.3.bin',
    retrieveDateTime: '2026-01-31T12:00:00.000Z',
    installDateTime: '2099-01-31T12:00:00.000Z',
    signingCertificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    signature: 'c2lnbmF0dXJl',
  },
}

function updatesFirmware(statuses: readonly string[]): Case {
  return async (play) => {
    const station = await booted(play)
    await station.called('SignedUpdateFirmware', signedUpdate, { status: 'Accepted' })
    for (const status of statuses) {
      await station.sends('SignedFirmwareStatusNotification', { status, requestId }, {})
      await station.operatorReads('', { firmwareStatus: status })
      if (status === 'InstallRebooting') await reboots(station)
    }
  }
}

const downloaded = ['Downloading', 'Downloaded', 'SignatureVerified'] as const

/** The security profile that the charge point is told to use. */
const setsProfile: Payload = { key: 'SecurityProfile', value: '3' }

export const securityCases: Readonly<Record<string, Case>> = {
  '1.6 security §2.3 profile 1: Basic authentication': async (play) => {
    const station = await Station.known(play)
    await station.isRefused({})
    await station.isRefused({ password: 'kM3xQ8vT1zR6wY4p' })
    await station.isRefused({ userName: `${play.identity}-OTHER`, password: play.password })
    await station.connect({ password: play.password })
    await boots(station)
  },

  '1.6 security §2.4 profile 2: Basic authentication over TLS': async (play) => {
    const station = await Station.known(play, 'tls', { minSecurityProfile: 2 })
    await station.isRefused({ password: 'kM3xQ8vT1zR6wY4p' })
    await station.connect({ password: play.password })
    await boots(station)
  },

  '1.6 security §2.5 profile 3: client certificates': async (play) => {
    const station = await Station.known(play, 'tls', { minSecurityProfile: 3 })
    await station.isRefused({ password: play.password }, 403)
    for (const change of [{ isSelfSigned: true }, { toMs: Date.now() - dayMs / 2 }]) {
      await station.isRefused({ certificate: await clientCertificate(play, change) })
    }
    await station.connect({ certificate: await clientCertificate(play) })
    await boots(station)
  },

  '1.6 security A01 password, accepted': async (play) => {
    const station = await booted(play)
    const password = await changesPassword(station, 'Accepted')
    await station.connect({ password })
    await boots(station)
    await station.isRefused({ password: play.password })
  },

  '1.6 security A01 password, rejected': async (play) => {
    const station = await booted(play)
    const password = await changesPassword(station, 'Rejected')
    await reboots(station)
    await station.isRefused({ password })
  },

  '1.6 security A02 certificate by request, accepted': async (play) => {
    await renews(play, await booted(play, {}, 'tls'), 'Accepted')
  },

  '1.6 security A02 certificate by request, rejected': async (play) => {
    await renews(play, await booted(play, {}, 'tls'), 'Rejected')
  },

  '1.6 security A03 certificate of its own accord': async (play) => {
    await requestsCertificate(play, await booted(play, {}, 'tls'), 'Accepted')
  },

  '1.6 security A03 certificate for another name': async (play) => {
    const station = await booted(play, {}, 'tls')
    const { csr } = await play.own('a new key', () => newKey('ANOTHER'))
    await station.sends('SignCertificate', { csr }, { status: 'Rejected' })
  },

  '1.6 security A04 SecurityEventNotification': async (play) => {
    const station = await booted(play)
    const event = { type: 'FirmwareUpdated', timestamp: time(), techInfo: '1.2.3' }
    await station.sends('SecurityEventNotification', event, {})
    const stored = { chargePointId: play.identity, type: 'FirmwareUpdated', reason: '1.2.3' }
    const path = `/api/security-events?chargePointId=${play.identity}`
    await station.operatorReads(path, stored, ({ securityEvents }) =>
      Array.isArray(securityEvents) ? securityEvents[0] : null,
    )
  },

  '1.6 security A05 security profile raised': async (play) => {
    const station = await booted(play, {}, 'tls')
    const certificate = await renews(play, station, 'Accepted')
    await station.commanded({
      by: { path: 'configuration', body: setsProfile },
      action: 'ChangeConfiguration',
      payload: setsProfile,
      reply: { status: 'Accepted' },
      told: { status: 'Accepted', message: 'Configuration updated successfully' },
    })
    await station.connect({ certificate })
    await boots(station)
    await station.cut()
    await station.isRefused({ password: play.password }, 403)
  },

  '1.6 security M03 GetInstalledCertificateIds, of the Central System': retrieves(
    'CSMSRootCertificate',
    'CentralSystemRootCertificate',
    true,
  ),

  '1.6 security M03 GetInstalledCertificateIds, of the manufacturer, none': retrieves(
    'ManufacturerRootCertificate',
    'ManufacturerRootCertificate',
    false,
  ),

  '1.6 security M04 DeleteCertificate, accepted': deletes('Accepted'),
  '1.6 security M04 DeleteCertificate, failed': deletes('Failed'),
  '1.6 security M04 DeleteCertificate, not found': deletes('NotFound'),

  '1.6 security M05 InstallCertificate, of the Central System': installs(
    'CSMSRootCertificate',
    'CentralSystemRootCertificate',
    'Accepted',
  ),
  '1.6 security M05 InstallCertificate, of the manufacturer': installs(
    'ManufacturerRootCertificate',
    'ManufacturerRootCertificate',
    'Accepted',
  ),
  '1.6 security M05 InstallCertificate, rejected': installs(
    'CSMSRootCertificate',
    'CentralSystemRootCertificate',
    'Rejected',
  ),
  '1.6 security M05 InstallCertificate, failed': installs(
    'CSMSRootCertificate',
    'CentralSystemRootCertificate',
    'Failed',
  ),

  '1.6 security N01 GetLog, diagnostics': getsLog('DiagnosticsLog', ['Uploading', 'Uploaded']),
  '1.6 security N01 GetLog, security': getsLog('SecurityLog', ['Uploading', 'Uploaded']),
  '1.6 security N01 GetLog, upload failed': getsLog('DiagnosticsLog', ['Uploading', 'UploadFailure']),

  '1.6 security N01 GetLog, refused': everyStatus(
    'GetLog',
    { logType: 'SecurityLog', requestId, log: { remoteLocation: 'https://logs.example.com/upload' } },
    ['Rejected'],
  ),

  '1.6 security L01 SignedUpdateFirmware, installed': updatesFirmware([
    ...downloaded,
    'InstallScheduled',
    'Installing',
    'InstallRebooting',
    'Installed',
  ]),
  '1.6 security L01 SignedUpdateFirmware, invalid signature': updatesFirmware([
    'Downloading',
    'Downloaded',
    'InvalidSignature',
  ]),
  '1.6 security L01 SignedUpdateFirmware, download failed': updatesFirmware(['Downloading', 'DownloadFailed']),
  '1.6 security L01 SignedUpdateFirmware, installation failed': updatesFirmware([
    ...downloaded,
    'Installing',
    'InstallationFailed',
  ]),
  '1.6 security L01 SignedUpdateFirmware, refused': everyStatus('SignedUpdateFirmware', signedUpdate, [
    'AcceptedCanceled',
    'InvalidCertificate',
    'Rejected',
    'RevokedCertificate',
  ]),

  '1.6 security §5.5 ExtendedTriggerMessage, refused': everyStatus(
    'ExtendedTriggerMessage',
    { requestedMessage: 'LogStatusNotification' },
    ['Rejected', 'NotImplemented'],
  ),

  '1.6 security §5.5 ExtendedTriggerMessage, LogStatusNotification': async (play) => {
    const station = await booted(play)
    const request = { requestedMessage: 'LogStatusNotification' }
    await station.called('ExtendedTriggerMessage', request, { status: 'Accepted' })
    await station.sends('LogStatusNotification', { status: 'Idle' }, {})
  },
}
