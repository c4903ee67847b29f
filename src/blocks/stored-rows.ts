// The rows that decisions add or replace, and the patches of existing rows. A change names a table and has either a
// row, without the columns that the store fills in from the message, or the columns that change. The types come from
// the table's columns.

import type { PgTable } from 'drizzle-orm/pg-core'
import type { chargePoints, unpatchedColumns as unpatchedOfChargePoint } from './charge-point-tables.ts'
import type { storedTables } from './tables.ts'
import type {
  endColumns,
  fallColumns,
  transactions,
  unpatchedColumns as unpatchedOfTransaction,
} from './transactions/tables.ts'

/** The name of a column in a drizzle table. */
export type NameOf<T extends PgTable> = keyof T['$inferSelect'] & string

/** A row as it is written: JSON may already be text. */
export type RowOf<T extends PgTable> = {
  [Name in NameOf<T>]:
    T['$inferSelect'][Name] | (T['_']['columns'][Name] extends { _: { dataType: 'json' } } ? string : never)
}

/** A row in which nullable columns may be left out. */
export type WithoutNulls<Row> = Partial<Row> & {
  [Name in keyof Row as null extends Row[Name] ? never : Name]: Row[Name]
}

type Tables = typeof storedTables

/** A table that decisions add rows to. */
export type StoredTable = keyof Tables

/** A row of one of them. */
export type StoredRow<Name extends StoredTable> = RowOf<Tables[Name]>

/** Columns that the store fills in: the charge point and message, the times of arrival, and the digest. */
type OfMessage =
  'chargePointKey' | 'messageId' | 'digest' | 'atMs' | 'receivedAtMs' | 'updatedAtMs' | 'statusSinceMs' | 'changedAtMs'

/** Columns that are filled in later: the end of a transaction, and the values that a correction replaced. */
interface Later {
  readonly transactions: (typeof endColumns | typeof fallColumns)[number]
  readonly transactionCorrections: 'stoppedAtBeforeMs' | 'meterStopWhBefore' | 'stopReasonBefore'
}

type LaterOf<Name extends StoredTable> = Name extends keyof Later ? Later[Name] : never

/** A row as a decision makes it. A column that is left out is null. */
export type NewRow<Name extends StoredTable> = Readonly<
  WithoutNulls<Omit<RowOf<Tables[Name]>, OfMessage | LaterOf<Name>>>
>

/** What a change has in addition to its row. */
interface Beside {
  readonly chargePointEvents: {
    /** Its place, by which a resend without a usable time is recognised. */
    readonly place?: number
  }
  readonly variables: {
    /**
     * What an answer tells, and nothing else of its variable: its value; a value that it has just accepted; or one that
     * it takes after a reboot. Left out: everything.
     */
    readonly tells?: 'value' | 'acceptedValue' | 'pendingValue'
  }
  readonly monitors: {
    /** The charge point no longer has it: the row with its id is deleted. */
    readonly isCleared?: true
  }
  readonly installedCertificates: {
    /**
     * `deleted`: the charge point no longer has the certificate. `reported`: it has told all that it has of the type
     * (of every type, if that is empty), and the row stands for those of before, which are no longer there.
     */
    readonly gone?: 'deleted' | 'reported'
  }
  readonly problems: {
    /** False: the problem is over, and the row is deleted. */
    readonly isActive: boolean
  }
}

/** A row that is added to a table, or replaces the row with the same key. */
export type RowChange<Name extends StoredTable = StoredTable> = {
  [Table in Name]: { readonly table: Table; readonly row: NewRow<Table> } & (Table extends keyof Beside
    ? Beside[Table]
    : unknown)
}[Name]

/** Columns of an existing row. A column that is left out stays unchanged; null is stored. */
type Patch<T extends PgTable, Left> = Readonly<Partial<Omit<RowOf<T>, Left & string>>>

/** Columns of a charge point that a message may change. */
export type ChargePointPatch = Patch<typeof chargePoints, (typeof unpatchedOfChargePoint)[number]>

/** Columns of a transaction that a message may change. */
export type TransactionPatch = Patch<typeof transactions, (typeof unpatchedOfTransaction)[number]>

/** The end of a transaction. */
export type TransactionEnd = Required<Pick<TransactionPatch, (typeof endColumns)[number]>> & {
  readonly stoppedAtMs: number
}

/** A change of the message's charge point. */
export interface ChargePointChange {
  readonly table: 'chargePoints'
  readonly patch: ChargePointPatch
}

/** A change of a transaction: it continues or ends. */
export interface TransactionChange {
  readonly table: 'transactions'
  readonly transactionId: number
  readonly patch: TransactionPatch
}

/** A change of an existing row. */
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
