// A set of public keys, and which of them a token may be signed with.

import { createLocalJWKSet, errors } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import type { TokenAlgorithm } from '../../base/jwt-settings.ts'
import { rsaKeyBitsMin, tokenKeysMax, tokenKeysTriedMax } from '../../base/limits.ts'

/** The header of a token: which key it says it is signed with. */
export interface TokenHeader {
  readonly alg: TokenAlgorithm
  readonly kid?: string
}

/** Public keys of an issuer. */
export interface KeySet {
  /** The keys that a token with this header may be signed with; none if it names a key that is not in the set. */
  matching(header: TokenHeader): Promise<readonly CryptoKey[]>
}

/**
 * The keys of a JWKS that can be used with `algorithms`. Others are passed over: a set may have keys for encryption.
 *
 * @throws {Error} a sentence: it is no JWKS, or no key of it can be used.
 */
export async function keySetOf(jwks: unknown, algorithms: readonly TokenAlgorithm[]): Promise<KeySet> {
  const given = keysOf(jwks)
  if (given === null) throw new Error('it is no JSON Web Key Set')
  if (given.length > tokenKeysMax) throw new Error(`it has more than ${tokenKeysMax} keys`)
  const keys: JWK[] = []
  for (const key of given) if (await isUsable(key, algorithms)) keys.push(key)
  if (keys.length === 0) throw new Error('it has no public key that Security.Jwt.Algorithms can be used with')
  // The keys of a PEM file have no names.
  const haveNames = keys.some(({ kid }) => kid !== undefined)
  const find = createLocalJWKSet({ keys })
  return { matching: ({ alg, kid }) => found(find, haveNames && kid !== undefined ? { alg, kid } : { alg }) }
}

type Find = ReturnType<typeof createLocalJWKSet>

async function found(find: Find, header: TokenHeader): Promise<readonly CryptoKey[]> {
  try {
    return [await find({ ...header })]
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return []
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    const several: CryptoKey[] = []
    for await (const key of error) {
      several.push(key)
      if (several.length === tokenKeysTriedMax) break
    }
    return several
  }
}

async function isUsable(key: JWK, algorithms: readonly TokenAlgorithm[]): Promise<boolean> {
  for (const alg of algorithms) {
    try {
      const { algorithm } = await createLocalJWKSet({ keys: [key] })({
        alg,
        ...(key.kid === undefined ? {} : { kid: key.kid }),
      })
      const isShort = 'modulusLength' in algorithm && Number(algorithm.modulusLength) < rsaKeyBitsMin
      if (!isShort) return true
    } catch {
      // Not with this algorithm.
    }
  }
  return false
}

function keysOf(jwks: unknown): JWK[] | null {
  if (typeof jwks !== 'object' || jwks === null || !('keys' in jwks) || !Array.isArray(jwks.keys)) return null
  return jwks.keys.filter((key: unknown) => typeof key === 'object' && key !== null)
}
