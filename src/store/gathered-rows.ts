// The rows that the change sets of a transaction add to tables, until the statements that store them are made. What is particular
// about a table stands in its entry of `rowTables`; one that is only replaced by key needs a line.

import { storableKey } from '../base/storable-text.ts'
import type { ChangeSet } from '../csms/decision.ts'
import type { NewRow, RowChange, StoredTable } from '../csms/stored-rows.ts'
import { connectors, problems, variables } from '../csms/tables.ts'
import { correctTransactions } from './corrections.ts'
import {
  deleteProblems,
  isOlderProblem,
  noteProblemTimes,
  upsertProblems,
  upsertVariables,
} from './device-statements.ts'
import { eventRow } from './event-row.ts'
import { bindRows, type BoundStatement } from './statement.ts'
import { insertChargePointEvents, insertTransactions, upsertConnectors } from './statements.ts'
import { type KeyColumn, keyColumnsOf } from './table-statement.ts'

/** The epoch that must be the newest of the charge point for the set to be stored; null: any may be. */
export function fenceOf({ epoch, isOvertaken }: ChangeSet): number | null {
  return epoch === 0 || isOvertaken === true ? null : epoch
}

/** What a row has of its message: whose it was and when it came, under each name that a table has for that. */
type OfMessage = {
  readonly chargePointKey: number
  readonly epoch: number | null
  readonly messageId: string
  readonly atMs: number
  readonly receivedAtMs: number
  readonly updatedAtMs: number
}

type Written<Name extends StoredTable> = NewRow<Name> & OfMessage

/** The rows of one table. */
export interface Gathered<Name extends StoredTable> {
  add(set: ChangeSet, change: RowChange<Name>): void
  /** In the order in which they have to run. */
  statements(): readonly BoundStatement[]
}

interface Parts<Name extends StoredTable, Row> {
  readonly rowOf: (set: ChangeSet, change: RowChange<Name>) => Row
  /** Of the rows with one key the last counts: no statement can touch a row twice. Without it each is a row of its own. */
  readonly keyOf?: (row: Row) => string | number
  /** Whether it does not count although it comes later. */
  readonly isOlder?: (row: Row, known: Row) => boolean
  readonly statements: (rows: readonly Row[]) => readonly BoundStatement[]
}

function gathering<Name extends StoredTable, Row>(parts: Parts<Name, Row>): () => Gathered<Name> {
  const { rowOf, keyOf, isOlder, statements } = parts
  return () => {
    const byKey = new Map<string | number, Row>()
    const keyless: Row[] = []
    return {
      add(set, change) {
        const row = rowOf(set, change)
        if (keyOf === undefined) {
          keyless.push(row)
          return
        }
        const key = keyOf(row)
        const known = isOlder === undefined ? undefined : byKey.get(key)
        if (known === undefined || isOlder?.(row, known) !== true) byKey.set(key, row)
      },
      statements: () => statements(keyOf === undefined ? keyless : [...byKey.values()]),
    }
  }
}

function written<Name extends StoredTable>(set: ChangeSet, change: { readonly row: NewRow<Name> }): Written<Name> {
  const { chargePointKey, messageId, receivedAtMs } = set
  return {
    ...change.row,
    chargePointKey,
    epoch: fenceOf(set),
    messageId,
    atMs: receivedAtMs,
    receivedAtMs,
    updatedAtMs: receivedAtMs,
  }
}

/** Longest text in a key, in characters (2.0.1 allows 50): four of them have to fit an index entry. */
const keyCharactersMax = 128

/** Cuts the texts of a row's key to what fits an index entry, each to one of its own. */
function withKey<Row extends Readonly<Record<string, unknown>>>(row: Row, key: readonly KeyColumn[]): Row {
  const texts: Record<string, unknown> = row
  for (const { name, isText } of key) {
    const value = texts[name]
    if (isText && typeof value === 'string') texts[name] = storableKey(value, keyCharactersMax)
  }
  return row
}

function keyIn(row: Readonly<Record<string, unknown>>, key: readonly KeyColumn[]): string {
  let text = ''
  for (const { name } of key) text += `${String(row[name])}\0`
  return text
}

const keyOfConnector = keyColumnsOf(connectors)
const keyOfVariable = keyColumnsOf(variables)
const keyOfProblem = keyColumnsOf(problems)

/** How the rows of each table are stored. What is begun is stored before it is changed, so `transactions` comes early. */
const rowTables: { readonly [Name in StoredTable]: () => Gathered<Name> } = {
  connectors: gathering<'connectors', Written<'connectors'>>({
    rowOf: written,
    keyOf: (row) => keyIn(row, keyOfConnector),
    statements: (rows) => bindRows(upsertConnectors, rows),
  }),
  transactions: gathering<'transactions', Written<'transactions'>>({
    rowOf: written,
    statements: (rows) => bindRows(insertTransactions, rows),
  }),
  transactionCorrections: gathering<'transactionCorrections', Written<'transactionCorrections'>>({
    rowOf: written,
    keyOf: (row) => row.transactionId,
    statements: (rows) => bindRows(correctTransactions, rows),
  }),
  chargePointEvents: gathering({
    rowOf: eventRow,
    statements: (rows) => bindRows(insertChargePointEvents, rows),
  }),
  variables: gathering<'variables', Written<'variables'>>({
    rowOf: (set, change) => withKey(written(set, change), keyOfVariable),
    keyOf: (row) => keyIn(row, keyOfVariable),
    statements: (rows) => bindRows(upsertVariables, rows),
  }),
  problems: gathering<'problems', Written<'problems'> & { readonly isActive: boolean }>({
    rowOf: (set, change) => ({ ...withKey(written<'problems'>(set, change), keyOfProblem), isActive: change.isActive }),
    keyOf: (row) => keyIn(row, keyOfProblem),
    isOlder: isOlderProblem,
    statements: (rows) => [
      ...bindRows(noteProblemTimes, rows),
      ...bindRows(
        upsertProblems,
        rows.filter(({ isActive }) => isActive),
      ),
      ...bindRows(
        deleteProblems,
        rows.filter(({ isActive }) => !isActive),
      ),
    ],
  }),
}

/** No rows yet, of any table. */
export function gatherRows(): { readonly [Name in StoredTable]: Gathered<Name> } {
  return {
    connectors: rowTables.connectors(),
    transactions: rowTables.transactions(),
    transactionCorrections: rowTables.transactionCorrections(),
    chargePointEvents: rowTables.chargePointEvents(),
    variables: rowTables.variables(),
    problems: rowTables.problems(),
  }
}
