// Whose a bearer token is: its signature and claims are checked (RFC 7519, 8725 and 9068). The reasons of refusals are
// for the log; they never quote a token.

import { decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import type { Clock } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import type { JwtSettings } from '../../base/jwt-settings.ts'
import {
  identityCharactersMax,
  tokenCharactersMax,
  tokenClaimCharactersMax,
  tokenGroupsMax,
} from '../../base/limits.ts'
import type { TokenKeys } from './token-keys.ts'

/** What the token of an operator says. */
export interface OperatorToken {
  readonly kind: 'operator'
  /** `jwt:` and the subject, as logs show it. */
  readonly name: string
  /** By `Security.Jwt.OperatorValues`. */
  readonly roles: readonly string[]
  /** The words of the claim with groups; null: an operator of all charge points. */
  readonly groups: { readonly claim: string; readonly words: readonly string[] } | null
}

/** Whose a token is: an operator's or a charge point's, never both. */
export type TokenOwner =
  | OperatorToken
  /** `identity` as the token spells it. */
  | { readonly kind: 'chargePoint'; readonly identity: string }

/** Checks bearer tokens. */
export class TokenVerifier {
  readonly #settings: JwtSettings
  readonly #keys: Pick<TokenKeys, 'matching'>
  readonly #clock: Clock

  constructor(settings: JwtSettings, keys: Pick<TokenKeys, 'matching'>, clock: Clock) {
    this.#settings = settings
    this.#keys = keys
    this.#clock = clock
  }

  /**
   * Whose `token` is; a reason if it is worthless.
   *
   * @throws {StatorError} `TOKEN_KEYS_UNAVAILABLE` if that cannot be known at the moment.
   */
  async ownerOf(token: string): Promise<TokenOwner | string> {
    if (token.length > tokenCharactersMax) return `the token has more than ${tokenCharactersMax} characters`
    try {
      return this.#ownerBy(await this.#claimsOf(token))
    } catch (error) {
      if (error instanceof StatorError) throw error
      return error instanceof Refused ? error.message : reasonOf(error)
    }
  }

  /** The claims of a token that is signed by the issuer, for this API, and valid now. */
  async #claimsOf(token: string): Promise<JWTPayload> {
    const { alg, kid, typ } = decodeProtectedHeader(token)
    const { algorithms, issuer, audience, clockSkewSeconds } = this.#settings
    const algorithm = algorithms.find((allowed) => allowed === alg)
    if (algorithm === undefined) throw new Refused('the algorithm of the token is not in Security.Jwt.Algorithms')
    // jose passes over blanks and padding.
    if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) throw new Refused(unreadable)
    // Tokens for other purposes have other types: logout tokens, proofs of possession, security events.
    if (typ !== undefined && !/^(application\/)?(at\+)?jwt$/i.test(typ)) {
      throw new Refused('the type of the token is not that of an access token')
    }
    const options = {
      algorithms: [...algorithms],
      issuer,
      audience: [...audience],
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(this.#clock.nowMs()),
      requiredClaims: ['exp'],
    }
    const keys = await this.#keys.matching({ alg: algorithm, ...(kid === undefined ? {} : { kid }) })
    for (const key of keys) {
      try {
        const { payload } = await jwtVerify(token, key, options)
        return payload
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
      }
    }
    throw new Refused(keys.length === 0 ? 'the issuer has no key of the name in the token' : 'the signature is wrong')
  }

  #ownerBy(claims: JWTPayload): TokenOwner {
    // RFC 9449 and 8705: such a token may only be used with a proof, which is not checked here.
    if (claims['cnf'] !== undefined) throw new Refused('the token is bound to a key (cnf), so it is no bearer token')
    const { operators, identityClaim } = this.#settings
    if (operators !== null) {
      const words = wordsOf(claims, operators.claim)
      const given = operators.values.filter(({ value }) => words.includes(value)).map(({ role }) => role)
      if (given.length > 0) return operatorBy(claims, [...new Set(given)], operators.groupClaim)
    }
    const identity = claimOf(claims, identityClaim)
    if (typeof identity !== 'string' || identity === '' || identity.length > identityCharactersMax) {
      throw new Refused(`the claim ${identityClaim} of the token is not an identity`)
    }
    return { kind: 'chargePoint', identity }
  }
}

const unreadable = 'the token cannot be read'

/** Why a token is worthless. */
class Refused extends Error {}

function operatorBy(claims: JWTPayload, roles: readonly string[], groupClaim: string | null): OperatorToken {
  const { sub } = claims
  if (typeof sub !== 'string' || sub === '') throw new Refused('the token of an operator has no sub')
  const groups = groupClaim === null ? null : { claim: groupClaim, words: groupWordsOf(claims, groupClaim) }
  return { kind: 'operator', name: `jwt:${cleaned(sub)}`, roles, groups }
}

/** Keys of groups and paths to groups. */
function groupWordsOf(claims: JWTPayload, claim: string): readonly string[] {
  const words = wordsOf(claims, claim).filter((word) => typeof word === 'string' || Number.isSafeInteger(word))
  return [...new Set(words.map(String))].slice(0, tokenGroupsMax)
}

/** A claim by its name, or by a path with dots, as `realm_access.roles`. Names may have dots themselves. */
function claimOf(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = Reflect.get(value, part)
  }
  return value
}

/** The values of a claim: a list, one text, or the words of a scope (RFC 8693 §4.2; `scp` of Entra ID). */
function wordsOf(claims: JWTPayload, name: string): readonly unknown[] {
  const value = claimOf(claims, name)
  if (Array.isArray(value)) return value
  return typeof value === 'string' && (name === 'scope' || name === 'scp') ? value.split(' ') : [value]
}

/** A claim as the log may show it: short, without control characters. */
function cleaned(text: string): string {
  return text.slice(0, tokenClaimCharactersMax).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired'
  if (!(error instanceof errors.JWTClaimValidationFailed)) return unreadable
  const { claim, reason, payload } = error
  if (reason === 'missing') return `the token has no ${claim}`
  if (claim === 'nbf' && reason === 'check_failed') return 'the token is not valid yet'
  if (claim === 'iss') return `the issuer of the token is ${quoted(payload.iss)}`
  if (claim === 'aud') return `the token is for ${quoted(payload.aud)}`
  return `the ${claim} of the token is wrong`
}

function quoted(value: unknown): string {
  return `"${cleaned(Array.isArray(value) ? value.slice(0, 10).join(', ') : String(value))}"`
}
