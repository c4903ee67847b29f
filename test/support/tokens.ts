// An issuer of bearer tokens for tests: keys made by jose, tokens with any header and claims, signed or forged.

import { createHmac } from 'node:crypto'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { type KeySet, keySetOf } from '../../src/auth/tokens/key-set.ts'
import { TokenVerifier } from '../../src/auth/tokens/token-verifier.ts'
import { settingsFrom } from '../../src/base/config.ts'
import type { JwtSettings, TokenAlgorithm } from '../../src/base/jwt-settings.ts'
import { HandClock } from './hand-clock.ts'

type Json = Readonly<Record<string, unknown>>

export const testIssuer = 'https://issuer.example.com'
export const testAudience = 'stator-tests'

/** What operators' tokens have in the claim `roles`. */
export const testOperatorRole = 'stator-operator'

/** A key pair of an issuer. */
export interface TestKey {
  readonly alg: TokenAlgorithm
  readonly privateKey: CryptoKey
  /** Public, with `kid` and `alg`. */
  readonly jwk: JWK
}

export async function testKey(alg: TokenAlgorithm = 'ES256', kid = `key-of-${alg}`): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } }
}

/** The settings of an issuer that is `testIssuer`, as `Security.Jwt` has them. */
export const testJwtSection = {
  Issuer: testIssuer,
  Audience: [testAudience],
  OperatorClaim: 'roles',
  OperatorValues: [testOperatorRole],
} as const

export function testJwtSettings(section: Json = {}): JwtSettings {
  const { jwt } = settingsFrom({ Security: { Jwt: { ...testJwtSection, ...section } } }).security
  if (jwt === null) throw new Error('Security.Jwt has no issuer')
  return jwt
}

/** Claims of a token of `sub` that is right at `nowMs`. */
export function rightClaims(sub: string, nowMs: number): Json {
  const now = Math.floor(nowMs / 1_000)
  return { iss: testIssuer, aud: testAudience, sub, iat: now, exp: now + 300 }
}

/** A token that is signed with `key`. `header` and `claims` replace those of a right one; undefined leaves one out. */
export function signed(key: TestKey, claims: Json, header: Json = {}): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.jwk.kid ?? '', typ: 'at+jwt', ...header })
    .sign(key.privateKey)
}

const encoded = (part: Json): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** A token without a signature. */
export function unsigned(claims: Json, header: Json = {}): string {
  return `${encoded({ alg: 'none', typ: 'JWT', ...header })}.${encoded(claims)}.`
}

/** A token that is signed by HMAC with `secret`. */
export function signedWithSecret(secret: string | Uint8Array, claims: Json, header: Json = {}): string {
  const text = `${encoded({ alg: 'HS256', typ: 'JWT', ...header })}.${encoded(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** Checks tokens that are signed with `keys`, at the time of `clock`. */
export async function testVerifier(
  keys: readonly TestKey[],
  section: Json = {},
  clock = new HandClock(),
): Promise<TokenVerifier> {
  const settings = testJwtSettings(section)
  const set: KeySet = await keySetOf({ keys: keys.map(({ jwk }) => jwk) }, settings.algorithms)
  return new TokenVerifier(settings, set, clock)
}
