// The settings of bearer tokens (`Security.Jwt`): who signs them, and what they must say.

import type { SettingsDocument, tokenAlgorithms } from './settings-schema.ts'
import { from, invalid, shown } from './settings-sources.ts'
import type { FoundSettings } from './settings-sources.ts'

/** An algorithm of signatures. */
export type TokenAlgorithm = (typeof tokenAlgorithms)[number]

/** Where the public keys come from. */
export type TokenKeySource =
  /** OpenID Connect Discovery at the issuer. */
  | { readonly kind: 'discovery' }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }

/** A value of the claim that makes a token an operator's, and the role that it gives. */
export interface OperatorValue {
  readonly value: string
  readonly role: string
}

export interface JwtSettings {
  /** As `iss` has it. */
  readonly issuer: string
  readonly keys: TokenKeySource
  /** `aud` must have one of them. */
  readonly audience: readonly string[]
  /** Claim with the identity of a charge point. */
  readonly identityClaim: string
  /** Which tokens are operators'; null: none. */
  readonly operators: {
    readonly claim: string
    /** The role that each value of the claim gives. */
    readonly values: readonly OperatorValue[]
    /** Claim with groups of charge points; null: operators are for all charge points. */
    readonly groupClaim: string | null
  } | null
  readonly algorithms: readonly TokenAlgorithm[]
  readonly clockSkewSeconds: number
}

/**
 * The settings of bearer tokens; null if no token is accepted.
 *
 * @throws {StatorError} `SETTING_INVALID` if they contradict each other.
 */
export function jwtSettings(security: SettingsDocument['Security'], found: FoundSettings): JwtSettings | null {
  const { Jwt: jwt } = security
  const { Issuer: issuer, Audience: audience } = jwt
  if (issuer === '') {
    const given = [...found.origins.keys()].find((key) => key.startsWith(section) && isGiven(jwt, key))
    if (given !== undefined) {
      throw invalid(`Security.Jwt.Issuer is empty while ${given} is set${from(given, found)}: ${issuerExpected}.`)
    }
    if (security.AuthenticationMethod.includes('Jwt')) {
      const method = 'Security.AuthenticationMethod'
      throw invalid(`Security.Jwt.Issuer is empty while ${method} has "Jwt"${from(method, found)}: ${issuerExpected}.`)
    }
    return null
  }
  requireSafeUrl('Security.Jwt.Issuer', issuer, found)
  if (audience.length === 0) {
    const why = `while Security.Jwt.Issuer is set${from('Security.Jwt.Issuer', found)}`
    throw invalid(`Security.Jwt.Audience is empty ${why}: expected the names that this API has at the issuer.`)
  }
  const ofOperators = operators(jwt, found)
  const isOfChargePoints = security.AuthenticationMethod.some((method) => method === 'Jwt' || method === 'Any')
  if (ofOperators === null && !isOfChargePoints) {
    throw invalid(
      `Security.Jwt.Issuer is set${from('Security.Jwt.Issuer', found)}, but no token lets anybody in: expected Jwt in ` +
        'Security.AuthenticationMethod, or Security.Jwt.OperatorClaim.',
    )
  }
  return {
    issuer,
    keys: keySource(jwt, found),
    audience,
    identityClaim: jwt.IdentityClaim,
    operators: ofOperators,
    algorithms: [...new Set(jwt.Algorithms)],
    clockSkewSeconds: jwt.ClockSkew,
  }
}

type JwtDocument = SettingsDocument['Security']['Jwt']

const section = 'Security.Jwt.'

const issuerExpected = 'expected the https URL of the issuer of tokens, spelt as in their iss'

/** Whether the setting `key` of the section asks for something: a text or a list that is not empty. */
function isGiven(jwt: JwtDocument, key: string): boolean {
  const value: unknown = Reflect.get(jwt, key.slice(section.length))
  return value !== '' && !(Array.isArray(value) && value.length === 0)
}

function keySource({ JwksUrl: url, KeyFile: path }: JwtDocument, found: FoundSettings): TokenKeySource {
  if (url !== '' && path !== '') {
    throw invalid(
      `Security.Jwt.KeyFile is ${shown(path)}${from('Security.Jwt.KeyFile', found)}, but Security.Jwt.JwksUrl is set` +
        `${from('Security.Jwt.JwksUrl', found)}: expected one or the other.`,
    )
  }
  if (path !== '') return { kind: 'file', path }
  if (url === '') return { kind: 'discovery' }
  requireSafeUrl('Security.Jwt.JwksUrl', url, found)
  return { kind: 'url', url }
}

function operators(jwt: JwtDocument, found: FoundSettings): JwtSettings['operators'] {
  const { OperatorClaim: claim, OperatorValues: values, GroupClaim: groupClaim } = jwt
  if (claim === '' && values.length === 0) {
    if (groupClaim === '') return null
    const given = from('Security.Jwt.GroupClaim', found)
    throw invalid(`Security.Jwt.OperatorClaim is empty while Security.Jwt.GroupClaim is set${given}: expected both.`)
  }
  const [empty, set] =
    claim === ''
      ? ['Security.Jwt.OperatorClaim', 'Security.Jwt.OperatorValues']
      : ['Security.Jwt.OperatorValues', 'Security.Jwt.OperatorClaim']
  if (claim === '' || values.length === 0) {
    throw invalid(`${empty} is empty while ${set} is set${from(set, found)}: expected both, or neither.`)
  }
  return {
    claim,
    values: values.map((text) => operatorValue(text, found)),
    groupClaim: groupClaim === '' ? null : groupClaim,
  }
}

/** `value` or `value=role`. A value may have `=` itself, as a name in a directory does: the last one counts. */
function operatorValue(text: string, found: FoundSettings): OperatorValue {
  const end = text.lastIndexOf('=')
  if (end < 0) return { value: text, role: 'admin' }
  const [value, role] = [text.slice(0, end), text.slice(end + 1)]
  if (value !== '' && /^[a-z][a-z0-9-]*$/.test(role)) return { value, role }
  const key = 'Security.Jwt.OperatorValues'
  throw invalid(
    `${key} has ${shown(text)}${from(key, found)}: expected a value, or <value>=<role>, where a role has lower-case ` +
      'letters, digits and "-", and begins with a letter.',
  )
}

function requireSafeUrl(key: string, text: string, found: FoundSettings): void {
  const problem = urlProblem(text)
  if (problem === null) return
  // A URL with a password is not shown.
  const value = text.includes('@') ? 'a URL (not shown, it may hold a password)' : shown(text)
  throw invalid(`${key} is ${value}${from(key, found)}: ${problem}.`)
}

/**
 * Why keys may not be read from this URL; null if they may. Whoever can change an answer on its way could sign tokens,
 * so it must be https, except on this machine.
 */
export function urlProblem(text: string): string | null {
  const url = URL.parse(text)
  const isLoopback = url !== null && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))) {
    return 'expected an https URL (http on this machine only)'
  }
  return url.username !== '' || url.password !== '' || url.hash !== '' ? 'expected a URL without user or #' : null
}
