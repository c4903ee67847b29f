// OCPP 2.0.1 Part 6 §3.14: M ISO 15118 CertificateManagement.

import { now, positiveInteger } from '../match.ts'
import { makeAuthority } from '../own-key.ts'
import type { Case, Play } from '../play.ts'
import type { Payload, Station } from '../station.ts'
import { booted } from './states.ts'

const csmsRoot = 'CSMSRootCertificate'
const manufacturerRoot = 'ManufacturerRootCertificate'

/** The operator has a new CA certificate installed, which the station answers with this status. */
async function installs(play: Play, station: Station, type: string, status: string): Promise<void> {
  const certificate = await play.own('a CA certificate', () => makeAuthority(type))
  await station.commanded({
    by: { path: 'certificates/install', body: { type, certificate } },
    action: 'InstallCertificate',
    payload: { certificateType: type, certificate },
    reply: { status },
    told: told(status, 'Certificate installed', 'installation of the certificate'),
  })
}

function told(status: string, accepted: string, command: string): Payload {
  const message = status === 'Accepted' ? accepted : `The charge point answered the ${command} with ${status}`
  return { status, message, jobId: positiveInteger }
}

function hashDataOf(hashAlgorithm: string): Payload {
  return { hashAlgorithm, issuerNameHash: 'ab12', issuerKeyHash: 'cd34', serialNumber: '5E6F' }
}

/** The operator asks for the certificates of a type, or of all; the station has one of each of `found`. */
async function retrieves(
  station: Station,
  type: string | null,
  found: readonly string[],
  hashAlgorithm = 'SHA256',
): Promise<void> {
  const certificateHashData = hashDataOf(hashAlgorithm)
  const chain = found.map((certificateType) => ({ certificateType, certificateHashData }))
  await station.commanded({
    by: { path: `certificates/installed${type === null ? '' : `?type=${type}`}`, method: 'POST' },
    action: 'GetInstalledCertificateIds',
    payload: type === null ? {} : { certificateType: [type] },
    reply: found.length === 0 ? { status: 'NotFound' } : { status: 'Accepted', certificateHashDataChain: chain },
    told: {
      installed: found.map((certificateType) => ({
        certificateType,
        ...certificateHashData,
        reportedAt: now,
        subject: null,
        validTo: null,
      })),
    },
  })
}

async function deletes(station: Station, certificateHashData: Payload, status: string): Promise<void> {
  await station.commanded({
    by: { path: 'certificates/delete', body: certificateHashData },
    action: 'DeleteCertificate',
    payload: { certificateHashData },
    reply: { status },
    told: told(status, 'Certificate deleted', 'deletion of the certificate'),
  })
}

function installed(type: string): Case {
  return async (play) => installs(play, await booted(play), type, 'Accepted')
}

/** The sorted types that a station may report. */
const allTypes = ['CSMSRootCertificate', 'MORootCertificate', 'ManufacturerRootCertificate', 'V2GRootCertificate']

export const certificateCases: Readonly<Record<string, Case>> = {
  TC_M_01_CSMS: installed(csmsRoot),

  TC_M_02_CSMS: installed(manufacturerRoot),

  TC_M_05_CSMS: async (play) => installs(play, await booted(play), csmsRoot, 'Failed'),

  TC_M_13_CSMS: async (play) => retrieves(await booted(play), manufacturerRoot, [manufacturerRoot]),

  TC_M_18_CSMS: async (play) => retrieves(await booted(play), null, allTypes),

  TC_M_19_CSMS: async (play) => retrieves(await booted(play), manufacturerRoot, []),

  TC_M_20_CSMS: async (play) => {
    const station = await booted(play)
    for (const hashAlgorithm of ['SHA256', 'SHA384', 'SHA512']) {
      await installs(play, station, csmsRoot, 'Accepted')
      await retrieves(station, csmsRoot, [csmsRoot], hashAlgorithm)
      await deletes(station, hashDataOf(hashAlgorithm), 'Accepted')
      await station.operatorReads('certificates', { installed: [] })
    }
  },

  TC_M_21_CSMS: async (play) => {
    const station = await booted(play)
    await installs(play, station, csmsRoot, 'Accepted')
    await retrieves(station, csmsRoot, [csmsRoot])
    await deletes(station, hashDataOf('SHA256'), 'Failed')
  },
}
