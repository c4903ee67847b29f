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

/** Whether a group is in the scope, by its key. */
export function isGroupOfScope(scope: Scope, key: SQL): SQL {
  if (scope === 'all') return sql`true`
  if ('chargePointKey' in scope) return sql`false`
  return sql`${key} = ANY(${sql.param(scope.groups)}::int4[])`
}

/** A query for the keys of these groups and all groups below them, as far as they are in the scope. */
export function groupsBelow(keys: readonly number[], scope: Scope): SQL {
  // UNION, not UNION ALL: a group that is named beside one above it is found once.
  return sql`WITH RECURSIVE below AS (
    SELECT g.id FROM charge_point_groups g
    WHERE g.id = ANY(${sql.param(keys)}::int4[]) AND ${isGroupOfScope(scope, sql`g.id`)}
    UNION SELECT g.id FROM below b JOIN charge_point_groups g ON g.parent_id = b.id
  ) SELECT id FROM below ORDER BY id`
}
