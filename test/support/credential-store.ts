// The charge points that authenticating sees, in memory: what the store keeps, without the store.

import { createAuthDeps } from '../../src/auth/auth-deps.ts'
import type { AuthDeps, CredentialStore } from '../../src/auth/auth-deps.ts'
import type { OperatorsDeps } from '../../src/auth/operators.ts'
import { Credentials } from '../../src/auth/credentials.ts'
import { hashPassword } from '../../src/auth/password-forms.ts'
import type { TokenVerifier } from '../../src/auth/tokens/token-verifier.ts'
import { settingsFrom } from '../../src/base/config.ts'
import { silentLogger } from '../../src/base/log.ts'
import type { CredentialRecord } from '../../src/blocks/records.ts'
import type { SecurityProfile } from '../../src/blocks/values.ts'
import type { StoredKey } from '../../src/operators/records.ts'
import { HandClock } from './hand-clock.ts'
import { MemoryOperatorStore } from './operator-store.ts'

const credentialSecret = Buffer.from('a secret of the tests, 32 or more')

export const testCredentials = new Credentials(credentialSecret)

export const testAdminApiKey = 'admin-key-of-the-tests'

const openAccess = {
  mayUseOtherName: false,
  certificateName: null,
  isBlocked: false,
  profileMin: 0,
  groupKey: null,
} as const

/** No operators but those of the settings. */
export const noOperators = { store: new MemoryOperatorStore(), clock: new HandClock(), log: silentLogger }

/** A row of an API key with this text: a viewer of all charge points who never expires, but for `change`. */
export function aStoredKey(id: string, text: string, change: Partial<StoredKey> = {}): StoredKey {
  return {
    id,
    name: 'billing',
    secretHash: testCredentials.hash(text),
    role: 'viewer',
    rolePermissions: null,
    groups: null,
    expiresAtMs: null,
    isRevoked: false,
    ...change,
  }
}

/** A store with the charge points that were put into it, whatever the letter case they are asked for in; `lookups` has what was asked for. */
export class MemoryCredentialStore implements CredentialStore {
  readonly records = new Map<string, CredentialRecord>()
  /** Serial numbers of revoked certificates. */
  readonly revoked = new Set<string>()
  readonly lookups: string[] = []

  put(
    identity: string,
    settings: {
      readonly password?: string | Uint8Array
      readonly pending?: string
      readonly apiKey?: string
      readonly strictness?: 'strict'
      readonly mayUseOtherName?: boolean
      readonly certificateName?: string
      readonly isBlocked?: boolean
      readonly profileMin?: SecurityProfile
      readonly groupKey?: number
    },
  ): void {
    const { password, pending, apiKey, strictness = 'lenient', ...access } = settings
    this.records.set(identity, {
      key: this.records.size + 1,
      identity,
      strictness,
      passwordHash: password === undefined ? null : hashPassword(password, testCredentials),
      pendingPasswordHash: pending === undefined ? null : hashPassword(pending, testCredentials),
      apiKeyHash: apiKey === undefined ? null : testCredentials.hash(apiKey),
      ...openAccess,
      ...access,
    })
  }

  async lookup(identity: string): Promise<CredentialRecord | null> {
    this.lookups.push(identity)
    const wanted = identity.toLowerCase()
    return (
      this.records.get(identity) ?? this.records.values().find((one) => one.identity.toLowerCase() === wanted) ?? null
    )
  }

  async create(
    identity: string,
    hashes: Pick<CredentialRecord, 'passwordHash' | 'apiKeyHash'>,
  ): Promise<CredentialRecord> {
    const record = this.records.get(identity) ?? {
      key: this.records.size + 1,
      identity,
      strictness: 'lenient' as const,
      pendingPasswordHash: null,
      ...openAccess,
      ...hashes,
    }
    this.records.set(identity, record)
    return record
  }

  async isCertificateRevoked(serialNumber: string): Promise<boolean> {
    return this.revoked.has(serialNumber)
  }
}

/** What authenticating needs, under the settings of `Security` (and `OCPP`) that are given. */
export function testAuthDeps(
  security: Readonly<Record<string, unknown>>,
  store: CredentialStore,
  tokens: TokenVerifier | null = null,
  ocpp: Readonly<Record<string, unknown>> = {},
  operators: Pick<OperatorsDeps, 'store' | 'clock' | 'log'> = noOperators,
): AuthDeps {
  const secrets = { credentialSecret, otherCredentialSecrets: [], adminApiKey: testAdminApiKey }
  return createAuthDeps(settingsFrom({ Security: security, OCPP: ocpp }).security, secrets, store, operators, tokens)
}

/** An Authorization header with Basic credentials. */
export function basic(userName: string, password: string | Uint8Array): Record<string, string> {
  const bytes = Buffer.concat([Buffer.from(`${userName}:`), Buffer.from(password)])
  return { Authorization: `Basic ${bytes.toString('base64')}` }
}
