// Functional block E, transactions. For 2.1 also block S, battery swapping.

import { keeping, rowsOf, timedBy } from '../rows.ts'
import { startTransaction, stopTransaction } from './transactions-16.ts'
import { transactionEvent } from './transactions-201.ts'

const { servedTransactional, stored, toChargePoint } = rowsOf('transactions')

export const transactions16 = {
  StartTransaction: timedBy('timestamp', servedTransactional('1.6 §4.8', startTransaction)),
  StopTransaction: timedBy('timestamp', servedTransactional('1.6 §4.10', stopTransaction)),
}

export const transactions201 = {
  TransactionEvent: timedBy('timestamp', servedTransactional('2.0.1 E01-E15', transactionEvent)),
  GetTransactionStatus: toChargePoint('2.0.1 E14'),
}

export const transactions21 = {
  TransactionEvent: timedBy('timestamp', servedTransactional('2.1 E01-E17', transactionEvent)),
  GetTransactionStatus: toChargePoint('2.1 E14'),
  BatterySwap: keeping(['batteryData'], stored('2.1 S01-S03')),
  RequestBatterySwap: toChargePoint('2.1 S02'),
}
