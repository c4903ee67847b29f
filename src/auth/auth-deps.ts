// What authenticating needs from the rest of Stator, the same for charge points and for REST clients.

import type { SecuritySettings } from '../base/config.ts'
import type { CredentialRecord } from '../blocks/records.ts'
import { Credentials } from './credentials.ts'
import { KeyRing } from './key-ring.ts'
import type { Secrets } from './secrets.ts'

/** The charge points, as far as authenticating reads and makes them. */
export interface CredentialStore {
  /** Null when there is no charge point of that identity. */
  lookup(identity: string): Promise<CredentialRecord | null>
  /**
   * Makes a charge point that nobody provisioned, with the credentials it came with (`Security.UnknownChargePoints`).
   * When another connection made it a moment ago, the record that exists.
   */
  create(
    identity: string,
    hashes: { readonly passwordHash: Uint8Array | null; readonly apiKeyHash: Uint8Array | null },
  ): Promise<CredentialRecord>
}

export interface AuthDeps {
  readonly security: SecuritySettings
  readonly credentials: Credentials
  readonly operatorKeys: KeyRing
  readonly store: CredentialStore
}

/** Everything that `authenticateChargePoint` and `authenticateRequest` ask for. */
export function createAuthDeps(security: SecuritySettings, secrets: Secrets, store: CredentialStore): AuthDeps {
  const credentials = new Credentials(secrets.credentialSecret)
  const operatorKeys = new KeyRing(credentials, [
    ['admin', secrets.adminApiKey],
    ...security.apiKeys.map((key, index) => [`Security.ApiKeys[${index}]`, key] as const),
  ])
  return { security, credentials, operatorKeys, store }
}
