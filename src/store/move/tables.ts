// The tables that a move copies: every table that drizzle knows, so that a new one is copied without a change here. The
// counters of transactions are made in the other database, by the triggers there.

import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { type PgColumn, PgTable } from 'drizzle-orm/pg-core'
import * as chargePointTables from '../../blocks/charge-point-tables.ts'
import { transferVendors } from '../../blocks/data-transfer/tables.ts'
import { displayMessages } from '../../blocks/display/tables.ts'
import { jobs, uploadChunks, uploads } from '../../blocks/jobs/tables.ts'
import { localLists } from '../../blocks/local-list/tables.ts'
import * as quirkTables from '../../blocks/quirks/tables.ts'
import { reservations } from '../../blocks/reservation/tables.ts'
import { chargingProfiles, dynamicSchedules } from '../../blocks/smart-charging/tables.ts'
import { storedTables } from '../../blocks/tables.ts'
import { prices, stationTariffs } from '../../blocks/tariff/tables.ts'
import { stationTransactions } from '../../blocks/transactions/tables.ts'
import * as accessTables from '../../operators/access-tables.ts'
import * as auditTables from '../../operators/audit-tables.ts'
import { countTables } from '../counts/tables.ts'
import * as messageTables from '../messages/tables.ts'
import * as storeTables from '../schema.ts'

/** A table as the statements of a move see it. */
export interface MovedTable {
  readonly name: string
  /** Names of its columns, quoted. */
  readonly columns: readonly string[]
  /** SQL type of each column. */
  readonly types: readonly string[]
  /** SQL of what each column becomes in the other database. */
  readonly values: readonly string[]
}

const { chargePoints, ...besideThem } = chargePointTables

// One of them is a stored table, too.
const known: ReadonlySet<unknown> = new Set([
  chargePoints,
  stationTransactions,
  transferVendors,
  jobs,
  uploads,
  uploadChunks,
  reservations,
  localLists,
  chargingProfiles,
  dynamicSchedules,
  displayMessages,
  stationTariffs,
  prices,
  ...[besideThem, quirkTables, storedTables, accessTables, auditTables, storeTables, messageTables].flatMap((tables) =>
    Object.values<unknown>(tables),
  ),
])

/** All tables, charge points first. */
export const movedTables: readonly MovedTable[] = [...known]
  .filter((value): value is PgTable => is(value, PgTable))
  .map((table) => movedTable(table))

/** Tables that a move leaves behind. */
export const leftTables: readonly MovedTable[] = Object.values(countTables).map((table) => movedTable(table))

function movedTable(table: PgTable): MovedTable {
  const columns = Object.values(getTableColumns(table))
  return {
    name: getTableName(table),
    columns: columns.map(({ name }) => `"${name}"`),
    types: columns.map((column) => column.getSQLType()),
    values: columns.map((column) => valueOf(getTableName(table), column)),
  }
}

function valueOf(table: string, column: PgColumn): string {
  // Ids of PostgreSQL transactions mean nothing on another server.
  if (column.getSQLType() === 'xid8') return 'NULL::xid8'
  // The lease of a process on the embedded database never expires. If the process was killed, its row is still there.
  if (table === 'nodes' && column.name === 'seen_at')
    return `CASE WHEN "seen_at" = 'infinity' THEN "started_at" ELSE "seen_at" END`
  return `"${column.name}"`
}
