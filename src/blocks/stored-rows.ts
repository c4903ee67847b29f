// The rows that decisions append or replace, and the patches of rows that are there. A change names a table and has a
// row of it, without what the store fills in from the message behind it, or the columns that change; the types are
// those of the table's columns.

import type { PgTable } from 'drizzle-orm/pg-core'
import type { chargePoints, unpatchedColumns as unpatchedOfChargePoint } from './charge-point-tables.ts'
import type { storedTables } from './tables.ts'
import type {
  endColumns,
  fallColumns,
  transactions,
  unpatchedColumns as unpatchedOfTransaction,
} from './transactions/tables.ts'

/** A name that a table has for a column. */
export type NameOf<T extends PgTable> = keyof T['$inferSelect'] & string

/** A row of a table as it is written: JSON may be a text already. */
export type RowOf<T extends PgTable> = {
  [Name in NameOf<T>]:
    T['$inferSelect'][Name] | (T['_']['columns'][Name] extends { _: { dataType: 'json' } } ? string : never)
}

/** A row of which what is null may be left out. */
export type WithoutNulls<Row> = Partial<Row> & {
  [Name in keyof Row as null extends Row[Name] ? never : Name]: Row[Name]
}

type Tables = typeof storedTables

/** A table that decisions add rows to. */
export type StoredTable = keyof Tables

/** A row of one of them. */
export type StoredRow<Name extends StoredTable> = RowOf<Tables[Name]>

/** Columns that the store fills in: whose message it was, when it came, and what tells rows apart. */
type OfMessage =
  'chargePointKey' | 'messageId' | 'digest' | 'atMs' | 'receivedAtMs' | 'updatedAtMs' | 'statusSinceMs' | 'changedAtMs'

/** Columns that only what comes later fills: the end of a transaction, and what a correction replaced. */
interface Later {
  readonly transactions: (typeof endColumns | typeof fallColumns)[number]
  readonly transactionCorrections: 'stoppedAtBeforeMs' | 'meterStopWhBefore' | 'stopReasonBefore'
}

type LaterOf<Name extends StoredTable> = Name extends keyof Later ? Later[Name] : never

/** A row as a decision makes it. What is left out is null. */
export type NewRow<Name extends StoredTable> = Readonly<
  WithoutNulls<Omit<RowOf<Tables[Name]>, OfMessage | LaterOf<Name>>>
>

/** What a change says beside its row. */
interface Beside {
  readonly chargePointEvents: {
    /** Its place, by which a resend is recognised when it has no usable time. */
    readonly place?: number
  }
  readonly problems: {
    /** False: there is none any more, and the row goes. */
    readonly isActive: boolean
  }
}

/** A row that is added to a table, or replaces that of the same key. */
export type RowChange<Name extends StoredTable = StoredTable> = {
  [Table in Name]: { readonly table: Table; readonly row: NewRow<Table> } & (Table extends keyof Beside
    ? Beside[Table]
    : unknown)
}[Name]

/** Columns of a row that is there. What is left out stays as it is; null is stored. */
type Patch<T extends PgTable, Left> = Readonly<Partial<Omit<RowOf<T>, Left & string>>>

/** What changes of a charge point. */
export type ChargePointPatch = Patch<typeof chargePoints, (typeof unpatchedOfChargePoint)[number]>

/** What changes of a transaction. */
export type TransactionPatch = Patch<typeof transactions, (typeof unpatchedOfTransaction)[number]>

/** The end of a transaction. */
export type TransactionEnd = Required<Pick<TransactionPatch, (typeof endColumns)[number]>> & {
  readonly stoppedAtMs: number
}

/** The charge point of the message changes. */
export interface ChargePointChange {
  readonly table: 'chargePoints'
  readonly patch: ChargePointPatch
}

/** A transaction changes: it goes on, or ends. */
export interface TransactionChange {
  readonly table: 'transactions'
  readonly transactionId: number
  readonly patch: TransactionPatch
}

/** A row that is there changes. */
export type PatchChange = ChargePointChange | TransactionChange

/** Whether a change is a row of that table. */
export function isOf<Name extends StoredTable>(
  table: Name,
  change: { readonly table: string },
): change is RowChange<Name> {
  return change.table === table && 'row' in change
}

/** Whether a change patches a transaction. */
export function isTransactionPatch(change: RowChange | PatchChange): change is TransactionChange {
  return change.table === 'transactions' && 'patch' in change
}
