// Keysets: where a list continues after a row, by the values it is ordered by. A cursor is opaque to clients; inside it
// has the name of the order and these values, as PostgreSQL writes them.

import { type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { StatorError } from '../base/errors.ts'
import { isKeyPart, type KeyType, textsIn } from '../base/key-parts.ts'

/** A column that a list is ordered by; no row has null there. */
export interface OrderColumn {
  readonly column: SQL | AnyPgColumn
  readonly type: KeyType
}

/** The order of a list. Together its columns are unique. */
export interface Order {
  /** Of the order, in its cursors: a cursor of another one is refused. */
  readonly name: string
  readonly direction: 'ASC' | 'DESC'
  readonly columns: readonly OrderColumn[]
}

/** The values of a row, for its cursor: select them as a field, and give it to `cursorOf`. */
export function keyOf({ columns }: Order): SQL<readonly string[]> {
  const texts = columns.map(({ column, type }) =>
    type === 'timestamptz' ? sql`(${column} AT TIME ZONE 'UTC')::text || '+00'` : sql`${column}::text`,
  )
  return sql`json_build_array(${sql.join(texts, sql`, `)})`
}

export function orderBy({ columns, direction }: Order): SQL[] {
  return columns.map(({ column }) => sql`${column} ${sql.raw(direction)}`)
}

export function cursorOf({ name }: Order, key: readonly string[]): string {
  return Buffer.from(JSON.stringify([name, ...key])).toString('base64url')
}

/**
 * The values in a cursor.
 *
 * @throws {StatorError} `BAD_REQUEST` if it is none of such a list with such filters.
 */
export function keyIn({ name, columns }: Order, cursor: string): readonly string[] {
  const [of, ...key] = textsIn(cursor)
  if (of === name && key.length === columns.length && columns.every(({ type }, at) => isKeyPart(type, key[at] ?? '')))
    return key
  const issue = 'After must be what `next` of a page of this list was, with the same filters'
  throw new StatorError('BAD_REQUEST', 'Invalid request format', { field: 'after', issue })
}

/** Whether a row comes after the one with these values. */
export function comesAfter({ columns, direction }: Order, key: readonly string[]): SQL {
  const values = columns.map(({ type }, at) => sql`${key[at]}::text::${sql.raw(type)}`)
  const names = columns.map(({ column }) => sql`${column}`)
  const than = sql.raw(direction === 'ASC' ? '>' : '<')
  return sql`(${sql.join(names, sql`, `)}) ${than} (${sql.join(values, sql`, `)})`
}
