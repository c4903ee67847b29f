// The central system that a case is played at: how its stations connect, and who does what an operator does there.

import type { Payload } from '../../blocks/values.ts'

/**
 * `plain`: security profile 1. `tls`: profiles 2 and 3; the server certificate has an RSA key. `tlsEc`: it has an EC
 * key. `denying`: an id token may have one transaction.
 */
export type SiteKind = 'plain' | 'denying' | 'tls' | 'tlsEc'

/** A case, or a step of it, that cannot be played at this central system. The message says why. */
export class Skipped extends Error {}

/** A REST request of an operator of Stator. */
export interface RestRequest {
  /** From `/api/` on. */
  readonly path: string
  readonly method: string
  readonly body?: Payload
}

export interface RestAnswer {
  readonly status: number
  /** Parsed JSON; the text if it is none. */
  readonly body: unknown
}

/** Does what the operator of a central system does. */
export interface Operator {
  /** Makes a charge point known, with the password of the cases. `settings` are those of `POST /api/chargepoints`. */
  provision(identity: string, settings: Payload): Promise<void>
  /** Makes an id token known, as Accepted unless `more` says otherwise. */
  addIdToken(idToken: string, more: Payload): Promise<void>
  /** Sends a request to the REST API of Stator; null: there is none, and a person is the operator. */
  readonly rest: ((request: RestRequest) => Promise<RestAnswer>) | null
  /** Asks a person for something; resolves once it is done. */
  ask(sentence: string): Promise<void>
  /** Asks a person to have a CALL sent; resolves at once. */
  request(sentence: string): Promise<void>
}

/** A client certificate that a case needs. */
export interface WantedCertificate {
  readonly commonName: string
  /** Signed by itself instead of by the authority of the site. */
  readonly isSelfSigned?: boolean
  /** Until when it is valid, in milliseconds since 1970. */
  readonly toMs?: number
}

/** A certificate and its private key, in PEM. */
export interface CertificateWithKey {
  readonly cert: string
  readonly key: string
}

export interface Site {
  /** `ws://host:port/ocpp`, without an identity. */
  readonly ocppUrl: string
  readonly operator: Operator
  /** The authority of the server certificate, in PEM; null: unknown. */
  readonly authority: string | null
  /** @throws {Skipped} if nobody has the key of an authority whose client certificates are accepted. */
  clientCertificate(wanted: WantedCertificate): CertificateWithKey
}
