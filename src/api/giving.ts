// Nobody gives rights that they do not have: to a key, to a role, to themselves.

import { StatorError } from '../base/errors.ts'
import { nearest } from '../base/nearest.ts'
import type { Permission } from '../operators/permissions.ts'
import type { Principal, Rights } from '../operators/principal.ts'
import { builtInRole, builtInRoles } from '../operators/roles.ts'
import { badRequest } from './errors.ts'
import type { OperatorQueries } from './operator-deps.ts'

function lacks(missing: string): StatorError {
  const why = 'nobody gives, changes or prolongs rights that they do not have'
  return new StatorError('FORBIDDEN', `Insufficient permissions for the requested operation: ${why}`, { missing })
}

/** @throws {StatorError} `FORBIDDEN` if the sender lacks one of `permissions`; `details.missing` names all of them. */
export function requireOwn(sender: Rights, permissions: readonly Permission[]): void {
  const missing = permissions.filter((permission) => !sender.permissions.has(permission))
  if (missing.length > 0) throw lacks(missing.join(', '))
}

/**
 * The permissions of a role that is given.
 *
 * @throws {StatorError} `BAD_REQUEST` if there is no such role.
 */
export async function permissionsOfRole(queries: OperatorQueries, name: string): Promise<readonly Permission[]> {
  const builtIn = builtInRole(name)
  if (builtIn !== null) return builtIn
  const own = await queries.ownRole(name)
  if (own !== null) return own.permissions
  const known = [...Object.keys(builtInRoles), ...(await queries.ownRoles()).map((role) => role.name)]
  const meant = nearest(name, known)
  throw badRequest('role', `There is no role '${name}'${meant === null ? '' : `; '${meant}' was probably meant`}`)
}

/**
 * Requires that groups may be given by the sender. Foreign groups do not exist for the sender. Null: all charge points.
 *
 * @throws {StatorError} `FORBIDDEN`, or `BAD_REQUEST` for a group that does not exist.
 */
export async function requireOwnGroups(
  queries: OperatorQueries,
  { scope }: Rights,
  groups: readonly number[] | null,
): Promise<void> {
  if (groups === null) {
    if (scope !== 'all') throw lacks('a scope of all charge points')
    return
  }
  const known = new Set(scope === 'all' ? await queries.knownGroups(groups) : 'groups' in scope ? scope.groups : [])
  const unknown = groups.find((group) => !known.has(group))
  if (unknown !== undefined) throw badRequest('groupIds', `There is no group ${unknown}`)
}

/**
 * Requires that what the sender gives, until `expiresAtMs` (null: for ever), does not outlive the key of the sender.
 * A token is no key: what it makes may last.
 *
 * @throws {StatorError} `FORBIDDEN`
 */
export function requireOwnTime(sender: Principal, expiresAtMs: number | null): void {
  const ownMs = sender.kind === 'operator' ? (sender.key?.expiresAtMs ?? null) : null
  if (ownMs === null || (expiresAtMs !== null && expiresAtMs <= ownMs)) return
  throw lacks('an API key that is valid for as long')
}
