// Transactions, as the REST API lists them.

import { and, desc, eq, getTableColumns, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import { energyOf, noEvidence } from '../blocks/metering/energy.ts'
import type { GhostMoment, Page, PageOf, TransactionFilter, TransactionRecord } from '../blocks/records.ts'
import { storableText } from '../base/storable-text.ts'
import { evidenceOf } from './energy-queries.ts'
import type { ListedGhosts } from './ghosts.ts'
import { filteredKeys } from './identity-keys.ts'
import { isInScope, isOfScope } from './in-scope.ts'
import { filteredPageOf, type FilteredRows, type ListSource, withoutCursors } from './paging.ts'
import { isOfToken, startedIn } from './transaction-filter.ts'
import { pageOfTransactions } from './transaction-pages.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { Scope } from '../blocks/scope.ts'
import { transactions } from '../blocks/transactions/tables.ts'

/** The columns of a transaction, and whether it is open. */
export const transactionColumns = {
  ...getTableColumns(transactions),
  open: sql<boolean>`${transactions.stoppedAtMs} IS NULL`,
}

const recordColumns = {
  ...transactionColumns,
  identity: chargePoints.identity,
  // For the rows of a page only: they are selected by their ids, or few.
  corrections: sql<number>`(SELECT count(*)::int4 FROM transaction_corrections c WHERE c.transaction_id = ${transactions.transactionId})`,
}

/**
 * By arrival at any node. Ids have no order, because each node has a block of them. Start times have none, because they
 * are by the clock of a charge point.
 */
export const newestFirst = [desc(transactions.receivedAtMs), desc(transactions.transactionId)]

/** @param ghostsOf finds ghosts of charge points with these keys, or of all of the scope. */
export function createTransactionQueries(
  source: ListSource,
  ghostsOf: (keys: readonly number[] | null, scope: Scope, moment: GhostMoment) => Promise<ListedGhosts>,
) {
  const { db } = source
  const records = () =>
    db
      .select(recordColumns)
      .from(transactions)
      .innerJoin(chargePoints, eq(chargePoints.key, transactions.chargePointKey))
  const withEnergy = async (
    rows: readonly Omit<TransactionRecord, 'energy' | 'lastRegisterWh'>[],
  ): Promise<TransactionRecord[]> => {
    const evidence = await evidenceOf(source, rows)
    return rows.map((row) => {
      const known = evidence.get(row.transactionId) ?? noEvidence
      return { ...row, energy: energyOf(row, known), lastRegisterWh: known.lastRegisterWh }
    })
  }

  async function pageOfAll(
    filter: TransactionFilter,
    keys: readonly number[] | null,
    ghosts: ListedGhosts | null,
    page: Page,
  ): Promise<PageOf<TransactionRecord>> {
    const { ids, ...listed } = await pageOfTransactions(source, filter, keys, ghosts?.transactionIds ?? null, page)
    const isOnPage = sql`${transactions.transactionId} = ANY(${sql.param(ids)}::int8[])`
    const rows = ids.length === 0 ? [] : await records().where(isOnPage)
    const byId = new Map((await withEnergy(rows)).map((row) => [row.transactionId, row]))
    return { ...listed, items: ids.flatMap((id) => byId.get(id) ?? []) }
  }

  return {
    /**
     * Newest first: by the arrival of the first message, on PostgreSQL with a period by start. Transactions of deleted
     * charge points are included.
     */
    async listTransactions(filter: TransactionFilter, page: Page): Promise<PageOf<TransactionRecord>> {
      const keys = await filteredKeys(source, filter)
      const ghosts = filter.ghostsAt === undefined ? null : await ghostsOf(keys, filter.scope, filter.ghostsAt)
      const more = ghosts?.areMore === true ? { totalCountAtLeast: true as const } : {}
      if (source.rowsMax === null) return { ...(await pageOfAll(filter, keys, ghosts, page)), ...more }
      if (page.after !== undefined) throw withoutCursors()
      const listed = await filteredPageOf(
        source,
        page,
        filteredBy(filter, keys, ghosts),
        (where) =>
          records()
            .where(where)
            .orderBy(...newestFirst)
            .$dynamic(),
        (row) => row,
      )
      return { ...listed, ...more, items: await withEnergy(listed.items) }
    },

    /** Ids of the transactions of a filter that count as ghosts. */
    async ghostIds(
      filter: Pick<TransactionFilter, 'scope' | 'identity'>,
      moment: GhostMoment,
    ): Promise<readonly number[]> {
      return (await ghostsOf(await filteredKeys(source, filter), filter.scope, moment)).transactionIds
    },

    async transaction(transactionId: number, scope: Scope): Promise<TransactionRecord | null> {
      const isIt = and(eq(transactions.transactionId, transactionId), isInScope(scope))
      const [record] = await withEnergy(await records().where(isIt))
      return record ?? null
    },
  }
}

// On the embedded database. An index finds transactions by charge point, by id token, by being open, or by time. They
// are tried in this order, because the first ones find the fewest rows. `keys` are those of `filteredKeys`. Ghosts have
// been found before, and few of them.
function filteredBy(
  filter: TransactionFilter,
  keys: readonly number[] | null,
  ghosts: ListedGhosts | null,
): FilteredRows {
  const { scope } = filter
  const { chargePointKey, transactionId, startedAtMs } = transactions
  const { isOpen, isStopped, isInTime, hasToken } = conditionsOf(filter)
  const by = (leads: FilteredRows['leads'], leadOrder: FilteredRows['leadOrder'], rest: SQL | undefined) => {
    // Not in `rest`: rows of others must not count as looked at.
    const isOurs = keys === null ? isOfScope(scope, chargePointKey) : undefined
    return {
      table: transactions,
      key: transactionId,
      leads: leads.map((lead) => and(lead, isOurs)),
      leadOrder,
      rest,
      order: newestFirst,
    }
  }
  if (ghosts !== null) {
    const ids = ghosts.transactionIds
    const leads = ids.length === 0 ? [] : [sql`${transactionId} = ANY(${sql.param(ids)}::int8[])`]
    return by(leads, newestFirst, and(hasToken, isInTime, isNull(transactions.stoppedAtMs), isStopped))
  }
  if (keys !== null) {
    const leads = keys.map((key) => and(eq(chargePointKey, key), isOpen))
    return by(leads, newestFirst, and(hasToken, isInTime, isStopped))
  }
  if (hasToken !== undefined) return by([hasToken], newestFirst, and(isInTime, isOpen, isStopped))
  if (isOpen !== undefined) return by([isOpen], [desc(chargePointKey), ...newestFirst], isInTime)
  if (isInTime !== undefined) return by([isInTime], [desc(startedAtMs), desc(transactionId)], isStopped)
  return by([undefined], newestFirst, isStopped)
}

/** What a filter asks for, beside its charge points and ghosts; undefined: each transaction has it. */
export function conditionsOf(filter: TransactionFilter) {
  const { idToken, open } = filter
  const { stoppedAtMs } = transactions
  return {
    isOpen: open === true ? isNull(stoppedAtMs) : undefined,
    isStopped: open === false ? isNotNull(stoppedAtMs) : undefined,
    isInTime: startedIn(filter),
    hasToken: idToken === undefined ? undefined : isOfToken(storableText(idToken)),
  }
}
