// The tables that decisions write rows of, by the names that changes have for them. A table is the one definition of
// what it stores: the types of rows, the SQL that writes them and its encoders are derived from it
// (`store/table-statement.ts`).

import { connectors } from './availability/tables.ts'
import { chargePointEvents } from './charge-point-tables.ts'
import { problems } from './diagnostics/tables.ts'
import { variables } from './provisioning/tables.ts'
import { transactionCorrections, transactions } from './transactions/tables.ts'

/**
 * The order is that in which rows are stored. Of a table without an entry of its own in `store/gathered-rows.ts`, a row
 * takes the place of the one with its key.
 */
export const storedTables = {
  connectors,
  transactions,
  transactionCorrections,
  chargePointEvents,
  variables,
  problems,
}
