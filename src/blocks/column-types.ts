// Column types that drizzle does not have. All tables use them.

import { type SQL, sql } from 'drizzle-orm'
import { type AnyPgColumn, customType } from 'drizzle-orm/pg-core'

/** Milliseconds since the Unix epoch of PostgreSQL's ISO output, e.g. `2026-11-23 16:00:00.123+00`. */
export function parseInstant(text: string): number {
  const iso = text.replace(' ', 'T')
  if (iso.endsWith('+00')) return Date.parse(`${iso.slice(0, -3)}Z`)
  return Date.parse(/[+-]\d\d$/.test(iso) ? `${iso}:00` : iso)
}

/** `timestamptz` as milliseconds since the Unix epoch. */
export const instant = customType<{ data: number; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  fromDriver: parseInstant,
  toDriver: (ms) => new Date(ms).toISOString(),
})

export const bytes = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })

/** Id of a PostgreSQL transaction, as text. */
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })

/** Characters of a name that an index has: PostgreSQL refuses longer entries, and charge points send what they like. */
const indexedCharacters = 128

/** What an index on a name has of it, whose letter case does not count. */
export function nameStart(name: SQL | AnyPgColumn | string): SQL {
  return sql`lower(left(${name}, ${sql.raw(String(indexedCharacters))}))`
}
