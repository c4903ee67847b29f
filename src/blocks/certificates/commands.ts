// Certificates of charge points: the commands in each version. The words of types are those of 2.x.

import { type ByVersion, since2 } from '../../ocpp/version.ts'
import type { Command } from '../command.ts'
import type { Payload } from '../decision.ts'
import type { CertificateHashData, ReportedCertificate } from './records.ts'

/** Types of CA certificates that operators may have installed (2.0.1 InstallCertificateUseEnumType). */
export const installedTypes = [
  'CSMSRootCertificate',
  'ManufacturerRootCertificate',
  'V2GRootCertificate',
  'MORootCertificate',
] as const

/** Types of certificates that charge points report (2.0.1 GetCertificateIdUseEnumType). */
export const reportedTypes = [...installedTypes, 'V2GCertificateChain'] as const

export type ReportedType = (typeof reportedTypes)[number]

/** 1.6 calls the central system by another name (security whitepaper §6.4). */
const centralSystem16 = 'CentralSystemRootCertificate'
const centralSystem = 'CSMSRootCertificate'

function typeIn16(type: string): string {
  return type === centralSystem ? centralSystem16 : type
}

const nothingRenamed = {}
const typeField = { '/certificateType': 'type' }

/**
 * Sends a signed certificate (1.6 security whitepaper §5.1, 2.0.1 A02). In 2.1 it repeats the id of the request that it
 * answers, if that had one.
 */
export const certificateSignedCommand: ByVersion<(certificateChain: string, requestId: number | null) => Command> = {
  '1.6': (certificateChain) => signed({ certificateChain }),
  '2.0.1': (certificateChain) => signed({ certificateChain, certificateType }),
  '2.1': (certificateChain, requestId) =>
    signed({ certificateChain, certificateType, ...(requestId === null ? {} : { requestId }) }),
}

const certificateType = 'ChargingStationCertificate'

function signed(payload: Payload): Command {
  return { action: 'CertificateSigned', payload, fields: nothingRenamed }
}

/** InstallCertificate (1.6 security whitepaper §5.11, 2.0.1 M05). */
export const installCommand = since2<(type: string, certificate: string) => Command>(
  (type, certificate) => install(typeIn16(type), certificate),
  install,
)

function install(certificateType: string, certificate: string): Command {
  return { action: 'InstallCertificate', payload: { certificateType, certificate }, fields: typeField }
}

/** DeleteCertificate (1.6 security whitepaper §5.3, 2.0.1 M04). */
export function deleteCommand(certificateHashData: CertificateHashData): Command {
  return {
    action: 'DeleteCertificate',
    payload: { certificateHashData: { ...certificateHashData } },
    fields: Object.fromEntries(Object.keys(certificateHashData).map((name) => [`/certificateHashData/${name}`, name])),
  }
}

/**
 * The GetInstalledCertificateIds that ask for the certificates of a type, or of all types (1.6 security whitepaper
 * §5.7, 2.0.1 M03). In 1.6 each asks for one type.
 */
export const installedIdsCommands = since2<(type: ReportedType | undefined) => readonly Command[]>(
  (type) => (type === undefined ? [centralSystem, 'ManufacturerRootCertificate'] : [type]).map(typeIn16).map(ask16),
  (type) => [ask(type === undefined ? {} : { certificateType: [type] })],
)

function ask16(certificateType: string): Command {
  return ask({ certificateType })
}

function ask(payload: Payload): Command {
  return { action: 'GetInstalledCertificateIds', payload, fields: typeField }
}

/**
 * The certificates in the answer to the payload of one of `installedIdsCommands`; null if it cannot be read. NotFound
 * means none. A chain of 2.x is reported with the hash data of each of its certificates.
 */
export const reportedIn = since2<(asked: Payload, answer: Payload) => readonly ReportedCertificate[] | null>(
  (asked, answer) => listOf(answer, 'certificateHashData', (one) => hashDataOf(typeOf16(asked), one)),
  (_, answer) =>
    listOf(answer, 'certificateHashDataChain', ({ certificateType, certificateHashData, childCertificateHashData }) => {
      const children = Array.isArray(childCertificateHashData) ? childCertificateHashData : []
      return [certificateHashData, ...children].flatMap((one) => hashDataOf(String(certificateType), one))
    }),
)

/** The types that a GetInstalledCertificateIds asks for; one that is empty: every type. */
export const typesAskedFor = since2<(asked: Payload) => readonly string[]>(
  (asked) => [typeOf16(asked)],
  ({ certificateType: types }) => (Array.isArray(types) && types.length > 0 ? types.map(String) : ['']),
)

function typeOf16({ certificateType }: Payload): string {
  return certificateType === centralSystem16 ? centralSystem : String(certificateType)
}

function listOf(
  answer: Payload,
  field: string,
  read: (element: Payload) => readonly ReportedCertificate[],
): readonly ReportedCertificate[] | null {
  const { status, [field]: list = [] } = answer
  if (typeof status !== 'string' || !Array.isArray(list)) return null
  return list.filter(isObject).flatMap(read)
}

function hashDataOf(certificateType: string, sent: unknown): ReportedCertificate[] {
  if (!isObject(sent)) return []
  const { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } = sent
  const texts = [hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber].map(String)
  const [algorithm = '', nameHash = '', keyHash = '', serial = ''] = texts
  return [
    {
      certificateType,
      hashAlgorithm: algorithm,
      issuerNameHash: nameHash,
      issuerKeyHash: keyHash,
      serialNumber: serial,
    },
  ]
}

function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Asks for a SignCertificate (1.6 security whitepaper A02, 2.0.1 A02 and F06). */
export const renewCommand = since2<Command>(
  {
    action: 'ExtendedTriggerMessage',
    payload: { requestedMessage: 'SignChargePointCertificate' },
    fields: nothingRenamed,
  },
  { action: 'TriggerMessage', payload: { requestedMessage: 'SignChargingStationCertificate' }, fields: nothingRenamed },
)
