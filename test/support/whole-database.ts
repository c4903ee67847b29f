// Everything that a database holds, as text.

import { type Asking, storedLines } from './message-lines.ts'

/** Each row of each table in which one of `texts` occurs, in whatever letter case, as `table: row`. */
export async function rowsWith(database: Asking, ...texts: readonly string[]): Promise<readonly string[]> {
  const tables = await database.query(
    `SELECT c.oid::regclass::text AS name FROM pg_class c
     WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')`,
  )
  const found: string[] = []
  for (const { name } of tables.rows as readonly { readonly name: string }[]) {
    const { rows } = await database.query(`SELECT t::text AS text FROM ${name} t`)
    for (const { text } of rows as readonly { readonly text: string }[]) {
      if (texts.some((wanted) => text.toLowerCase().includes(wanted.toLowerCase()))) found.push(`${name}: ${text}`)
    }
  }
  // The frames of the message log are compressed.
  for (const { frame } of await storedLines(database))
    if (texts.some((wanted) => frame.toLowerCase().includes(wanted.toLowerCase())))
      found.push(`message_blocks: ${frame}`)
  return found
}
