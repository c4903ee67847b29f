// Batches of id tokens. Letter case does not count: a line finds an id token however it is spelt.

import { eq, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { BatchMode, IdTokenLine, LineOutcome } from '../blocks/batch.ts'
import type { IdTokenInput, IdTokenRecord } from '../blocks/records.ts'
import { arrayOf, batchRows } from './batch-rows.ts'
import { type BatchKind, type BatchStore, Overtaken, type Planned, storeBatch, unlessSame } from './batches.ts'
import { columnsOf } from './id-token-queries.ts'
import { idKeyOf } from './live-queries.ts'
import { idTokens } from './schema.ts'
import { bool, instant, text } from './wire/columns.ts'

const keyColumn = text<IdTokenLine>(({ idToken }) => idKeyOf(idToken))

const columns = {
  key: keyColumn,
  token: text<IdTokenLine>(({ idToken }) => idToken),
  new_status: text<IdTokenLine>(({ input }) => input.status ?? null),
  sets_type: bool<IdTokenLine>(({ input }) => input.type !== undefined),
  new_type: text<IdTokenLine>(({ input }) => input.type ?? null),
  sets_expiry: bool<IdTokenLine>(({ input }) => input.expiryDateMs !== undefined),
  new_expiry: instant<IdTokenLine>(({ input }) => input.expiryDateMs ?? null),
  sets_parent: bool<IdTokenLine>(({ input }) => input.parentIdTag !== undefined),
  new_parent: text<IdTokenLine>(({ input }) => input.parentIdTag ?? null),
}

const kind: BatchKind<IdTokenLine, LineOutcome> = { plan, insert, update }

export function createIdTokenBatches(store: BatchStore) {
  return {
    /** Creates or changes the id token of each line; no two lines have the same one. */
    async storeIdTokens(lines: readonly IdTokenLine[], mode: BatchMode): Promise<LineOutcome[]> {
      return storeBatch(store, lines, mode, kind)
    },
  }
}

async function plan(
  db: NodePgDatabase,
  lines: readonly IdTokenLine[],
): Promise<readonly Planned<IdTokenLine, LineOutcome>[]> {
  const found = await db
    .select()
    .from(idTokens)
    .where(sql`${idTokens.idKey} = ANY(${arrayOf(keyColumn, lines)})`)
  const stored = new Map(found.map((row) => [row.idKey, row]))
  return lines.map((line) => ({ line, outcome: { result: resultOf(line.input, stored.get(idKeyOf(line.idToken))) } }))
}

function resultOf(input: IdTokenInput, stored: IdTokenRecord | undefined): 'created' | 'changed' | 'unchanged' {
  if (stored === undefined) return 'created'
  const { status, type, expiryDateMs, parentIdTag } = columnsOf(input)
  const isChanged = [
    unlessSame(status, stored.status),
    unlessSame(type, stored.type),
    unlessSame(expiryDateMs, stored.expiryDateMs),
    unlessSame(parentIdTag, stored.parentIdTag),
  ].some((value) => value !== undefined)
  return isChanged ? 'changed' : 'unchanged'
}

type PlannedToken = Planned<IdTokenLine, LineOutcome>

async function insert(db: NodePgDatabase, planned: readonly PlannedToken[]): Promise<void> {
  const rows = batchRows(columns, linesOf(planned))
  await db.execute(sql`
    INSERT INTO id_tokens (id_key, id_token, status, type, expiry_date, parent_id_tag)
    SELECT key, token, COALESCE(new_status, 'Accepted'), new_type, new_expiry, new_parent FROM ${rows}`)
}

async function update(db: NodePgDatabase, planned: readonly PlannedToken[]): Promise<void> {
  const { rowCount } = await db
    .update(idTokens)
    .set({
      status: sql`COALESCE(v.new_status, status)`,
      type: sql`CASE WHEN v.sets_type THEN v.new_type ELSE type END`,
      expiryDateMs: sql`CASE WHEN v.sets_expiry THEN v.new_expiry ELSE expiry_date END`,
      parentIdTag: sql`CASE WHEN v.sets_parent THEN v.new_parent ELSE parent_id_tag END`,
    })
    .from(batchRows(columns, linesOf(planned)))
    .where(eq(idTokens.idKey, sql`v.key`))
  if ((rowCount ?? 0) < planned.length) throw new Overtaken()
}

function linesOf(planned: readonly PlannedToken[]): IdTokenLine[] {
  return planned.map(({ line }) => line)
}
