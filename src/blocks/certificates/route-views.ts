// Certificates as the REST API shows them.

import { z } from '@hono/zod-openapi'
import { isoTime } from '../../base/clock.ts'
import { Time } from '../../api/responses.ts'
import type { CertificateRecord, InstalledCertificateRecord } from './records.ts'

const serialExample = '4A1F0C55D2B94E3A8C6E7F00112233AB'
const hashExample = '3f2a8c0d7b1e4f65a9c3d2e1f0b7a6958473625140f1e2d3c4b5a69788796a5b'

export const certificateStates = ['signed', 'sent', 'accepted', 'rejected', 'failed', 'revoked'] as const

/** A certificate that was signed for a charge point. */
export const IssuedCertificate = z
  .object({
    chargePointId: z.string().openapi({ example: 'CP001' }),
    serialNumber: z.string().openapi({ description: 'In hexadecimal digits.', example: serialExample }),
    state: z.enum(certificateStates).openapi({
      description:
        'signed: not sent yet. sent: the charge point has not answered. accepted or rejected: what it answered. failed: there was no usable answer. revoked: by an operator.',
      example: 'accepted',
    }),
    reason: z.string().nullable().openapi({ description: 'Why it was rejected, or failed.', example: null }),
    validFrom: Time,
    validTo: Time,
    signedAt: Time,
    sentAt: Time.nullable(),
    answeredAt: Time.nullable(),
    renewalAskedAt: Time.nullable().openapi({ description: 'When the charge point was last asked for a new one.' }),
    revokedAt: Time.nullable(),
    inUse: z.boolean().openapi({
      description: 'Whether the charge point is connected now, and authenticated with it.',
      example: true,
    }),
    certificate: z.string().openapi({ description: 'PEM.', example: '-----BEGIN CERTIFICATE-----\nMIIB…' }),
  })
  .openapi('IssuedCertificate')

/** Hash data, as they identify a certificate in a charge point. */
export const hashDataExample = {
  hashAlgorithm: 'SHA256',
  issuerNameHash: hashExample,
  issuerKeyHash: hashExample,
  serialNumber: serialExample,
} as const

/** A certificate in a charge point. */
export const InstalledCertificate = z
  .object({
    certificateType: z.string().openapi({ example: 'CSMSRootCertificate' }),
    hashAlgorithm: z.string().openapi({ example: hashDataExample.hashAlgorithm }),
    issuerNameHash: z.string().openapi({ example: hashExample }),
    issuerKeyHash: z.string().openapi({ example: hashExample }),
    serialNumber: z.string().openapi({ example: serialExample }),
    reportedAt: Time,
    subject: z.string().nullable().openapi({
      description: 'Null, like `validTo`, unless it was installed through Stator: a report has hash data only.',
      example: 'CN=Example charge points, O=Example',
    }),
    validTo: Time.nullable(),
  })
  .openapi('InstalledCertificate')

export function issuedView(record: CertificateRecord): z.infer<typeof IssuedCertificate> {
  const { identity, serialNumber, state, reason, certificate } = record
  return {
    chargePointId: identity,
    serialNumber,
    state,
    reason,
    validFrom: isoTime(record.validFromMs),
    validTo: isoTime(record.validToMs),
    signedAt: isoTime(record.signedAtMs),
    sentAt: timeOrNull(record.sentAtMs),
    answeredAt: timeOrNull(record.settledAtMs),
    renewalAskedAt: timeOrNull(record.renewalAskedAtMs),
    revokedAt: timeOrNull(record.revokedAtMs),
    inUse: record.isInUse,
    certificate,
  }
}

export function installedView(record: InstalledCertificateRecord): z.infer<typeof InstalledCertificate> {
  const { reportedAtMs, validToMs, ...rest } = record
  return { ...rest, reportedAt: isoTime(reportedAtMs), validTo: timeOrNull(validToMs) }
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms)
}
