// Names that charge points send, in the conditions of lists: letter case does not count.

import { type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { nameStart } from '../blocks/column-types.ts'

/** Whether the column has this name. An index finds its beginning; a name may be longer than what an index takes. */
export function isNamed(column: AnyPgColumn, name: string): SQL {
  return sql`${nameStart(column)} = ${nameStart(sql`${name}::text`)} AND lower(${column}) = lower(${name})`
}
