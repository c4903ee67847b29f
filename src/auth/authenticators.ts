// The ways in, in the order in which a handshake is asked for them.

import type { AuthenticationMethod } from '../base/config.ts'
import type { Authenticator } from './authenticator.ts'
import type { Credentials } from './credentials.ts'
import type { KeyRing } from './key-ring.ts'
import { apiKeyAuthenticator } from './ways-in/api-key.ts'
import type { TokenVerifier } from './tokens/token-verifier.ts'
import { basicAuthenticator } from './ways-in/basic.ts'
import { jwtAuthenticator } from './ways-in/jwt.ts'
import { clientCertificateAuthenticator, type CountedCertificates } from './ways-in/client-certificate.ts'

export interface AuthenticatorParts {
  readonly credentials: Credentials
  readonly operatorKeys: KeyRing
  /** Null: no bearer token is accepted. */
  readonly tokens: TokenVerifier | null
  readonly certificates: CountedCertificates
  /** Whether an operator has revoked the certificate with a serial number. */
  readonly isRevoked: (serialNumber: string) => Promise<boolean>
}

/** The authenticators of `methods`, which are those of `Security.AuthenticationMethod`. */
export function authenticatorsOf(
  methods: readonly AuthenticationMethod[],
  { credentials, operatorKeys, tokens, certificates, isRevoked }: AuthenticatorParts,
): readonly Authenticator[] {
  const all: readonly Authenticator[] = [
    clientCertificateAuthenticator(certificates, isRevoked),
    basicAuthenticator(credentials),
    apiKeyAuthenticator(credentials, operatorKeys),
    ...(tokens === null ? [] : [jwtAuthenticator(tokens)]),
  ]
  return all.filter(({ method }) => methods.includes(method))
}
