// Functional block E, transactions. For 2.1 also block S, battery swapping.

import { forgiving, keeping, rowsOf, timedBy } from '../rows.ts'
import { batterySwap } from './battery-swap.ts'
import { startTransaction, stopTransaction } from './transactions-16.ts'
import { transactionEvent } from './transactions-201.ts'

const { served, servedTransactional, toChargePoint } = rowsOf('transactions')

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
  BatterySwap: keeping(['batteryData'], forgiving(served('2.1 S01-S03', 'committed', batterySwap))),
  RequestBatterySwap: toChargePoint('2.1 S02', ['BatterySwap']),
}
