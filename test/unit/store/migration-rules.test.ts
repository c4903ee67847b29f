// No migration locks a large table for long, or takes away what nodes of the version before use. The older ones may:
// they are from before the time when nodes of two versions could work on one database.

import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { faultsOf } from '../../support/migration-rules.ts'
import { ownMigrations, readJournal } from '../../support/migration-folder.ts'

/** The first that runs beside nodes of the version before. */
const first = '0010_untimed_facts'

const textOf = (name: string): string => readFileSync(join(ownMigrations, `${name}.sql`), 'utf8')
const { entries } = await readJournal()
const names = entries.map(({ tag }) => tag)

for (const name of names.slice(names.indexOf(first))) {
  test(`${name} may run while nodes of the previous version work (docs/migrations.md)`, () => {
    expect(faultsOf(textOf(name))).toEqual([])
  })
}

test('the journal names every migration, and each was made after the one before it: an earlier one would never run', () => {
  const files = readdirSync(ownMigrations).filter((file) => file.endsWith('.sql'))
  expect(names.map((name) => `${name}.sql`).toSorted()).toEqual(files.toSorted())
  const made = entries.map(({ when }) => when)
  expect(made).toEqual([...new Set(made)].toSorted((a, b) => a - b))
})

const breakpoint = '--> statement-breakpoint\n'

describe('a migration is refused that', () => {
  const wrong: readonly (readonly [what: string, text: string, why: string])[] = [
    ['builds an index while nobody can write', 'CREATE INDEX "x" ON "transactions" ("id");', '.concurrently()'],
    ['builds a unique index so', 'CREATE UNIQUE INDEX "x" ON "charge_points" (lower("identity"));', '.concurrently()'],
    [
      'drops an index twice when it is interrupted',
      '-- contract: unused.\nDROP INDEX CONCURRENTLY "x";',
      'Say IF EXISTS',
    ],
    [
      'adds a column that differs from row to row',
      'ALTER TABLE "t" ADD COLUMN "x" uuid DEFAULT gen_random_uuid();',
      'rewrites',
    ],
    [
      'adds a column with a default that is computed',
      `ALTER TABLE "t" ADD COLUMN "x" text DEFAULT 'a' || random();`,
      'rewrites',
    ],
    ['adds a generated column', 'ALTER TABLE "t" ADD COLUMN "x" int GENERATED ALWAYS AS (1) STORED;', 'rewritten'],
    [
      'adds a column that old nodes cannot fill',
      'ALTER TABLE "t" ADD COLUMN "x" text NOT NULL;',
      'could insert nothing',
    ],
    ['makes a column NOT NULL', 'ALTER TABLE "t" ALTER COLUMN "x" SET NOT NULL;', 'VALIDATE'],
    ['adds a constraint that is checked at once', 'ALTER TABLE "t" ADD CONSTRAINT "x" UNIQUE("a");', 'USING INDEX'],
    ['changes a type', 'ALTER TABLE "t" ALTER COLUMN "x" SET DATA TYPE bigint;', 'new type'],
    ['writes all rows', 'UPDATE "charge_points" SET "node" = NULL WHERE NOT "connected";', 'in parts'],
    ['locks a table', 'LOCK TABLE "t";', 'locked'],
    ['makes a partition of a full table', 'ALTER TABLE "t" ATTACH PARTITION "u" DEFAULT;', '-- attach:'],
    ['drops a column without a word', 'ALTER TABLE "t" DROP COLUMN "x";', '-- contract:'],
    ['renames without a word', 'ALTER TABLE "t" RENAME COLUMN "x" TO "y";', '-- contract:'],
    ['drops an index without a word', 'DROP INDEX "x";', '-- contract:'],
    [
      'mixes what takes long with what does not',
      `ALTER TABLE "t" ADD COLUMN "x" int;${breakpoint}CREATE INDEX CONCURRENTLY "y" ON "t" ("x");`,
      'of their own',
    ],
    [
      'locks many tables at once',
      ['a', 'b', 'c', 'd', 'e'].map((table) => `ALTER TABLE "${table}" ADD COLUMN "x" int;`).join(breakpoint),
      'a, b, c, d, e at once',
    ],
  ]
  for (const [what, text, why] of wrong) {
    test(what, () => {
      expect(faultsOf(text)).toEqual([expect.stringContaining(why)])
    })
  }
})

describe('a migration is good that', () => {
  const right: readonly (readonly [what: string, text: string])[] = [
    ['adds columns', `ALTER TABLE "t" ADD COLUMN "x" json;${breakpoint}ALTER TABLE "t" ADD COLUMN "y" text;`],
    ['adds a column with a constant', `ALTER TABLE "t" ADD COLUMN "x" text DEFAULT 'a'::text NOT NULL;`],
    ['adds a number', 'ALTER TABLE "t" ADD COLUMN "x" integer DEFAULT 1 NOT NULL;'],
    [
      'adds the time of the migration',
      'ALTER TABLE "t" ADD COLUMN "x" timestamp with time zone DEFAULT now() NOT NULL;',
    ],
    ['builds an index beside everything else', 'CREATE INDEX CONCURRENTLY "x" ON "transactions" ("id");'],
    ['adds a constraint for new rows', 'ALTER TABLE "t" ADD CONSTRAINT "x" CHECK ("a" IS NOT NULL) NOT VALID;'],
    ['checks the old ones', 'ALTER TABLE "t" VALIDATE CONSTRAINT "x";'],
    ['says why nobody needs what it drops', '-- contract: unused since 0010.\nALTER TABLE "t" DROP COLUMN "x";'],
    [
      'does what it likes with a table of its own',
      `CREATE TABLE "new" ("a" int NOT NULL);${breakpoint}CREATE INDEX "x" ON "new" USING btree ("a");${breakpoint}ALTER TABLE "new" ADD CONSTRAINT "y" UNIQUE("a");`,
    ],
  ]
  for (const [what, text] of right) {
    test(what, () => {
      expect(faultsOf(text)).toEqual([])
    })
  }
})
