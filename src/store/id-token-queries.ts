// Id tokens, as the REST API lists and provisions them. Letter case does not count.

import { and, asc, eq, gt } from 'drizzle-orm'
import { StatorError } from '../base/errors.ts'
import type { IdTokenInput, IdTokenRecord, Page, PageOf } from '../blocks/records.ts'
import { withDefined } from '../base/with-defined.ts'
import { storableText } from '../base/storable-text.ts'
import { idKeyOf } from './live-queries.ts'
import { type ListSource, pageOf } from './paging.ts'
import { idTokens } from './schema.ts'
import { databaseError } from './store-error.ts'

const uniqueViolation = '23505'

export function createIdTokenQueries(source: ListSource) {
  const { db } = source

  async function idTokenRecord(idToken: string): Promise<IdTokenRecord | null> {
    const [row] = await db
      .select()
      .from(idTokens)
      .where(eq(idTokens.idKey, idKeyOf(idToken)))
    return row === undefined ? null : recordOf(row)
  }

  return {
    /** By id token. */
    async listIdTokens(filter: { readonly status?: IdTokenRecord['status'] } & Page): Promise<PageOf<IdTokenRecord>> {
      const where = filter.status === undefined ? undefined : eq(idTokens.status, filter.status)
      return pageOf(
        source,
        filter,
        { table: idTokens, where },
        db.select().from(idTokens).where(where).orderBy(asc(idTokens.idKey)).$dynamic(),
        recordOf,
      )
    },

    /** Those after the id token `after`, by id token; null: from the first one. */
    async idTokensAfter(
      { status }: { readonly status?: IdTokenRecord['status'] },
      after: string | null,
      rowsMax: number,
    ): Promise<IdTokenRecord[]> {
      const isWanted = status === undefined ? undefined : eq(idTokens.status, status)
      const isAfter = after === null ? undefined : gt(idTokens.idKey, idKeyOf(after))
      const rows = await db
        .select()
        .from(idTokens)
        .where(and(isWanted, isAfter))
        .orderBy(asc(idTokens.idKey))
        .limit(rowsMax)
      return rows.map(recordOf)
    },

    idTokenRecord,

    /** @throws {StatorError} `CONFLICT` when the id token exists, in whatever letter case. */
    async createIdToken(idToken: string, input: IdTokenInput): Promise<IdTokenRecord> {
      const values = {
        status: 'Accepted' as const,
        ...columnsOf(input),
        idKey: idKeyOf(idToken),
        idToken: storableText(idToken),
      }
      const [row] = await db
        .insert(idTokens)
        .values(values)
        .returning()
        .catch((error: unknown) => {
          if (databaseError(error)?.code !== uniqueViolation) throw error
          throw new StatorError('CONFLICT', `Id token '${idToken}' exists already.`, undefined, error)
        })
      if (row === undefined) throw new StatorError('INTERNAL', `Id token '${idToken}' was not stored.`)
      return recordOf(row)
    },

    /** Null when there is none. */
    async updateIdToken(idToken: string, input: IdTokenInput): Promise<IdTokenRecord | null> {
      const columns = columnsOf(input)
      if (Object.keys(columns).length === 0) return idTokenRecord(idToken)
      const [row] = await db
        .update(idTokens)
        .set(columns)
        .where(eq(idTokens.idKey, idKeyOf(idToken)))
        .returning()
      return row === undefined ? null : recordOf(row)
    },

    /** False when there was none. */
    async deleteIdToken(idToken: string): Promise<boolean> {
      const deleted = await db
        .delete(idTokens)
        .where(eq(idTokens.idKey, idKeyOf(idToken)))
        .returning({ idKey: idTokens.idKey })
      return deleted.length > 0
    },
  }
}

/** What `input` stores. */
export function columnsOf(input: IdTokenInput) {
  const { type, status, expiryDateMs, parentIdTag } = input
  return withDefined({
    status,
    expiryDateMs,
    type: typeof type === 'string' ? storableText(type) : type,
    parentIdTag: typeof parentIdTag === 'string' ? storableText(parentIdTag) : parentIdTag,
  })
}

function recordOf(row: typeof idTokens.$inferSelect): IdTokenRecord {
  const { idKey: _, tariff: __, personalMessage: ___, ...record } = row
  return record
}
