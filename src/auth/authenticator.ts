// What all authenticators of charge points have in common. Each reads one kind of credentials from a handshake; a file
// each in `ways-in/`. Their order is that of `authenticatorsOf`.

import type { X509Certificate } from 'node:crypto'
import type { AuthenticationMethod } from '../base/config.ts'
import type { CredentialRecord } from '../blocks/records.ts'
import type { CertificateFacts } from './certificates/facts.ts'
import type { HandshakeQuirk } from './handshake-quirks.ts'

/** How the request arrived: what the transport knows, which no header can change. */
export interface Channel {
  /** IP address of the client; '' if it is not known any more. */
  readonly remoteAddress: string
  /** Whether the client came over TLS, ended here or at a trusted proxy. */
  readonly isEncrypted: boolean
  /** Whether the client showed a certificate, good or bad. Costs nothing. */
  readonly hasCertificate: boolean
  /**
   * The certificate that the client proved to own; null if it showed none; a reason (text) if it cannot be read. To
   * judge one takes several signatures: ask for it once the handshake has its admission slot.
   */
  readonly certificate: PresentedCertificate | string | null
}

/** A certificate whose private key the client has: the TLS handshake proved it. */
export interface PresentedCertificate {
  readonly leaf: X509Certificate
  readonly facts: CertificateFacts
  /** Why it does not lead to an authority that is trusted, or is not valid; null if it is. */
  readonly chainProblem: string | null
}

/** A handshake, as authenticators see it. */
export interface HandshakeRequest {
  /** From the URL, percent-decoded and checked for length. */
  readonly identity: string
  readonly headers: Headers
  readonly channel: Channel
}

/** Credentials that are right. */
export interface Proof {
  /** Quirks of their form. */
  readonly quirks: readonly HandshakeQuirk[]
  /** The stored hash that they match; null if they match no stored hash, as a certificate or an operator's key. */
  readonly credential: Uint8Array | null
  /** What to store in its place: it was hashed with another secret than the current one. Null: nothing. */
  readonly renewed: Uint8Array | null
}

/** Hashes to store for a charge point that is provisioned by its first connection. */
export interface FirstCredentials {
  readonly passwordHash: Uint8Array | null
  readonly apiKeyHash: Uint8Array | null
}

/** The credentials of one request, of one kind. */
export interface Presented {
  /**
   * The name beside the credentials (a user name, X-Charge-Point-Id), which should be the identity; null if they have
   * none, or none that could differ.
   */
  readonly name: string | null
  /** Whether they are those of the charge point `record`; else the reason why not, for the log. */
  prove(record: CredentialRecord): Proof | string
  /** What to store for an unknown charge point (`Security.UnknownChargePoints`); else the reason why it is refused. */
  firstUse(): FirstCredentials | string
}

/** One way to authenticate a charge point. */
export interface Authenticator {
  readonly method: AuthenticationMethod
  /**
   * The credentials of this kind in a request; null if it has none. A reason (text, for the log) if they are worthless
   * whoever the charge point is, as an expired token.
   */
  read(request: HandshakeRequest): Presented | string | null | Promise<Presented | string | null>
}
