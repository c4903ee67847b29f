// The roles that are always there. Operators may add roles of their own: see src/api/roles.ts.

import { allPermissions, type Permission } from './permissions.ts'
import type { Rights } from './principal.ts'

const viewer = [
  'chargepoint:read',
  'group:read',
  'transaction:read',
  'metervalue:read',
  'event:read',
  'message:read',
  'job:read',
  'reservation:read',
  'charging:read',
  'local-list:read',
  'display:read',
  'tariff:read',
  'credential:read',
  'certificate:read',
  'data-transfer:read',
  'quirk:read',
  'idtag:read',
  'metrics:read',
] as const satisfies readonly Permission[]

/** What others are allowed by, what they did and what happened to them is not the operator's, nor is erasing. */
const notOperator: ReadonlySet<Permission> = new Set([
  'group:write',
  'idtag:erase',
  'apikey:read',
  'apikey:write',
  'role:read',
  'role:write',
  'security:read',
  'audit:read',
])

/** The permissions of each role that is always there. */
export const builtInRoles: Readonly<Record<string, readonly Permission[]>> = {
  /** Everything. */
  admin: allPermissions,
  /** Runs the charge points. */
  operator: allPermissions.filter((permission) => !notOperator.has(permission)),
  /** Sees what operators see, and changes and commands nothing. */
  viewer,
  /** Sees who may do what, and who did what. */
  auditor: [...viewer, 'security:read', 'apikey:read', 'role:read', 'audit:read'],
}

/** What the roles that are always there are for. */
export const builtInMeanings: Readonly<Record<string, string>> = {
  admin: 'Everything.',
  operator: 'Runs the charge points. Gives nobody rights, and reads nothing of what others did.',
  viewer: 'Sees what operators see. Changes and commands nothing.',
  auditor: 'Sees who may do what, and who did what. Changes and commands nothing.',
}

/** What the name of a role looks like. */
export const roleName = /^[a-z][a-z0-9-]*$/

/** The permissions of a role that is always there; null: there is none of that name. */
export function builtInRole(name: string): readonly Permission[] | null {
  return Object.hasOwn(builtInRoles, name) ? (builtInRoles[name] ?? null) : null
}

/** The rights of a key of the settings. */
export const adminRights: Rights = { permissions: new Set(allPermissions), scope: 'all' }

/**
 * What a charge point may do with its own credentials, to itself: what the contract of the API says, and no change of
 * what it is allowed or trusts.
 */
export const chargePointPermissions: ReadonlySet<Permission> = new Set([
  'chargepoint:read',
  'transaction:read',
  'metervalue:read',
  'event:read',
  'message:read',
  'configuration:read',
  'configuration:write',
  'command:start',
  'command:stop',
  'command:reset',
  'command:firmware',
  'command:call',
  'certificate:read',
])
