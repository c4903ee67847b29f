// Transactions, for exports: in the order of the arrival of their first message.

import { and, eq, sql } from 'drizzle-orm'
import { pageSizeMax } from '../../base/limits.ts'
import { chargePoints } from '../../blocks/charge-point-tables.ts'
import { parseInstant } from '../../blocks/column-types.ts'
import { energyOf, needsEvidence, noEvidence } from '../../blocks/metering/energy.ts'
import type { TransactionItemRecord } from '../../blocks/transactions/transaction-item.ts'
import type { ExportedTransactions } from '../../blocks/exports.ts'
import { transactions } from '../../blocks/transactions/tables.ts'
import { piecesOf } from '../../base/in-turns.ts'
import { evidenceOf, type EnergyRecord } from '../energy-queries.ts'
import { filteredKeys } from '../identity-keys.ts'
import { isOfScope } from '../in-scope.ts'
import { conditionsOf } from '../transaction-queries.ts'
import { numberOf, type RawRow, textOf, wordOf } from './raw-row.ts'
import { type ExportRows, type ExportSession, type Keyed, keyOf, type Part } from './session.ts'

/** The types of the key of a transaction: its arrival, and its id. */
export const transactionKey = ['timestamptz', 'int8'] as const

type Unweighed = Omit<TransactionItemRecord, 'energy' | 'lastRegisterWh'> & EnergyRecord

/** Oldest first. Transactions of deleted charge points are included. */
export async function* exportedTransactions(
  session: ExportSession,
  { filter, transactionIds }: ExportedTransactions,
  part: Part,
): AsyncGenerator<readonly Keyed<TransactionItemRecord>[]> {
  const keys = await filteredKeys({ db: session.db, rowsMax: null }, filter)
  const { chargePointKey, transactionId, receivedAtMs } = transactions
  const { isOpen, isStopped, isInTime, hasToken } = conditionsOf(filter)
  const isOfKeys = keys === null ? undefined : sql`${chargePointKey} = ANY(${sql.param(keys)}::int4[])`
  const isListed =
    transactionIds === null ? undefined : sql`${transactionId} = ANY(${sql.param(transactionIds)}::int8[])`
  const isOurs = keys === null ? isOfScope(filter.scope, chargePointKey) : undefined
  // Each of these has an index with the order of arrival.
  const [key] = keys ?? []
  const lead = keys?.length === 1 && key !== undefined ? eq(chargePointKey, key) : hasToken
  const rows: ExportRows = {
    branches: [
      {
        select: {
          identity: chargePoints.identity,
          evseId: transactions.evseId,
          idToken: transactions.idToken,
          startedAt: transactions.startedAtMs,
          stoppedAt: transactions.stoppedAtMs,
          meterStartWh: transactions.meterStartWh,
          meterStopWh: transactions.meterStopWh,
          stopReason: transactions.stopReason,
          closedBy: transactions.closedBy,
          stationTransactionId: transactions.stationTransactionId,
          registerFellFromWh: transactions.registerFellFromWh,
        },
        from: sql`${transactions} JOIN ${chargePoints} ON ${chargePoints.key} = ${chargePointKey}`,
        lead,
        rest: and(isOfKeys, isListed, isOurs, hasToken, isInTime, isOpen, isStopped),
        key: [receivedAtMs, transactionId],
      },
    ],
    keyTypes: transactionKey,
  }
  for await (const piece of session.pieces(rows, part)) {
    const records = piece.map(recordOf)
    const known = await evidenceFor(session, records)
    yield records.map((record, at) => {
      const evidence = known.get(record.transactionId) ?? noEvidence
      const { lastRegisterWh } = evidence
      return {
        record: { ...record, energy: energyOf(record, evidence), lastRegisterWh },
        key: keyOf(piece[at] ?? {}, rows),
      }
    })
  }
}

// As many at once as are on the largest page of the list.
async function evidenceFor({ db }: ExportSession, records: readonly EnergyRecord[]) {
  const known: Awaited<ReturnType<typeof evidenceOf>>[] = []
  for (const some of piecesOf(records.filter(needsEvidence), pageSizeMax)) known.push(await evidenceOf({ db }, some))
  return new Map(known.flatMap((some) => [...some]))
}

function recordOf(row: RawRow): Unweighed {
  const stoppedAt = row['stoppedAt']
  return {
    transactionId: Number(row['key1']),
    identity: String(row['identity']),
    evseId: Number(row['evseId']),
    idToken: textOf(row['idToken']),
    startedAtMs: parseInstant(String(row['startedAt'])),
    stoppedAtMs: stoppedAt === null ? null : parseInstant(String(stoppedAt)),
    open: stoppedAt === null,
    meterStartWh: numberOf(row['meterStartWh']),
    meterStopWh: numberOf(row['meterStopWh']),
    stopReason: textOf(row['stopReason']),
    closedBy: wordOf(row['closedBy'], ['station', 'operator']),
    stationTransactionId: textOf(row['stationTransactionId']),
    registerFellFromWh: numberOf(row['registerFellFromWh']),
  }
}
