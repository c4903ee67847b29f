// Folders of migrations: ours up to one of them, and such as a later version would bring.

import { cp, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { createDatabase } from '../../bench/servers/database.ts'
import { silentLogger } from '../../src/base/log.ts'
import { migrate } from '../../src/store/migrate.ts'
import { serverUrl, type TestDatabase } from './postgres.ts'

/** A row of `drizzle/meta/_journal.json`. */
export interface JournalEntry {
  readonly idx: number
  readonly version: string
  readonly when: number
  readonly tag: string
  readonly breakpoints: boolean
}

interface Journal {
  readonly version: string
  readonly dialect: string
  readonly entries: readonly JournalEntry[]
}

export const ownMigrations = join(import.meta.dir, '../../drizzle')

export async function readJournal(): Promise<Journal> {
  return (await Bun.file(join(ownMigrations, 'meta/_journal.json')).json()) as Journal
}

/** A folder of our migrations that ends with `tag`. */
export async function migrationsUntil(tag: string): Promise<string> {
  const journal = await readJournal()
  const last = journal.entries.findIndex((entry) => entry.tag === tag)
  if (last < 0) throw new Error(`There is no migration ${tag}.`)
  const entries = journal.entries.slice(0, last + 1)
  const folder = await folderWith({ ...journal, entries })
  for (const entry of entries) await cp(join(ownMigrations, `${entry.tag}.sql`), join(folder, `${entry.tag}.sql`))
  return folder
}

/** A folder of migrations that come after all of ours: the statements of each, by its name. */
export async function laterMigrations(files: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const entries = Object.keys(files).map((tag, idx) => ({
    idx,
    version: '7',
    when: Date.UTC(2100, 0, 1 + idx),
    tag,
    breakpoints: true,
  }))
  const folder = await folderWith({ version: '7', dialect: 'postgresql', entries })
  for (const [tag, statements] of Object.entries(files))
    await Bun.write(join(folder, `${tag}.sql`), statements.join(';--> statement-breakpoint\n'))
  return folder
}

async function folderWith(journal: Journal): Promise<string> {
  const folder = await mkdtemp(join(process.env['STATOR_TEST_FOLDER'] ?? tmpdir(), 'stator-migrations-'))
  await mkdir(join(folder, 'meta'))
  await Bun.write(join(folder, 'meta/_journal.json'), JSON.stringify(journal))
  return folder
}

/** An empty database as a version left it that knew our migrations up to `tag`; null: one that nobody has opened yet. */
export async function databaseUntil(tag: string | null): Promise<TestDatabase> {
  const server = await serverUrl(18)
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`
  const connectionString = await createDatabase(server, name)
  if (tag !== null) {
    const folder = await migrationsUntil(tag)
    await withClient(connectionString, (client) => migrate(client, { nowMs: Date.now(), log: silentLogger, folder }))
  }
  return {
    connectionString,
    drop: () =>
      withClient(server, async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      }),
  }
}

export async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
