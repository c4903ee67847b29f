// The migrations in drizzle/, as drizzle-kit has written them.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of `drizzle/`. */
export interface Migration {
  /** Name of the file, without its ending. */
  readonly name: string
  /** When it was made. A database has all migrations up to the newest that it has noted; drizzle notes this time. */
  readonly madeAtMs: number
  /** SHA-256 of the file, which drizzle notes beside it. */
  readonly hash: string
  readonly statements: readonly string[]
  /** Whether each statement runs by itself instead of all in one transaction. */
  readonly isWithoutTransaction: boolean
}

export const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** The migrations in `folder`, the oldest first. */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const journal = JSON.parse(await readFile(join(folder, 'meta/_journal.json'), 'utf8')) as {
    readonly entries: readonly { readonly tag: string; readonly when: number }[]
  }
  return Promise.all(journal.entries.map(({ tag, when }) => readMigration(folder, tag, when)))
}

async function readMigration(folder: string, name: string, madeAtMs: number): Promise<Migration> {
  const text = await readFile(join(folder, `${name}.sql`), 'utf8')
  const statements = statementsOf(text)
  return {
    name,
    madeAtMs,
    hash: createHash('sha256').update(text).digest('hex'),
    statements,
    isWithoutTransaction: statements.every((statement) => isLong.test(statement)),
  }
}

/** The statements of a file, without the comments before and between them. */
export function statementsOf(text: string): readonly string[] {
  return text
    .split('--> statement-breakpoint')
    .map((part) => part.replace(/^\s*--.*$/gm, '').trim())
    .filter((statement) => statement !== '')
}

// They read a whole table, allow writes to it meanwhile, and may be repeated. PostgreSQL refuses the first two in a
// transaction; the third would hold its lock until the end of the transaction.
const isLong =
  /^(?:CREATE (?:UNIQUE )?INDEX CONCURRENTLY|DROP INDEX CONCURRENTLY|ALTER TABLE \S+ VALIDATE CONSTRAINT)\s/i

/** An index that a statement builds concurrently. */
export interface IndexToBuild {
  readonly name: string
  readonly table: string
  readonly isUnique: boolean
  /** What follows the table: method, columns, predicate. */
  readonly rest: string
}

/** Null for a statement that builds none. */
export function indexBuiltBy(statement: string): IndexToBuild | null {
  const parts =
    /^CREATE (?<unique>UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?"?(?<name>\w+)"? ON "?(?<table>\w+)"? (?<rest>.+)$/is.exec(
      statement,
    )?.groups
  const { name = '', table = '', rest = '' } = parts ?? {}
  return parts === undefined ? null : { name, table, rest, isUnique: parts['unique'] !== undefined }
}
