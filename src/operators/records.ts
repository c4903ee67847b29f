// API keys of operators and roles, as the store has them.

import type { Scope } from '../blocks/scope.ts'
import type { Permission } from './permissions.ts'

/** An API key of the database, without its hash. */
export interface ApiKeyRecord {
  readonly id: string
  readonly name: string
  readonly role: string
  /** Groups, which include all groups below them; null: all charge points. */
  readonly groups: readonly number[] | null
  /** Null: never. */
  readonly expiresAtMs: number | null
  readonly createdAtMs: number
  readonly createdBy: string
  readonly revokedAtMs: number | null
  readonly revokedBy: string | null
  readonly lastUse: KeyUse | null
}

/** When and from which address a key was used. */
export interface KeyUse {
  readonly atMs: number
  readonly remoteAddress: string
}

/** An API key to store. */
export interface NewApiKey extends Pick<
  ApiKeyRecord,
  'id' | 'name' | 'role' | 'groups' | 'expiresAtMs' | 'createdAtMs' | 'createdBy'
> {
  readonly secretHash: Uint8Array
}

/** What of an API key may be changed. */
export type ApiKeyChange = Partial<Pick<ApiKeyRecord, 'name' | 'role' | 'groups' | 'expiresAtMs'>>

export const apiKeyStates = ['active', 'expired', 'revoked'] as const

export type ApiKeyState = (typeof apiKeyStates)[number]

/** Which API keys a list has. */
export interface ApiKeyFilter {
  readonly scope: Scope
  readonly state?: ApiKeyState
  readonly nowMs: number
}

/** A role that operators have made. */
export interface RoleRecord {
  readonly name: string
  readonly description: string | null
  readonly permissions: readonly Permission[]
  readonly createdAtMs: number
  readonly createdBy: string
}

export type RoleChange = Partial<Pick<RoleRecord, 'description' | 'permissions'>>

/** What an API key lets its owner do, by the rows that were read a moment ago. */
export interface StoredKey {
  readonly id: string
  readonly name: string
  readonly secretHash: Uint8Array
  readonly role: string
  /** Of a role that operators have made; null: there is none of that name. */
  readonly rolePermissions: readonly string[] | null
  /** With all groups below them; null: all charge points. */
  readonly groups: readonly number[] | null
  readonly expiresAtMs: number | null
  readonly isRevoked: boolean
}

/** What the roles and groups that a token names are. */
export interface NamedRights {
  /** Permissions of the roles that operators have made, by name. */
  readonly roles: ReadonlyMap<string, readonly string[]>
  /** Those of the groups that exist, with all groups below them. */
  readonly groups: readonly number[]
}

/** The state of an API key at `nowMs`. */
export function stateOf(
  { revokedAtMs, expiresAtMs }: Pick<ApiKeyRecord, 'revokedAtMs' | 'expiresAtMs'>,
  nowMs: number,
): ApiKeyState {
  if (revokedAtMs !== null) return 'revoked'
  return expiresAtMs !== null && expiresAtMs <= nowMs ? 'expired' : 'active'
}
