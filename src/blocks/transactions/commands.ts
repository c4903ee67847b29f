// Functional block E, transactions: what a charge point is asked about its transactions.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import type { Command, NoCommand } from '../command.ts'

/** The transaction by our id and by that of the charge point; null: any. */
type AskedTransaction = { readonly transactionId: number; readonly stationTransactionId: string | null } | null

/** GetTransactionStatus (2.0.1 E14). */
export function transactionStatusCommand(version: OcppVersion, transaction: AskedTransaction): Command | NoCommand {
  return asks[version](transaction)
}

const asks = since2<(transaction: AskedTransaction) => Command | NoCommand>(
  () => ({ reason: 'OCPP 1.6 has no GetTransactionStatus' }),
  (transaction) => {
    const named =
      transaction === null
        ? {}
        : { transactionId: transaction.stationTransactionId ?? String(transaction.transactionId) }
    return { action: 'GetTransactionStatus', payload: named, fields: {} }
  },
)
