// What can be exported: whole lists as files, without pages.

import type { HistoryFilter, MessageFilter, MeterValueFilter, TransactionFilter } from './records.ts'

/** The transactions of a filter without ghosts; of these ids only, if they are given. */
export interface ExportedTransactions {
  readonly filter: Omit<TransactionFilter, 'ghostsAt'>
  readonly transactionIds: readonly number[] | null
}

/** The rows of an export. */
export type Exported =
  | ({ readonly kind: 'transactions' } & ExportedTransactions)
  | { readonly kind: 'meterValues'; readonly filter: MeterValueFilter }
  | { readonly kind: 'meterValuesOfTransaction'; readonly transactionId: number }
  | { readonly kind: 'history'; readonly filter: HistoryFilter }
  | { readonly kind: 'messages'; readonly filter: MessageFilter }

/** The formats of an export, by the ends of their paths. */
export const exportFormats = ['csv', 'ndjson', 'parquet'] as const

export type ExportFormat = (typeof exportFormats)[number]

/** An export, as data: it may be made in another thread. */
export interface ExportRequest {
  readonly exported: Exported
  readonly format: ExportFormat
  /** Of CSV. */
  readonly separator: 'comma' | 'semicolon'
  /** A cursor of such an export: it begins after that row. */
  readonly after: string | null
  /** Null: all rows. */
  readonly rowsMax: number | null
  /** Whether each row has its cursor. */
  readonly hasCursors: boolean
}

/** The bytes of an export, in pieces. */
export interface ExportBytes {
  /** The next piece; null after the last one. Not to be called side by side. It fails if the export breaks off. */
  next(): Promise<Uint8Array | null>
  /** Ends it, whether all of it was read or not. */
  close(): Promise<void>
}

/** Who an export is for, and how many of the exports under way may be for it. */
export interface ExportSender {
  readonly name: string
  readonly atOnceMax: number
}
