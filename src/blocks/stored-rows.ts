// The rows that decisions append or replace. A change names a table and has a row of it, without what the store fills in from the
// message behind it; the types are those of the table's columns.

import type { PgTable } from 'drizzle-orm/pg-core'
import type { storedTables } from './tables.ts'

/** A name that a table has for a column. */
export type NameOf<T extends PgTable> = keyof T['$inferSelect'] & string

/** A row of a table as it is written: JSON may be a text already. */
export type RowOf<T extends PgTable> = {
  [Name in NameOf<T>]:
    T['$inferSelect'][Name] | (T['_']['columns'][Name] extends { _: { dataType: 'json' } } ? string : never)
}

type Tables = typeof storedTables

/** A table that decisions add rows to. */
export type StoredTable = keyof Tables

/** Columns that the store fills in: whose message it was, when it came, and what tells rows apart. */
type OfMessage =
  'chargePointKey' | 'messageId' | 'digest' | 'atMs' | 'receivedAtMs' | 'updatedAtMs' | 'statusSinceMs' | 'changedAtMs'

/** Columns that only what comes later fills: the end of a transaction, and what a correction replaced. */
interface Later {
  readonly transactions:
    | 'stoppedAtMs'
    | 'meterStopWh'
    | 'stopReason'
    | 'stopIdToken'
    | 'closedBy'
    | 'registerFellFromWh'
    | 'registerFellAtMs'
  readonly transactionCorrections: 'stoppedAtBeforeMs' | 'meterStopWhBefore' | 'stopReasonBefore'
}

type LaterOf<Name extends StoredTable> = Name extends keyof Later ? Later[Name] : never

/** A row as a decision makes it. */
export type NewRow<Name extends StoredTable> = Readonly<Omit<RowOf<Tables[Name]>, OfMessage | LaterOf<Name>>>

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

/** Whether a change is a row of that table. */
export function isOf<Name extends StoredTable>(table: Name, change: object): change is RowChange<Name> {
  return 'table' in change && change.table === table
}
