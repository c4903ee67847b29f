// Bearer tokens (RFC 6750): a JWT whose identity claim is the identity of the charge point.

import type { Authenticator } from '../authenticator.ts'
import { bearerToken } from '../presented.ts'
import type { TokenVerifier } from '../tokens/token-verifier.ts'

/**
 * Tokens of charge points. The identity in a token is spelt as the provisioned one: to an issuer, names that differ in
 * letter case are two names. Another user name (`allowOtherUserName`) cannot be allowed: the name is what is proved.
 */
export function jwtAuthenticator(tokens: TokenVerifier): Authenticator {
  return {
    method: 'Jwt',
    async read({ headers }) {
      const token = bearerToken(headers)
      if (token === null) return null
      const owner = await tokens.ownerOf(token)
      if (typeof owner === 'string') return owner
      if (owner.kind === 'operator') return "the token is an operator's"
      const { identity } = owner
      return {
        name: identity,
        prove: (record) =>
          identity === record.identity
            ? { quirks: [], credential: null, renewed: null }
            : 'the token is that of another charge point',
        firstUse: () => ({ passwordHash: null, apiKeyHash: null }),
      }
    },
  }
}
