// Conditions for the scope of a request. See `Scope`.

import { eq, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { Scope } from '../blocks/scope.ts'

/** Whether a row of `charge_points` is in the scope; undefined: each is. */
export function isInScope(scope: Scope): SQL | undefined {
  if (scope === 'all') return undefined
  if ('chargePointKey' in scope) return eq(chargePoints.key, scope.chargePointKey)
  return sql`${chargePoints.groupKey} = ANY(${sql.param(scope.groups)}::int4[])`
}

/** Whether the charge point that a row belongs to, by the column `key`, is in the scope; undefined: each is. */
export function isOfScope(scope: Scope, key: AnyPgColumn | SQL): SQL | undefined {
  if (scope === 'all') return undefined
  if ('chargePointKey' in scope) return sql`${key} = ${scope.chargePointKey}`
  return sql`${key} IN (SELECT c.id FROM charge_points c WHERE c.group_id = ANY(${sql.param(scope.groups)}::int4[]))`
}
