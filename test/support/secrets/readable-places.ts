// Everything at rest that somebody may read: every value of every table, and the bytes of the files of a folder.

import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { storedLines } from '../message-lines.ts'

/** What can be read in one place. */
export interface Readable {
  readonly place: string
  readonly content: string | Uint8Array
}

/** Every row of every table as text, bytes in hexadecimal digits, as pg_dump writes them. */
export async function dumpOf(client: Pick<Client, 'query'>): Promise<Readable[]> {
  const tables = await client.query(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  )
  const names: string[] = tables.rows.map(({ name }) => name)
  const dump: Readable[] = []
  for (const name of [...names, 'pg_stats', 'pg_stat_activity', 'pg_prepared_statements']) {
    const { rows } = await client.query(`SELECT row_to_json(t)::text AS row FROM ${name} t`)
    dump.push({ place: `table ${name}`, content: rows.map(({ row }) => row).join('\n') })
  }
  // Compression hides nothing.
  const frames = (await storedLines(client)).map(({ frame }) => frame)
  dump.push({ place: 'frames in table message_blocks', content: frames.join('\n') })
  return dump
}

/** The files in `folder`, but not those in the folders of it that are named. */
export function filesIn(folder: string, except: readonly string[] = []): Readable[] {
  return readdirSync(folder).flatMap((name): Readable[] => {
    const path = join(folder, name)
    const stats = lstatSync(path)
    if (stats.isDirectory()) return except.includes(name) ? [] : filesIn(path, except)
    return stats.isFile() ? [{ place: path, content: readFileSync(path) }] : []
  })
}
