// Groups of charge points, as trees: each group knows the one that it is part of.

import { sql } from 'drizzle-orm'
import type { ListSource } from './paging.ts'

export function createGroupQueries({ db }: Pick<ListSource, 'db'>) {
  return {
    /** Keys of the groups with these keys that exist, and of all groups below them: what a scope of groups means. */
    async expandedGroups(keys: readonly number[]): Promise<number[]> {
      // UNION, not UNION ALL: a group that is named beside one above it is found once.
      const { rows } = await db.execute<{ readonly id: number }>(sql`
        WITH RECURSIVE below AS (
          SELECT id FROM charge_point_groups WHERE id = ANY(${sql.param(keys)}::int4[])
          UNION SELECT g.id FROM below b JOIN charge_point_groups g ON g.parent_id = b.id
        )
        SELECT id FROM below ORDER BY id`)
      return rows.map(({ id }) => id)
    },
  }
}
