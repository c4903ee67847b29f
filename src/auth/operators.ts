// Operators by their credentials: keys of the settings, keys of the database, and tokens with roles. What the database
// says is remembered for `operatorRightsMsMax`, so that what an operator loses is lost on every node after that.

import type { Clock } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import { operatorRightsMax, operatorRightsMsMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Scope } from '../blocks/scope.ts'
import { keyIdIn } from '../operators/key-text.ts'
import { isPermission, type Permission } from '../operators/permissions.ts'
import type { OperatorPrincipal } from '../operators/principal.ts'
import type { KeyUse, NamedRights, StoredKey } from '../operators/records.ts'
import { adminRights, builtInRole } from '../operators/roles.ts'
import type { Credentials } from './credentials.ts'
import type { KeyRing } from './key-ring.ts'
import { RememberedFor } from './remembered-for.ts'
import type { OperatorToken } from './tokens/token-verifier.ts'

/** What the database knows of operators. */
export interface OperatorStore {
  /** The API key with this id, revoked or not; null: there is none. */
  apiKey(id: string): Promise<StoredKey | null>
  /** What the roles and groups of a token are. */
  namedRights(roles: readonly string[], groups: readonly string[]): Promise<NamedRights>
  /** An API key was used; its hash is to be replaced by `renewed`, unless that is null. Never waits. */
  noteUse(use: KeyUse & { keyId: string; hash: Uint8Array | null; renewed: Uint8Array | null }): void
}

export interface OperatorsDeps {
  readonly settingsKeys: KeyRing
  readonly credentials: Credentials
  readonly store: OperatorStore
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}

/** Says who an operator is, and what the operator may do. */
export class Operators {
  readonly #deps: OperatorsDeps
  readonly #keys: RememberedFor<StoredKey>
  readonly #named: RememberedFor<NamedRights>
  /** Unknown roles of tokens that the log has. */
  readonly #loggedRoles = new Set<string>()

  /** `rememberedMs`: for how long what the database says is remembered; 0: it is read for each request. */
  constructor(deps: OperatorsDeps, rememberedMs = operatorRightsMsMax) {
    this.#deps = deps
    this.#keys = new RememberedFor(deps.clock, rememberedMs, operatorRightsMax)
    this.#named = new RememberedFor(deps.clock, rememberedMs, operatorRightsMax)
  }

  /**
   * The operator of an API key; null if it is nobody's, a reason if it has expired or is revoked.
   *
   * @throws {StatorError} errors of the store; keys of the settings do not need it.
   */
  async byKey(text: string, remoteAddress: string): Promise<OperatorPrincipal | string | null> {
    const { settingsKeys, credentials, store, clock } = this.#deps
    const ofSettings = settingsKeys.find(text)
    const atMs = clock.nowMs()
    if (ofSettings !== null) {
      const { id, name } = ofSettings
      store.noteUse({ keyId: id, atMs, remoteAddress, hash: null, renewed: null })
      return { kind: 'operator', name, key: { id, expiresAtMs: null }, ...adminRights }
    }
    const id = keyIdIn(text)
    const key = id === null ? null : await this.#keys.get(id, () => store.apiKey(id))
    const hash = key?.secretHash ?? null
    if (!credentials.matches(text, hash) || key === null) return null
    const { name, groups, expiresAtMs, isRevoked } = key
    if (isRevoked) return `the API key '${name}' is revoked`
    if (expiresAtMs !== null && expiresAtMs <= atMs) return `the API key '${name}' has expired`
    store.noteUse({ keyId: key.id, atMs, remoteAddress, hash, renewed: credentials.renewed(text, hash) })
    const permissions = permissionsOf(key.role, key.rolePermissions)
    const scope: Scope = groups === null ? 'all' : { groups }
    return { kind: 'operator', name, key: { id: key.id, expiresAtMs }, permissions: new Set(permissions), scope }
  }

  /**
   * The operator of a token: what all of its roles allow, for the groups that it names.
   *
   * @throws {StatorError} `FORBIDDEN` if tokens must name groups, and this one names none that exists; errors of the
   *   store, which a token with nothing but built-in roles does not need.
   */
  async byToken({ name, roles, groups }: OperatorToken): Promise<OperatorPrincipal> {
    const ownRoles = roles.filter((role) => builtInRole(role) === null).toSorted()
    const words = groups === null ? [] : groups.words.toSorted()
    const named = await this.#namedRights(ownRoles, words)
    for (const role of ownRoles) if (!named.roles.has(role)) this.#logUnknown(role)
    const permissions = roles.flatMap((role) => permissionsOf(role, named.roles.get(role) ?? null))
    if (groups !== null && named.groups.length === 0) {
      const missing = `a known group in the claim ${groups.claim}`
      const sentence = `Insufficient permissions for the requested operation: the token has not ${missing}`
      throw new StatorError('FORBIDDEN', sentence, { missing })
    }
    const scope: Scope = groups === null ? 'all' : { groups: named.groups }
    return { kind: 'operator', name, permissions: new Set(permissions), scope }
  }

  async #namedRights(roles: readonly string[], groups: readonly string[]): Promise<NamedRights> {
    if (roles.length === 0 && groups.length === 0) return { roles: new Map(), groups: [] }
    const read = (): Promise<NamedRights> => this.#deps.store.namedRights(roles, groups)
    return (await this.#named.get(JSON.stringify([roles, groups]), read)) ?? { roles: new Map(), groups: [] }
  }

  /** The settings name the roles, so there are few. */
  #logUnknown(role: string): void {
    if (this.#loggedRoles.has(role)) return
    this.#loggedRoles.add(role)
    const setting = 'Security.Jwt.OperatorValues'
    this.#deps.log.warn({ setting }, `${setting} names the role '${role}', which does not exist: it allows nothing.`)
  }
}

/** Permissions of a role: a built-in one, or an own one with `own`. What this version does not know allows nothing. */
function permissionsOf(role: string, own: readonly string[] | null): readonly Permission[] {
  return builtInRole(role) ?? (own ?? []).filter(isPermission)
}
