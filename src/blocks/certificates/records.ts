// Certificates of charge points, as queries return them and routes show them.

import type { Scope } from '../scope.ts'
/** What became of a certificate that was signed for a charge point. */
export type CertificateState = 'signed' | 'sent' | 'accepted' | 'rejected' | 'failed' | 'revoked'

/** A certificate that was signed for a charge point. */
export interface CertificateRecord {
  readonly identity: string
  readonly serialNumber: string
  /** PEM. */
  readonly certificate: string
  readonly state: CertificateState
  readonly validFromMs: number
  readonly validToMs: number
  readonly signedAtMs: number
  readonly sentAtMs: number | null
  readonly settledAtMs: number | null
  readonly reason: string | null
  readonly renewalAskedAtMs: number | null
  readonly revokedAtMs: number | null
  /** Whether its charge point is connected now, and authenticated with it. */
  readonly isInUse: boolean
}

/** What came of a revocation. */
export interface RevokedCertificate {
  readonly certificate: CertificateRecord
  /** Whether the last connection of the charge point had authenticated with it: that is over now. */
  readonly endsConnection: boolean
}

export interface CertificateFilter {
  readonly scope: Scope
  readonly expiresBeforeMs?: number
  readonly state?: CertificateState
}

/** What identifies a certificate in a charge point (CertificateHashDataType). */
export interface CertificateHashData {
  readonly hashAlgorithm: string
  readonly issuerNameHash: string
  readonly issuerKeyHash: string
  readonly serialNumber: string
}

/** A certificate in a charge point, as it reported it. */
export interface ReportedCertificate extends CertificateHashData {
  /** In the words of 2.x. */
  readonly certificateType: string
}

export interface InstalledCertificateRecord extends ReportedCertificate {
  readonly reportedAtMs: number
  /** Null if it was not installed through Stator. */
  readonly subject: string | null
  readonly validToMs: number | null
}

/** A CA certificate that a charge point has accepted. */
export interface SentCertificate {
  readonly serialNumber: string
  readonly subject: string
  readonly validToMs: number
}
