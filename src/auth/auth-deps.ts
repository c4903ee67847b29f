// The dependencies of authentication, for charge points and REST clients.

import type { SecuritySettings } from '../base/config.ts'
import type { CredentialRecord } from '../blocks/records.ts'
import type { Authenticator, FirstCredentials } from './authenticator.ts'
import { authenticatorsOf } from './authenticators.ts'
import { Credentials } from './credentials.ts'
import { KeyRing } from './key-ring.ts'
import { Operators, type OperatorsDeps } from './operators.ts'
import type { Secrets } from './secrets.ts'
import type { TokenVerifier } from './tokens/token-verifier.ts'

/** The store of charge point credentials. */
export interface CredentialStore {
  /** Null if no charge point has that identity. */
  lookup(identity: string): Promise<CredentialRecord | null>
  /**
   * Provisions an unknown charge point with the credentials it presented (`Security.UnknownChargePoints`). Returns the
   * existing record if another connection created it meanwhile.
   */
  create(identity: string, hashes: FirstCredentials): Promise<CredentialRecord>
  /** Whether the certificate with this serial number was signed by Stator, and an operator has revoked it. */
  isCertificateRevoked(serialNumber: string): Promise<boolean>
}

export interface AuthDeps {
  readonly security: SecuritySettings
  /** How charge points may authenticate, in order. */
  readonly authenticators: readonly Authenticator[]
  readonly credentials: Credentials
  /** Keys of the settings. */
  readonly operatorKeys: KeyRing
  readonly operators: Operators
  /** The same, by what the database says now. */
  readonly operatorsNow: Operators
  /** Null: no scraper has a token. */
  readonly metricsTokenDigest: Uint8Array | null
  /** Checks bearer tokens (JWT); null: none is accepted. */
  readonly tokens: TokenVerifier | null
  readonly store: CredentialStore
}

/** The dependencies of `authenticateChargePoint` and `authenticateRequest`. */
export function createAuthDeps(
  security: SecuritySettings,
  secrets: Pick<Secrets, 'credentialSecret' | 'otherCredentialSecrets' | 'adminApiKey'>,
  store: CredentialStore,
  ofOperators: Pick<OperatorsDeps, 'store' | 'clock' | 'log'>,
  tokens: TokenVerifier | null = null,
): AuthDeps {
  const credentials = new Credentials(secrets.credentialSecret, secrets.otherCredentialSecrets)
  const operatorKeys = new KeyRing(credentials, [
    { id: 'admin', name: 'admin', text: secrets.adminApiKey },
    ...security.apiKeys.map((text, index) => ({ id: `settings-${index}`, name: `Security.ApiKeys[${index}]`, text })),
  ])
  const known = { settingsKeys: operatorKeys, credentials, ...ofOperators }
  const [operators, operatorsNow] = [new Operators(known), new Operators(known, 0)]
  const metricsTokenDigest = security.metricsToken === null ? null : credentials.digest(security.metricsToken)
  const { thumbprints = [], organizations = [] } = security.clientCertificates ?? {}
  const certificates = { thumbprints: new Set(thumbprints), organizations }
  const isRevoked = (serialNumber: string): Promise<boolean> => store.isCertificateRevoked(serialNumber)
  const parts = { credentials, operatorKeys, tokens, certificates, isRevoked }
  const authenticators = authenticatorsOf(security.authenticationMethods, parts)
  const ofRequests = { operators, operatorsNow, tokens, metricsTokenDigest }
  return { security, authenticators, credentials, operatorKeys, ...ofRequests, store }
}
