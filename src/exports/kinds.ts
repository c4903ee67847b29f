// What each export consists of: its columns, the key of its rows, and where they are read.

import type { KeyType } from '../base/key-parts.ts'
import { historyItem } from '../api/history-item.ts'
import { messageItem } from '../api/message-item.ts'
import type { Exported } from '../blocks/exports.ts'
import { assignedMeterValueView, meterValueView } from '../blocks/metering/meter-value-item.ts'
import { transactionItem } from '../blocks/transactions/transaction-item.ts'
import { exportedHistory, historyKey } from '../store/export/history.ts'
import { messageKey, messageLines } from '../store/export/messages.ts'
import {
  assignedMeterValueKey,
  meterValueKey,
  meterValuesOfChargePoint,
  meterValuesOfTransaction,
} from '../store/export/meter-values.ts'
import type { ExportSession, Key, Keyed, Part } from '../store/export/session.ts'
import { exportedTransactions, transactionKey } from '../store/export/transactions.ts'

/** The type of a column. In an item, times are ISO 8601 texts, and `json` is any value; in a column it is a text. */
export type ColumnType = 'text' | 'integer' | 'number' | 'time' | 'json'

export interface Column {
  readonly name: string
  readonly type: ColumnType
}

/** A row of an export as an item of the list. */
export type Item = Readonly<Record<string, unknown>>

export interface KeyedItem {
  readonly item: Item
  readonly key: Key
}

interface Kind {
  readonly columns: readonly Column[]
  readonly keyTypes: readonly KeyType[]
}

const meterValueColumns: readonly Column[] = [
  { name: 'timestamp', type: 'time' },
  { name: 'sampledValue', type: 'json' },
  { name: 'receivedAt', type: 'time' },
  { name: 'evseId', type: 'integer' },
  { name: 'connectorId', type: 'integer' },
  { name: 'energyWh', type: 'number' },
  { name: 'powerW', type: 'number' },
  { name: 'currentA', type: 'number' },
  { name: 'voltageV', type: 'number' },
  { name: 'socPercent', type: 'number' },
]

/** Columns are in the order of the items of the lists. */
export const kinds: Readonly<Record<Exported['kind'], Kind>> = {
  transactions: {
    columns: [
      { name: 'transactionId', type: 'integer' },
      { name: 'chargePointId', type: 'text' },
      { name: 'connectorId', type: 'integer' },
      { name: 'idTag', type: 'text' },
      { name: 'startTime', type: 'time' },
      { name: 'stopTime', type: 'time' },
      { name: 'meterStart', type: 'number' },
      { name: 'meterStop', type: 'number' },
      { name: 'energyConsumed', type: 'number' },
      { name: 'energySource', type: 'text' },
      { name: 'energySoFar', type: 'number' },
      { name: 'stopReason', type: 'text' },
    ],
    keyTypes: transactionKey,
  },
  meterValues: { columns: meterValueColumns, keyTypes: meterValueKey },
  meterValuesOfTransaction: {
    columns: [...meterValueColumns, { name: 'assignedBy', type: 'text' }],
    keyTypes: assignedMeterValueKey,
  },
  history: {
    columns: [
      { name: 'kind', type: 'text' },
      { name: 'time', type: 'time' },
      { name: 'occurredAt', type: 'time' },
      { name: 'evseId', type: 'integer' },
      { name: 'connectorId', type: 'integer' },
      { name: 'status', type: 'text' },
      { name: 'errorCode', type: 'text' },
      { name: 'vendorErrorCode', type: 'text' },
      { name: 'event', type: 'text' },
      { name: 'epoch', type: 'integer' },
      { name: 'node', type: 'text' },
      { name: 'closedBy', type: 'text' },
      { name: 'closeCode', type: 'integer' },
      { name: 'reason', type: 'text' },
      { name: 'remoteAddress', type: 'text' },
    ],
    keyTypes: historyKey,
  },
  messages: {
    columns: [
      { name: 'id', type: 'integer' },
      { name: 'timestamp', type: 'time' },
      { name: 'direction', type: 'text' },
      { name: 'messageType', type: 'text' },
      { name: 'messageId', type: 'text' },
      { name: 'action', type: 'text' },
      { name: 'frame', type: 'text' },
    ],
    keyTypes: messageKey,
  },
}

/** The rows of a part of an export, in pieces. */
export function piecesOf(session: ExportSession, exported: Exported, part: Part): AsyncGenerator<readonly KeyedItem[]> {
  switch (exported.kind) {
    case 'transactions':
      return items(exportedTransactions(session, exported, part), transactionItem)
    case 'meterValues':
      return items(meterValuesOfChargePoint(session, exported.filter, part), meterValueView)
    case 'meterValuesOfTransaction':
      return items(meterValuesOfTransaction(session, exported.transactionId, part), assignedMeterValueView)
    case 'history':
      return items(exportedHistory(session, exported.filter, part), historyItem)
    case 'messages':
      return items(messageLines(session, exported.filter, part), messageItem)
  }
}

async function* items<Record>(
  pieces: AsyncGenerator<readonly Keyed<Record>[]>,
  itemOf: (record: Record) => Item,
): AsyncGenerator<readonly KeyedItem[]> {
  for await (const piece of pieces) yield piece.map(({ record, key }) => ({ item: itemOf(record), key }))
}
