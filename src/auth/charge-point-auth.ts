// Authenticates charge points at the handshake, before the upgrade, so that a refusal is an HTTP response.

import type { CredentialRecord } from '../blocks/records.ts'
import type { AuthDeps } from './auth-deps.ts'
import { handshakeQuirkTable } from './handshake-quirks.ts'
import type { HandshakeQuirk } from './handshake-quirks.ts'
import { hashPassword, provePassword } from './password-forms.ts'
import { basicCredentials, keyCredentials } from './presented.ts'
import type { BasicCredentials, KeyCredentials } from './presented.ts'

export interface HandshakeRequest {
  /** From the URL, percent-decoded and checked for length. */
  readonly identity: string
  readonly headers: Headers
}

/** The last three become 401, 404 and 403. */
export type HandshakeVerdict =
  | {
      readonly kind: 'accepted'
      readonly key: number
      readonly identity: string
      readonly strictness: CredentialRecord['strictness']
      /** Quirks of its credentials; empty for a strict charge point. */
      readonly quirks: readonly HandshakeQuirk[]
      /**
       * The stored hash that it authenticated with; null if it used an operator's key, or no credentials are required.
       */
      readonly credential: Uint8Array | null
    }
  | {
      readonly kind: 'unauthorized'
      readonly reason: string
      /** As it is stored; left out if the charge point was not looked up. */
      readonly identity?: string
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'notAllowed' }

/**
 * Whether the charge point of `request` may connect.
 *
 * Without usable credentials the verdict is `unauthorized`, whether or not the identity exists. An identity that is not
 * in `Security.AllowedChargePoints` is never looked up. With `Security.UnknownChargePoints` = accept, an unknown charge
 * point is provisioned with the credentials it presents (trust on first use).
 *
 * @throws {StatorError} errors of the store, such as `STORE_UNAVAILABLE`: respond with 503.
 */
export async function authenticateChargePoint(request: HandshakeRequest, deps: AuthDeps): Promise<HandshakeVerdict> {
  const { identity, headers } = request
  const { security, store } = deps
  const presented = presentedBy(headers, security.authenticationMethod)
  if (security.requireAuthentication && presented === null) {
    return { kind: 'unauthorized', reason: 'no credentials of the kind that Security.AuthenticationMethod asks for' }
  }
  if (!isAllowed(identity, security.allowedChargePoints)) return { kind: 'notAllowed' }
  const record = await store.lookup(identity)
  if (record === null) {
    if (security.unknownChargePoints === 'reject') return { kind: 'unknown' }
    return trustOnFirstUse(identity, presented, deps)
  }
  return judge(identity, record, presented, deps)
}

/** Whether `Security.AllowedChargePoints` contains `identity`. An empty list allows all. */
export function isAllowed(identity: string, allowedChargePoints: readonly string[]): boolean {
  return allowedChargePoints.length === 0 || allowedChargePoints.includes(identity)
}

interface Presented {
  readonly basic: BasicCredentials | null
  readonly key: KeyCredentials | null
}

function presentedBy(headers: Headers, method: 'Basic' | 'ApiKey' | 'Any'): Presented | null {
  const basic = method === 'ApiKey' ? null : basicCredentials(headers)
  const key = method === 'Basic' ? null : keyCredentials(headers)
  return basic === null && key === null ? null : { basic, key }
}

// Trust on first use: the first connection under an identity sets its credentials, later ones must present the same.
async function trustOnFirstUse(
  identity: string,
  presented: Presented | null,
  deps: AuthDeps,
): Promise<HandshakeVerdict> {
  const { credentials, operatorKeys, security, store } = deps
  const password = presented?.basic?.password
  const apiKey = presented?.key?.apiKey
  const isOperators = apiKey !== undefined && operatorKeys.nameOf(apiKey) !== null
  const isVouchedFor = isOperators && presented?.key?.chargePointId === identity
  const passwordHash = password === undefined ? null : hashPassword(password, credentials)
  const apiKeyHash = apiKey === undefined || isOperators ? null : credentials.hash(apiKey)
  if (security.requireAuthentication && passwordHash === null && apiKeyHash === null && !isVouchedFor) {
    return { kind: 'unauthorized', reason: 'an operator key without the X-Charge-Point-Id of the URL' }
  }
  return judge(identity, await store.create(identity, { passwordHash, apiKeyHash }), presented, deps)
}

function judge(asked: string, record: CredentialRecord, presented: Presented | null, deps: AuthDeps): HandshakeVerdict {
  const proof = deps.security.requireAuthentication ? presented && verify(asked, record, presented, deps) : noProof
  const { key, identity, strictness } = record
  if (proof === null) return { kind: 'unauthorized', reason: 'wrong credentials', identity }
  const { credential } = proof
  const quirks: readonly HandshakeQuirk[] = asked === identity ? proof.quirks : ['identityCase', ...proof.quirks]
  const [quirk] = quirks
  if (strictness === 'strict' && quirk !== undefined) {
    return { kind: 'unauthorized', reason: `the charge point is strict: ${handshakeQuirkTable[quirk]}`, identity }
  }
  return { kind: 'accepted', key, identity, strictness, quirks, credential }
}

interface Proof {
  readonly quirks: readonly HandshakeQuirk[]
  readonly credential: Uint8Array | null
}

const noProof: Proof = { quirks: [], credential: null }

/** The credential of `record` that was presented, with quirks; null if none matches. */
function verify(asked: string, record: CredentialRecord, presented: Presented, deps: AuthDeps): Proof | null {
  const { basic, key } = presented
  if (basic !== null) {
    const proven = provePassword(basic.password, record, deps.credentials)
    if (proven !== null) {
      return { quirks: [...nameQuirks(basic.userName, asked), ...proven.quirks], credential: proven.hash }
    }
  }
  if (key !== null) {
    if (deps.credentials.matches(key.apiKey, record.apiKeyHash)) {
      return { quirks: nameQuirks(key.chargePointId ?? asked, asked), credential: record.apiKeyHash }
    }
    if (key.chargePointId === asked && deps.operatorKeys.nameOf(key.apiKey) !== null) return noProof
  }
  return null
}

function nameQuirks(name: string, identity: string): readonly HandshakeQuirk[] {
  return name === identity ? [] : ['userNameDiffers']
}
