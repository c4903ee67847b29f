// How each table is read to compare it with the database model: its columns, under their names in the program.

import { getTableColumns, getTableName } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { chargePoints } from '../../src/blocks/charge-point-tables.ts'
import type { NameOf } from '../../src/blocks/stored-rows.ts'
import { storedTables as tables } from '../../src/blocks/tables.ts'
import { anomalies, connectorHistory, meterValues, problemTimes, transactionFacts } from '../../src/store/schema.ts'

const ofChargePoints = 'charge_point_id = ANY($1)'

/** All columns of a table except those named; JSON, and values that a number cannot represent, are read as texts. */
function reading<T extends PgTable>(table: T, left: readonly NameOf<T>[] = [], where = ofChargePoints): string {
  const leftOut: ReadonlySet<string> = new Set(left)
  const columns = Object.entries(getTableColumns(table)).flatMap(([name, column]) => {
    if (leftOut.has(name)) return []
    const isText = column.getSQLType() === 'json' || column.dataType === 'bigint'
    return [`"${column.name}"${isText ? '::text' : ''} AS "${name}"`]
  })
  return `SELECT ${columns.join(', ')} FROM ${getTableName(table)} WHERE ${where}`
}

/** The columns of a charge point: its connection, and those that only operators set. */
const notOfModel = [
  ...([
    'passwordHash',
    'pendingPasswordHash',
    'apiKeyHash',
    'location',
    'groupKey',
    'createdAtMs',
    'deletedAtMs',
  ] as const),
  ...(['mayUseOtherName', 'certificateName', 'isBlocked', 'profileMin', 'profileNext'] as const),
  ...([
    'ocppVersion',
    'connected',
    'connectionEpoch',
    'node',
    'connectionCertificate',
    'endedEpoch',
    'endedNode',
    'fencedIn',
    'groupedIn',
  ] as const),
]

/** By table; `$1` are the numbers of charge points. */
export const readings = {
  chargePoints: reading(chargePoints, notOfModel, 'id = ANY($1)'),
  connectors: reading(tables.connectors, ['statusSinceMs', 'changedAtMs']),
  connectorHistory: reading(connectorHistory),
  transactions: reading(tables.transactions),
  facts: reading(transactionFacts, ['digest']),
  corrections: reading(
    tables.transactionCorrections,
    [],
    `transaction_id IN (SELECT id FROM transactions WHERE ${ofChargePoints})`,
  ),
  events: reading(tables.chargePointEvents, ['digest']),
  anomalies: reading(anomalies, ['digest']),
  meterValues: reading(meterValues, [
    ...(['receivedAtMs', 'powerW', 'currentA', 'voltageV', 'socPercent', 'meterValue', 'packed'] as const),
  ]).replace(' FROM ', ', meter_value_of(meter_value, packed)::text AS "meterValue" FROM '),
  problems: reading(tables.problems),
  problemTimes: reading(problemTimes),
}

/** Of a table whose rows are only added or replaced. */
export function readingOf(table: PgTable): string {
  return reading(table)
}
