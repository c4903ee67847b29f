// A transaction as REST reads it, ready to be varied by a test.

import type { TransactionRecord } from '../../src/blocks/records.ts'
import { hiddenColumns, transactions } from '../../src/blocks/transactions/tables.ts'
import { patchedNames } from '../../src/store/table-statement.ts'
import { openTransaction } from './known.ts'
import { nulls } from './nulls.ts'

/** Open, and nothing is known of it but how it began. */
export const openRecord: TransactionRecord = {
  ...nulls(patchedNames(transactions, hiddenColumns)),
  ...openTransaction,
  identity: 'CP001',
  energy: { consumedWh: null, source: null, soFarWh: null },
  lastRegisterWh: null,
  chargingState: null,
  stopIdToken: null,
  stoppedAtMs: null,
  corrections: 0,
}
