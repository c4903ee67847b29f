// Decides at the handshake whether a charge point may connect: before the upgrade, so that a refusal is an HTTP answer.

import type { CredentialRecord } from '../csms/records.ts'
import type { AuthDeps } from './auth-deps.ts'
import type { Credentials } from './credentials.ts'
import { handshakeQuirkTable } from './handshake-quirks.ts'
import type { HandshakeQuirk } from './handshake-quirks.ts'
import { basicCredentials, keyCredentials } from './presented.ts'
import type { BasicCredentials, KeyCredentials } from './presented.ts'

export interface HandshakeRequest {
  /** From the URL, percent-decoded and checked for length. */
  readonly identity: string
  readonly headers: Headers
}

/** 401, 404 and 403 in the order of the last three. */
export type HandshakeVerdict =
  | {
      readonly kind: 'accepted'
      readonly key: number
      readonly identity: string
      readonly strictness: CredentialRecord['strictness']
      /** Of its credentials; none when it is strict. */
      readonly quirks: readonly HandshakeQuirk[]
    }
  | { readonly kind: 'unauthorized'; readonly reason: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'notAllowed' }

/**
 * Whether the charge point of `request` may connect.
 *
 * Without usable credentials the answer is `unauthorized`, whether the identity exists or not. An identity that
 * `Security.AllowedChargePoints` leaves out is never looked up. With `Security.UnknownChargePoints` = accept, a charge
 * point that does not exist is made, and the credentials it came with become its own.
 *
 * @throws {StatorError} what the store throws, as `STORE_UNAVAILABLE`: answer 503.
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
    return adopt(identity, presented, deps)
  }
  return judge(identity, record, presented, deps)
}

/** Whether `Security.AllowedChargePoints` lets `identity` in; an empty list lets in all. */
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

// Trust on first use: whoever comes first under an identity sets its credentials, later ones must have the same.
async function adopt(identity: string, presented: Presented | null, deps: AuthDeps): Promise<HandshakeVerdict> {
  const { credentials, operatorKeys, security, store } = deps
  const password = presented?.basic?.password
  const apiKey = presented?.key?.apiKey
  const isOperators = apiKey !== undefined && operatorKeys.nameOf(apiKey) !== null
  const isVouchedFor = isOperators && presented?.key?.chargePointId === identity
  const passwordHash = password === undefined ? null : credentials.hash(password)
  const apiKeyHash = apiKey === undefined || isOperators ? null : credentials.hash(apiKey)
  if (security.requireAuthentication && passwordHash === null && apiKeyHash === null && !isVouchedFor) {
    return { kind: 'unauthorized', reason: 'an operator key without the X-Charge-Point-Id of the URL' }
  }
  return judge(identity, await store.create(identity, { passwordHash, apiKeyHash }), presented, deps)
}

function judge(asked: string, record: CredentialRecord, presented: Presented | null, deps: AuthDeps): HandshakeVerdict {
  const verified = deps.security.requireAuthentication ? presented && verify(asked, record, presented, deps) : []
  if (verified === null) return { kind: 'unauthorized', reason: 'wrong credentials' }
  const { key, identity, strictness } = record
  const quirks: readonly HandshakeQuirk[] = asked === identity ? verified : ['identityCase', ...verified]
  const [quirk] = quirks
  if (strictness === 'strict' && quirk !== undefined) {
    return { kind: 'unauthorized', reason: `the charge point is strict: ${handshakeQuirkTable[quirk]}` }
  }
  return { kind: 'accepted', key, identity, strictness, quirks }
}

/** The quirks under which what was presented is right for `record`; null when it is wrong. */
function verify(
  asked: string,
  record: CredentialRecord,
  presented: Presented,
  deps: AuthDeps,
): readonly HandshakeQuirk[] | null {
  const { basic, key } = presented
  if (basic !== null) {
    const form = passwordForm(basic.password, record.passwordHash, deps.credentials)
    if (form !== null) return [...nameQuirks(basic.userName, asked), ...form]
  }
  if (key !== null) {
    if (deps.credentials.matches(key.apiKey, record.apiKeyHash)) {
      return nameQuirks(key.chargePointId ?? asked, asked)
    }
    if (key.chargePointId === asked && deps.operatorKeys.nameOf(key.apiKey) !== null) return []
  }
  return null
}

function nameQuirks(name: string, identity: string): readonly HandshakeQuirk[] {
  return name === identity ? [] : ['userNameDiffers']
}

const notQuirky: readonly HandshakeQuirk[] = []

/**
 * Whether `password` is the stored one, as it is or as hex of it: null when it is not, else the quirks of its form.
 *
 * OCPP 1.6 sets an AuthorizationKey as hex and presents its bytes (Security whitepaper §4.2): bytes whose hex was
 * provisioned are as they should be. Some stations present the hex itself.
 */
export function passwordForm(
  password: Uint8Array,
  hash: Uint8Array | null,
  credentials: Credentials,
): readonly HandshakeQuirk[] | null {
  if (hash === null) return null
  if (credentials.matches(password, hash)) return notQuirky
  const hex = Buffer.from(password).toString('hex')
  if (credentials.matches(hex, hash) || credentials.matches(hex.toUpperCase(), hash)) return notQuirky
  const text = Buffer.from(password).toString('latin1')
  const isHex = text.length > 0 && text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text)
  return isHex && credentials.matches(Buffer.from(text, 'hex'), hash) ? ['authorizationKeyHex'] : null
}
