// Authenticates charge points at the handshake, before the upgrade, so that a refusal is an HTTP response.

import type { AuthenticationMethod } from '../base/config.ts'
import { StatorError } from '../base/errors.ts'
import type { CredentialRecord } from '../blocks/records.ts'
import type { SecurityProfile } from '../blocks/values.ts'
import type { AuthDeps } from './auth-deps.ts'
import type { FirstCredentials, HandshakeRequest, Presented, Proof } from './authenticator.ts'
import { lowerCaseAscii } from './certificates/names.ts'
import { handshakeQuirkTable } from './handshake-quirks.ts'
import type { HandshakeQuirk } from './handshake-quirks.ts'
import { isForeignHandshake } from './origin.ts'
import { profileOf } from './security-profile.ts'
import { serialNumberOf } from './ways-in/client-certificate.ts'

/** `unauthorized` becomes 401, `unknown` 404, the others 403. */
export type HandshakeVerdict =
  | {
      readonly kind: 'accepted'
      readonly key: number
      readonly identity: string
      readonly strictness: CredentialRecord['strictness']
      /** Quirks of its credentials; empty for a strict charge point. */
      readonly quirks: readonly HandshakeQuirk[]
      /** The security profile of this connection. */
      readonly profile: SecurityProfile
      /** How it authenticated; null if no credentials are required. */
      readonly method: AuthenticationMethod | null
      /**
       * The stored hash that it authenticated with; null if it used an operator's key, a certificate or a token, or no
       * credentials are required.
       */
      readonly credential: Uint8Array | null
      /** What to store in place of `credential`; null: nothing. */
      readonly renewed: Uint8Array | null
      /** Serial number of the client certificate that it authenticated with; null if it did not. */
      readonly certificate: string | null
    }
  | {
      readonly kind: 'unauthorized'
      readonly reason: string
      /** As it is stored; left out if the charge point was not looked up. */
      readonly identity?: string
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'notAllowed' }
  | { readonly kind: 'foreignPage' }
  | { readonly kind: 'blocked'; readonly identity: string }
  | {
      readonly kind: 'profileTooLow'
      readonly identity: string
      readonly profile: SecurityProfile
      readonly profileMin: SecurityProfile
    }

/**
 * Whether the charge point of `request` may connect.
 *
 * Each authenticator of `Security.AuthenticationMethod` reads its kind of credentials; one that is right is enough. If
 * `Security.RequireClientCertificate` is true, the certificate must be right as well.
 *
 * Without usable credentials the verdict is `unauthorized`, whether or not the identity exists. An identity that is not
 * in `Security.AllowedChargePoints` is never looked up. With `Security.UnknownChargePoints` = accept, an unknown charge
 * point is provisioned with the credentials it presents (trust on first use).
 *
 * @throws {StatorError} `TOKEN_KEYS_UNAVAILABLE`, or errors of the store, such as `STORE_UNAVAILABLE`: respond with
 *   503.
 */
export async function authenticateChargePoint(request: HandshakeRequest, deps: AuthDeps): Promise<HandshakeVerdict> {
  if (isForeignHandshake(request.headers, deps.security)) return { kind: 'foreignPage' }
  const credentials = await readAll(request, deps)
  const verdict = await verdictOn(request, credentials, deps)
  if (verdict.kind === 'unauthorized' && credentials.unavailable !== null) throw credentials.unavailable
  return verdict
}

async function verdictOn(
  request: HandshakeRequest,
  credentials: RequestCredentials,
  deps: AuthDeps,
): Promise<HandshakeVerdict> {
  const { identity } = request
  const { security, store } = deps
  if (security.requireAuthentication && credentials.presented.length === 0) {
    const [reason = 'no credentials of the kind that Security.AuthenticationMethod asks for'] = credentials.problems
    return { kind: 'unauthorized', reason }
  }
  if (!isAllowed(identity, security.allowedChargePoints)) return { kind: 'notAllowed' }
  const record = await store.lookup(identity)
  if (record !== null) return judge(request, record, credentials, deps)
  if (security.unknownChargePoints === 'reject') return { kind: 'unknown' }
  const first = firstCredentials(identity, credentials, security)
  if (typeof first === 'string') return { kind: 'unauthorized', reason: first }
  return judge(request, await store.create(identity, first), credentials, deps)
}

/** Whether `Security.AllowedChargePoints` contains `identity`. An empty list allows all. */
export function isAllowed(identity: string, allowedChargePoints: readonly string[]): boolean {
  return allowedChargePoints.length === 0 || allowedChargePoints.includes(identity)
}

interface PresentedBy extends Presented {
  readonly method: AuthenticationMethod
}

interface RequestCredentials {
  /** In the order of the authenticators. */
  readonly presented: readonly PresentedBy[]
  /** Why other credentials of the request are worthless. */
  readonly problems: readonly string[]
  /** Why it is not known at the moment what others are worth; null if it is. */
  readonly unavailable: StatorError | null
}

async function readAll(request: HandshakeRequest, { authenticators }: AuthDeps): Promise<RequestCredentials> {
  const presented: PresentedBy[] = []
  const problems: string[] = []
  let unavailable: StatorError | null = null
  for (const { method, read } of authenticators) {
    try {
      const found = await read(request)
      if (typeof found === 'string') problems.push(found)
      else if (found !== null) presented.push({ method, ...found })
    } catch (error) {
      if (!(error instanceof StatorError)) throw error
      unavailable = error
    }
  }
  return { presented, problems, unavailable }
}

/**
 * Trust on first use: the first connection under an identity sets its credentials, later ones must present the same. A
 * reason if it is refused.
 */
function firstCredentials(
  identity: string,
  { presented, problems }: RequestCredentials,
  { requireAuthentication: isRequired, requireClientCertificate }: AuthDeps['security'],
): FirstCredentials | string {
  if (requireClientCertificate) {
    const certificate = presented.find(({ method }) => method === 'ClientCertificate')
    const first = certificate?.firstUse() ?? sentence([...problems, noCertificate])
    if (typeof first === 'string') return first
  }
  let merged: FirstCredentials = { passwordHash: null, apiKeyHash: null }
  let problem: string | null = presented.length === 0 ? 'no credentials' : null
  let isProven = false
  for (const each of presented) {
    const first = each.firstUse()
    const isOtherName = each.name !== null && each.name !== identity
    if (typeof first === 'string') problem ??= first
    else if (isOtherName && isRequired) problem ??= nameProblem
    else {
      isProven = true
      merged = {
        passwordHash: merged.passwordHash ?? first.passwordHash,
        apiKeyHash: merged.apiKeyHash ?? first.apiKeyHash,
      }
    }
  }
  return isProven || !isRequired ? merged : (problem ?? nameProblem)
}

const noCertificate = 'no right client certificate, which Security.RequireClientCertificate asks for'

const nameProblem = 'the user name or X-Charge-Point-Id beside the credentials is not the identity of the URL'

function judge(
  request: HandshakeRequest,
  record: CredentialRecord,
  credentials: RequestCredentials,
  deps: AuthDeps,
): HandshakeVerdict {
  const { identity: asked, channel } = request
  const { key, identity, strictness, profileMin } = record
  const proven = deps.security.requireAuthentication ? proveAll(asked, record, credentials, deps) : withoutCredentials
  if (typeof proven === 'string') return { kind: 'unauthorized', reason: proven, identity }
  const { proof, method, isOtherName, isOtherCase } = proven
  const quirks: HandshakeQuirk[] = [...proof.quirks]
  if (asked !== identity || isOtherCase) quirks.unshift('identityCase')
  const [ofForm] = quirks
  if (isOtherName) quirks.unshift('userNameDiffers')
  if (strictness === 'strict' && ofForm !== undefined) {
    return { kind: 'unauthorized', reason: `the charge point is strict: ${handshakeQuirkTable[ofForm]}`, identity }
  }
  if (record.isBlocked) return { kind: 'blocked', identity }
  const profile = profileOf(method, channel)
  if (profile < profileMin) return { kind: 'profileTooLow', identity, profile, profileMin }
  const { credential, renewed } = proof
  const shown = method === 'ClientCertificate' ? channel.certificate : null
  const certificate = shown === null || typeof shown === 'string' ? null : serialNumberOf(shown)
  return { kind: 'accepted', key, identity, strictness, quirks, profile, method, credential, renewed, certificate }
}

interface Proven {
  readonly proof: Proof
  readonly method: AuthenticationMethod | null
  /** The name beside the credentials is not the identity; an operator allows that for this charge point. */
  readonly isOtherName: boolean
  /** That name differs from the identity in letter case only. */
  readonly isOtherCase: boolean
}

const withoutCredentials: Proven = {
  proof: { quirks: [], credential: null, renewed: null },
  method: null,
  isOtherName: false,
  isOtherCase: false,
}

/** The first right credentials; a certificate counts before all others. A reason if none is right. */
function proveAll(
  asked: string,
  record: CredentialRecord,
  { presented, problems }: RequestCredentials,
  { security }: AuthDeps,
): Proven | string {
  const reasons = [...problems]
  const proven: Proven[] = []
  for (const { method, name, prove } of presented) {
    const proof = prove(record)
    const isSame = name === null || name === asked || name === record.identity
    const isOtherName = !isSame && lowerCaseAscii(name) !== lowerCaseAscii(record.identity)
    if (typeof proof === 'string') reasons.push(proof)
    else if (isOtherName && !record.mayUseOtherName) reasons.push(nameProblem)
    else proven.push({ method, proof, isOtherName, isOtherCase: !isSame && !isOtherName })
  }
  const byCertificate = proven.find(({ method }) => method === 'ClientCertificate')
  if (security.requireClientCertificate && byCertificate === undefined) {
    const isOtherwiseRight = proven.length > 0
    return sentence(isOtherwiseRight ? [...reasons, noCertificate] : reasons)
  }
  return byCertificate ?? proven[0] ?? sentence(reasons)
}

function sentence(reasons: readonly string[]): string {
  return reasons.length === 0 ? 'wrong credentials' : reasons.join('; ')
}
