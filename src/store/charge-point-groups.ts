// Which group a charge point is put into. A group in which a charge point is being put is locked until that is stored,
// so that it is not deleted meanwhile.

import { sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { StatorError } from '../base/errors.ts'
import type { ChargePointInput } from '../blocks/records.ts'
import type { Scope } from '../blocks/scope.ts'
import { noGroup } from './group-queries.ts'
import { isGroupOfScope } from './in-scope.ts'

type Db = Pick<NodePgDatabase, 'execute'>

/** The groups from which the sender of a request chooses. */
export interface GroupChoice {
  readonly scope: Scope
  /** Those that exist and are in the scope, of the ones that were named. */
  readonly known: ReadonlySet<number>
  /** Those of the scope that are not below another one of it; of a scope of groups only. */
  readonly tops: readonly number[]
}

/** Whether a group must be looked up to store `input` for this scope: who sees all may leave it out. */
export function choosesGroup({ groupKey }: ChargePointInput, scope: Scope): boolean {
  return typeof groupKey === 'number' || (scope !== 'all' && groupKey === null)
}

/**
 * Those of `keys` that exist and are in the scope. In a transaction they are locked until its end: a deletion of one
 * waits (it locks the row before it looks what is in the group), and then finds what was put into it.
 */
export async function lockedGroups(db: Db, keys: readonly number[], scope: Scope): Promise<ReadonlySet<number>> {
  if (keys.length === 0) return new Set()
  const { rows } = await db.execute<{ readonly id: number }>(sql`
    SELECT id FROM charge_point_groups
    WHERE id = ANY(${sql.param(keys)}::int4[]) AND ${isGroupOfScope(scope, sql`id`)} ORDER BY id FOR SHARE`)
  return new Set(rows.map(({ id }) => id))
}

/** What the sender chooses from who names the groups of `named`. */
export async function groupChoice(db: Db, named: readonly ChargePointInput[], scope: Scope): Promise<GroupChoice> {
  const keys = [...new Set(named.flatMap(({ groupKey }) => groupKey ?? []))]
  const known = await lockedGroups(db, keys, scope)
  if (scope === 'all') return { scope, known, tops: [] }
  const { rows } = await db.execute<{ readonly id: number }>(sql`
    SELECT id FROM charge_point_groups WHERE ${isGroupOfScope(scope, sql`id`)}
      AND (parent_id IS NULL OR NOT ${isGroupOfScope(scope, sql`parent_id`)}) ORDER BY id LIMIT 2 FOR SHARE`)
  return { scope, known, tops: rows.map(({ id }) => id) }
}

/** What is wrong with the group that a line, or a request, asks for; undefined: nothing. */
export function groupIssue({ groupKey }: ChargePointInput, { scope, known }: GroupChoice): string | undefined {
  if (typeof groupKey === 'number') return known.has(groupKey) ? undefined : noGroup(groupKey)
  if (groupKey === undefined || scope === 'all') return undefined
  return 'Group id must be one of your groups: your scope is not that of all charge points'
}

/** The group of a new charge point, or what is wrong with it. Who sees all may leave it out. */
export function groupOfNew(
  input: ChargePointInput,
  choice: GroupChoice,
): { readonly groupKey: number | null } | { readonly issue: string } {
  const issue = groupIssue(input, choice)
  if (issue !== undefined) return { issue }
  if (typeof input.groupKey === 'number') return { groupKey: input.groupKey }
  if (choice.scope === 'all') return { groupKey: null }
  const [top, ...others] = choice.tops
  if (top !== undefined && others.length === 0) return { groupKey: top }
  return { issue: 'Group id is required: your scope is not one group, so there is no default' }
}

/** @throws {StatorError} `BAD_REQUEST` if there is an issue. */
export function badGroup(issue: string): StatorError {
  return new StatorError('BAD_REQUEST', 'Invalid request format', { field: 'groupId', issue })
}
