// What the REST API reads and changes of API keys and roles. The store provides it.

import type { Scope } from '../blocks/scope.ts'
import type { Permission } from '../operators/permissions.ts'
import type {
  ApiKeyChange,
  ApiKeyFilter,
  ApiKeyRecord,
  KeyUse,
  NewApiKey,
  RoleChange,
  RoleRecord,
} from '../operators/records.ts'

/** The queries of API keys and roles. Null means not found, or not in the scope. */
export interface OperatorQueries {
  /** Newest first: how many there are, and those after the first `skip`. Their number is bounded. */
  listApiKeys(
    filter: ApiKeyFilter,
    skip: number,
    take: number,
  ): Promise<{ readonly totalCount: number; readonly items: readonly ApiKeyRecord[] }>
  apiKeyRecord(id: string, scope: Scope): Promise<ApiKeyRecord | null>
  /** The last uses of keys, by id: of those of the settings, too. */
  keyUses(ids: readonly string[]): Promise<ReadonlyMap<string, KeyUse>>
  /** Which of these groups exist. */
  knownGroups(keys: readonly number[]): Promise<readonly number[]>
  /**
   * @throws {StatorError} `CONFLICT` if a key that is not revoked has the name, there are too many, or the role or a
   *   group was deleted meanwhile.
   */
  createApiKey(key: NewApiKey): Promise<ApiKeyRecord>
  /**
   * Changes a key as it was read: null if it is another by now, or revoked.
   *
   * @throws {StatorError} `CONFLICT` if another key has the name, or the role or a group was deleted meanwhile.
   */
  changeApiKey(before: ApiKeyRecord, change: ApiKeyChange): Promise<ApiKeyRecord | null>
  /** Whether the key is revoked now; one that was revoked before stays as it is. */
  revokeApiKey(id: string, scope: Scope, by: string, atMs: number): Promise<boolean>

  /** Those that operators have made, by name. Their number is bounded. */
  ownRoles(): Promise<readonly RoleRecord[]>
  ownRole(name: string): Promise<RoleRecord | null>
  /** @throws {StatorError} `CONFLICT` if a role has the name, or there are too many. */
  createRole(role: RoleRecord): Promise<void>
  /** Changes a role all of whose permissions are among `may`; null if there is none of that name. */
  changeRole(name: string, change: RoleChange, may: readonly Permission[]): Promise<RoleRecord | null>
  /** @throws {StatorError} `CONFLICT` while an API key that is not revoked has it. */
  deleteRole(name: string): Promise<boolean>
}
