// What a migration must not do while nodes work on its tables, found in its SQL. docs/migrations.md says how it is
// done instead.

import { migrationTablesMax } from '../../src/base/limits.ts'
import { statementsOf } from '../../src/store/migration-files.ts'

interface Rule {
  /** Matches a statement that breaks it. */
  readonly breaks: RegExp
  /** What would happen, and what to do instead. */
  readonly why: string
}

const literal = String.raw`(?:-?[\d.]+|'[^']*'(?:::[\w" ]+)?|true|false|null|now\(\)|current_timestamp)`

/** Of statements on tables that are there already. A table that the same migration makes has no rows and no users. */
const rules: readonly Rule[] = [
  {
    breaks: /^CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)/i,
    why: 'nobody can write to the table until the index is built. Say .concurrently() where it is defined.',
  },
  {
    breaks: /^DROP INDEX CONCURRENTLY (?!IF EXISTS)/i,
    why: 'it fails when an interrupted start has done it already. Say IF EXISTS.',
  },
  {
    breaks: /\bADD COLUMN\b.*\b(?:GENERATED|(?:small|big)?serial|PRIMARY KEY|UNIQUE|REFERENCES|CHECK)\b/i,
    why: 'the table is rewritten or read as a whole under a lock. Add a bare column; add the index or constraint after it.',
  },
  {
    breaks: new RegExp(String.raw`\bADD COLUMN\b.*\bDEFAULT (?!${literal}(?:\s+NOT NULL)?;?$)`, 'i'),
    why: 'a default that differs from row to row rewrites the table under a lock. Only constants and now() do not.',
  },
  {
    breaks: /\bADD COLUMN\b(?!.*\bDEFAULT\b).*\bNOT NULL\b/i,
    why: 'nodes of the version before do not know the column and could insert nothing. Give it a constant DEFAULT, or leave it nullable.',
  },
  {
    breaks: /\bSET NOT NULL\b/i,
    why: 'the whole table is read under a lock. Add CHECK (… IS NOT NULL) NOT VALID, and VALIDATE it in the next migration.',
  },
  {
    breaks: /\bADD CONSTRAINT\b(?!.*(?:\bNOT VALID\b|\bUSING INDEX\b))/i,
    why: 'the whole table is read under a lock. Say NOT VALID and VALIDATE it in the next migration; make UNIQUE and PRIMARY KEY of an index that was built CONCURRENTLY (USING INDEX).',
  },
  {
    breaks: /\bALTER COLUMN\b.*\b(?:SET DATA )?TYPE\b/i,
    why: 'the table is rewritten under a lock. Add a column of the new type, fill it in the upkeep, and change over.',
  },
  {
    breaks: /^(?:WITH\b.*)?\b(?:UPDATE|DELETE FROM|MERGE INTO)\b/i,
    why: 'the rows stay locked until the whole statement is done. Let the upkeep do it in parts after the start (see src/store/retention.ts).',
  },
  {
    breaks: /^(?:LOCK|TRUNCATE|CLUSTER|VACUUM|REINDEX|REFRESH)\b/i,
    why: 'it keeps the table locked for as long as it takes.',
  },
  {
    breaks: /\b(?:SET TABLESPACE|SET LOGGED|SET UNLOGGED)\b/i,
    why: 'the rows of the table are moved under a lock.',
  },
]

/** It reads the rows of the table under a lock, unless a CHECK that was validated before says that all of them fit. */
const attaches = /\bATTACH PARTITION\b/i
const saysAttach = /^-- attach: \S/m

/** What nodes of the version before may still use. */
const contracts = /^DROP\b|\b(?:DROP COLUMN|DROP CONSTRAINT|DROP DEFAULT|RENAME)\b/i
const saysContract = /^-- contract: \S/m

const createdTable = /^CREATE TABLE (?:IF NOT EXISTS )?"?(\w+)"?/i
const usedTable =
  /^(?:ALTER TABLE (?:IF EXISTS )?(?:ONLY )?|DROP TABLE (?:IF EXISTS )?|(?:LOCK|TRUNCATE)(?: TABLE)? |UPDATE |DELETE FROM |CREATE (?:UNIQUE )?INDEX .*? ON (?:ONLY )?)"?(\w+)"?/i
const isLong = /^(?:CREATE (?:UNIQUE )?INDEX CONCURRENTLY|DROP INDEX CONCURRENTLY)\b|\bVALIDATE CONSTRAINT\b/i

function tablesOf(statements: readonly string[], pattern: RegExp): ReadonlySet<string> {
  return new Set(statements.flatMap((statement) => pattern.exec(statement)?.[1] ?? []))
}

/**
 * What is wrong with a migration that runs while others use the tables.
 *
 * @param text of its file.
 * @returns a sentence for each fault.
 */
export function faultsOf(text: string): readonly string[] {
  const statements = statementsOf(text).map((statement) => statement.replace(/\s+/g, ' '))
  const made = tablesOf(statements, createdTable)
  const onOld = statements.filter((statement) => !made.has(usedTable.exec(statement)?.[1] ?? ''))
  const faults = onOld.flatMap((statement) =>
    rules.filter(({ breaks }) => breaks.test(statement)).map(({ why }) => `${statement.slice(0, 80)}: ${why}`),
  )
  if (onOld.some((statement) => contracts.test(statement)) && !saysContract.test(text))
    faults.push(
      'It takes away what nodes of the version before may use. Do so one version later, and say why nobody needs it in a line "-- contract: …".',
    )
  if (onOld.some((statement) => attaches.test(statement)) && !saysAttach.test(text))
    faults.push(
      'ATTACH PARTITION reads the rows of the table and builds indexes under a lock. Add a CHECK of its range NOT VALID, VALIDATE it in the next migration, match the indexes, and say so in a line "-- attach: …".',
    )
  const long = statements.filter((statement) => isLong.test(statement))
  if (long.length > 0 && long.length < statements.length)
    faults.push(
      'What takes long runs by itself: CONCURRENTLY and VALIDATE stand in a migration of their own (run db:generate once before and once after).',
    )
  const locked = [...tablesOf(onOld, usedTable)]
  if (long.length === 0 && locked.length > migrationTablesMax)
    faults.push(`It locks ${locked.join(', ')} at once: ${migrationTablesMax} tables may be. Make several migrations.`)
  return faults
}
