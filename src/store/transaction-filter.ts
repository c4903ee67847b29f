// The conditions of a filter of transactions, as SQL that indexes know.

import { and, gte, lte, type SQL, sql } from 'drizzle-orm'
import type { TransactionFilter } from '../blocks/records.ts'
import { transactions } from '../blocks/transactions/tables.ts'

/** Whether a transaction started in the period; undefined: there is none. */
export function startedIn({ startedFromMs, startedToMs }: TransactionFilter): SQL | undefined {
  const { startedAtMs } = transactions
  return and(
    startedFromMs === undefined ? undefined : gte(startedAtMs, startedFromMs),
    startedToMs === undefined ? undefined : lte(startedAtMs, startedToMs),
  )
}

/** Characters of an id token that indexes have. */
const indexedCharacters = 64

/**
 * Whether a transaction has this token, whatever the letter case. Of a shorter token the index alone knows; the second
 * condition would make PostgreSQL expect far fewer rows than there are, and read another index from end to end.
 */
export function isOfToken(token: string): SQL {
  const { idToken } = transactions
  const key = sql`left(lower(${idToken}), ${sql.raw(String(indexedCharacters))}) = left(lower(${token}), ${sql.raw(String(indexedCharacters))})`
  // Letters may have another length in lower case, but never two more.
  return token.length * 3 < indexedCharacters ? key : sql`(${key} AND lower(${idToken}) = lower(${token}))`
}
