// Roles that operators have made, as the REST API lists and changes them. Those of src/operators/roles.ts are not here.

import { and, asc, count, eq, isNull, sql } from 'drizzle-orm'
import { StatorError } from '../base/errors.ts'
import { rolesMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { withDefined } from '../base/with-defined.ts'
import { apiKeys, roles } from '../operators/access-tables.ts'
import { isPermission, type Permission } from '../operators/permissions.ts'
import type { RoleChange, RoleRecord } from '../operators/records.ts'
import type { ListSource } from './paging.ts'
import { databaseError } from './store-error.ts'

const creating = sql`SELECT pg_advisory_xact_lock(20261128, 17)`

const uniqueViolation = '23505'

export function createRoleQueries({ db }: Pick<ListSource, 'db'>) {
  return {
    /** By name. Their number is bounded. */
    async ownRoles(): Promise<readonly RoleRecord[]> {
      return (await db.select().from(roles).orderBy(asc(roles.name)).limit(rolesMax)).map(recordOf)
    },

    async ownRole(name: string): Promise<RoleRecord | null> {
      const [row] = await db
        .select()
        .from(roles)
        .where(eq(roles.name, storableText(name)))
      return row === undefined ? null : recordOf(row)
    },

    /** @throws {StatorError} `CONFLICT` if a role has the name, or there are too many. */
    async createRole(role: RoleRecord): Promise<void> {
      const values = { ...role, createdBy: storableText(role.createdBy), permissions: [...role.permissions] }
      await db
        .transaction(async (transaction) => {
          await transaction.execute(creating)
          const [counted] = await transaction.select({ total: count() }).from(roles)
          if ((counted?.total ?? 0) >= rolesMax) {
            throw new StatorError('CONFLICT', `There are ${rolesMax} roles; delete one`)
          }
          await transaction.insert(roles).values(values)
        })
        .catch((error: unknown) => {
          if (databaseError(error)?.code !== uniqueViolation) throw error
          throw new StatorError('CONFLICT', `A role with the name '${role.name}' exists already`, undefined, error)
        })
    },

    /** Changes a role all of whose permissions are among `may`; null if there is none of that name. */
    async changeRole(
      name: string,
      { permissions, ...rest }: RoleChange,
      may: readonly Permission[],
    ): Promise<RoleRecord | null> {
      const set = { ...withDefined(rest), ...(permissions === undefined ? {} : { permissions: [...permissions] }) }
      const isIt = and(eq(roles.name, storableText(name)), sql`${roles.permissions} <@ ${sql.param(may)}::text[]`)
      const [row] = await db.update(roles).set(set).where(isIt).returning()
      return row === undefined ? null : recordOf(row)
    },

    /**
     * False if there is no such role.
     *
     * @throws {StatorError} `CONFLICT` while an API key that is not revoked has it.
     */
    deleteRole(name: string): Promise<boolean> {
      return db.transaction(async (transaction) => {
        const isIt = eq(roles.name, name)
        // Who gives the role to a key locks its row: the keys are read after that.
        const locked = await transaction.select({ name: roles.name }).from(roles).where(isIt).for('update')
        if (locked.length === 0) return false
        const [key] = await transaction
          .select({ name: apiKeys.name })
          .from(apiKeys)
          .where(and(eq(apiKeys.role, name), isNull(apiKeys.revokedAtMs)))
          .orderBy(asc(apiKeys.name))
          .limit(1)
        if (key !== undefined) {
          throw new StatorError(
            'CONFLICT',
            `The API key '${key.name}' has the role '${name}'; give it another, or revoke it`,
          )
        }
        await transaction.delete(roles).where(isIt)
        return true
      })
    },
  }
}

function recordOf({ permissions, ...role }: typeof roles.$inferSelect): RoleRecord {
  return { ...role, permissions: permissions.filter(isPermission) }
}
