// The rows that the change sets of a transaction add to tables, until the statements that store them are made. Special
// rules of a table are in its entry of `particular`. A table whose rows only replace each other needs no entry.

import { getTableName } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { storableKey } from '../base/storable-text.ts'
import type { ChangeSet } from '../blocks/decision.ts'
import type { NewRow, RowChange, StoredTable } from '../blocks/stored-rows.ts'
import { storedTables } from '../blocks/tables.ts'
import { connectors } from '../blocks/availability/tables.ts'
import { monitors, problems } from '../blocks/diagnostics/tables.ts'
import { variables } from '../blocks/provisioning/tables.ts'
import { installedCertificates } from '../blocks/certificates/tables.ts'
import { correctTransactions } from './corrections.ts'
import {
  deleteMonitors,
  deleteProblems,
  isOlderProblem,
  noteProblemTimes,
  upsertMonitors,
  upsertProblems,
} from './device-statements.ts'
import { eventRow } from './event-row.ts'
import { type InstalledRow, storeInstalled } from './installed-statements.ts'
import { moveJobs } from './jobs.ts'
import { bindRows } from './statement.ts'
import type { BoundStatement } from './wire/bind-messages.ts'
import { insertChargePointEvents, insertTransactions, upsertConnectors } from './statements.ts'
import { type KeyColumn, keyColumnsOf, upsert } from './table-statement.ts'
import { storeVariables } from './variable-statements.ts'

/**
 * The fencing token of the set: the epoch that must be the newest of the charge point for the set to be stored. Null:
 * not fenced.
 */
export function fenceOf({ epoch, isOvertaken }: ChangeSet): number | null {
  return epoch === 0 || isOvertaken === true ? null : epoch
}

/** What a row takes from its message: charge point and arrival, under each name that a table has for them. */
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
export interface Gathered<Name extends StoredTable = StoredTable> {
  add(set: ChangeSet, change: RowChange<Name>): void
  /** In the order in which they have to run. */
  statements(): readonly BoundStatement[]
}

interface Parts<Name extends StoredTable, Row> {
  readonly rowOf: (set: ChangeSet, change: RowChange<Name>) => Row
  /**
   * Of several rows with the same key the last counts, because no statement can change a row twice. Without a key, each
   * is a row of its own.
   */
  readonly keyOf?: (row: Row) => string | number
  /** Whether a later row does not count. */
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

/** Longest text in a key, in characters (2.0.1 allows 50): four of them have to fit into an index entry. */
const keyCharactersMax = 128

/** Cuts the texts of a row's key to what fits into an index entry. Different texts stay different. */
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
const keyOfProblem = keyColumnsOf(problems)
const keyOfInstalled = keyColumnsOf(installedCertificates)
const keyOfMonitor = keyColumnsOf(monitors)
const keyOfVariable = keyColumnsOf(variables)

/**
 * How the rows of a table with special rules are stored: those where a row does more than replace the one with its key.
 */
const particular: { readonly [Name in StoredTable]?: () => Gathered<Name> } = {
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
  // Two moves from one state have the same key: the second finds its place taken (`outdated.ts`).
  jobEvents: gathering<'jobEvents', Written<'jobEvents'>>({
    rowOf: written,
    keyOf: (row) => `${row.jobId}/${row.place}`,
    statements: (rows) => bindRows(moveJobs, rows),
  }),
  chargePointEvents: gathering({
    rowOf: eventRow,
    statements: (rows) => bindRows(insertChargePointEvents, rows),
  }),
  // An answer about a value does not take the place of a report in the same transaction.
  variables: gathering<'variables', Written<'variables'> & Pick<RowChange<'variables'>, 'tells'>>({
    rowOf: (set, change) => {
      const row = withKey(written<'variables'>(set, change), keyOfVariable)
      return change.tells === undefined ? row : { ...row, tells: change.tells }
    },
    keyOf: (row) => `${row.tells ?? ''}\0${keyIn(row, keyOfVariable)}`,
    statements: storeVariables,
  }),
  // In the order in which they came: a certificate that is reported after its deletion is there.
  installedCertificates: gathering<'installedCertificates', InstalledRow>({
    rowOf: (set, change) => ({
      ...withKey(written<'installedCertificates'>(set, change), keyOfInstalled),
      gone: change.gone ?? null,
    }),
    statements: storeInstalled,
  }),
  monitors: gathering<'monitors', Written<'monitors'> & { readonly isCleared: boolean }>({
    rowOf: (set, change) => ({ ...written<'monitors'>(set, change), isCleared: change.isCleared === true }),
    keyOf: (row) => keyIn(row, keyOfMonitor),
    statements: (rows) => [
      ...bindRows(
        upsertMonitors,
        rows.filter(({ isCleared }) => !isCleared),
      ),
      ...bindRows(
        deleteMonitors,
        rows.filter(({ isCleared }) => isCleared),
      ),
    ],
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

/** How the rows of every other table are stored. */
const replacements = new Map(
  Object.entries<PgTable>(storedTables).map(([name, table]) => [
    name,
    { key: keyColumnsOf(table), upsert: upsert(`upsert_${getTableName(table)}`, table) },
  ]),
)

function replacing(name: StoredTable): Gathered {
  const replacement = replacements.get(name)
  if (replacement === undefined) throw new TypeError(`${name} is no table of blocks/tables.ts.`)
  const { key, upsert: replace } = replacement
  return gathering<StoredTable, Written<StoredTable>>({
    rowOf: (set, change) => withKey(written(set, change), key),
    keyOf: (row) => keyIn(row, key),
    statements: (rows) => bindRows(replace, rows),
  })()
}

/** An empty collection of rows of a table. */
export function gather(name: StoredTable): Gathered {
  return particular[name]?.() ?? replacing(name)
}
