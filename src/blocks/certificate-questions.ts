// What Stator asks servers of others about certificates, and what it learns. A handler names its question as a need
// (`Needs.certificates`); `src/auth/certificate-answers/` asks, within a time-out.

import type { CertificateHashData } from './certificates/records.ts'
import type { Payload } from './values.ts'

/** Where the status of one certificate is known: at an OCSP responder, or in a revocation list. */
export interface StatusQuestion {
  readonly source: 'OCSP' | 'CRL'
  readonly hashData: CertificateHashData
  /** They come from the charge point: only those at hosts that the settings name are asked. */
  readonly urls: readonly string[]
}

/** The status of a certificate. An answer whose signature or age is wrong is `Failed`. */
export type StatusAnswer =
  | {
      readonly status: 'Good' | 'Revoked' | 'Unknown'
      /** When there will be a newer answer; null: it does not say. */
      readonly nextUpdateMs: number | null
      /** The OCSPResponse in DER as Base64; empty if it comes from a revocation list. */
      readonly ocspResult: string
    }
  | { readonly status: 'Failed'; readonly reason: string }

/** What a charge point presents of the contract of an EV (2.0.1 C07). */
export interface ContractQuestion {
  readonly kind: 'contract'
  /** The eMAID. */
  readonly contractId: string
  /** PEM, the certificate of the contract first; null if only hash data was sent. */
  readonly certificates: string | null
  readonly hashData: readonly StatusQuestion[]
}

/** Whether a contract certificate is good (the cases of C07.FR.13 to FR.17). */
export interface ContractAnswer {
  readonly kind: 'contract'
  readonly status: 'valid' | 'expired' | 'revoked' | 'unverified'
  /** Why it is not valid, for the operator; null if it is. */
  readonly reason: string | null
}

/** Whose question it is: a retransmission has the same message id. */
export interface Asker {
  /** Identity of the charge point. */
  readonly identity: string
  readonly messageId: string
}

/** A certificate that an EV wants to have installed or updated (2.0.1 M01, M02). */
export interface EvCertificateQuestion {
  readonly kind: 'evCertificate'
  /** The message, without members that OCPP does not have. */
  readonly request: Payload
}

export type CertificateQuestion =
  ContractQuestion | EvCertificateQuestion | { readonly kind: 'status'; readonly about: readonly StatusQuestion[] }

/** The answer to a question of the same kind. */
export type CertificateAnswer =
  | ContractAnswer
  /** In the order of the question. */
  | { readonly kind: 'status'; readonly about: readonly StatusAnswer[] }
  | {
      readonly kind: 'evCertificate'
      /** Null: there is no provider, or no usable answer. */
      readonly answer: EvCertificateAnswer | null
    }

/** What the provider of contract certificates answers. */
export interface EvCertificateAnswer {
  readonly status: 'Accepted' | 'Failed'
  /** Base64 of EXI. */
  readonly exiResponse: string
  readonly remainingContracts?: number
}
