// Facts of charge points, for the REST API: every table of facts is read in the same way.

import { and, desc, eq, getTableColumns, getTableName, inArray, type SQL, sql } from 'drizzle-orm'
import { getTableConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core'
import { storableText } from '../base/storable-text.ts'
import type { Fact, FactQueries, FactTable, ListedFact } from '../blocks/facts.ts'
import { storedTables } from '../blocks/tables.ts'
import { type ListSource, pageOf } from './paging.ts'

export function createFactQueries(source: ListSource): FactQueries {
  const { db } = source
  return {
    async factsOf<Name extends FactTable>(
      name: Name,
      key: number,
      wanted: Partial<Fact<Name>>,
      page: Parameters<FactQueries['factsOf']>[3],
    ) {
      const { table, columns, ofChargePoint } = parts(name)
      const where = and(
        ofChargePoint(key),
        ...Object.entries(wanted).map(([column, value]) => equals(columns, column, value)),
      )
      const rows = db
        .select({ ...columns, transactionId: transactionIdOf(table, columns) })
        .from(table)
        .where(where)
        .orderBy(...newestFirst(table, columns))
        .$dynamic()
      return pageOf(source, page, { table, where }, rows, (row) => row as unknown as ListedFact<Name>)
    },

    async factsAbout<Name extends FactTable>(
      name: Name,
      key: number,
      column: keyof Fact<Name>,
      values: readonly unknown[],
    ) {
      const { table, columns, ofChargePoint } = parts(name)
      if (values.length === 0) return []
      const among = inArray(columnIn(columns, String(column)), values.map(storable))
      const rows = await db
        .select(columns)
        .from(table)
        .where(and(ofChargePoint(key), among))
      return rows as unknown as readonly Fact<Name>[]
    },
  }
}

type Columns = Readonly<Record<string, PgColumn>>

function parts(name: FactTable) {
  const table: PgTable = storedTables[name]
  const { chargePointKey, ...columns }: Record<string, PgColumn> = getTableColumns(table)
  if (chargePointKey === undefined) throw new TypeError(`${name} is no table of facts.`)
  return { table, columns, ofChargePoint: (key: number) => eq(chargePointKey, key) }
}

function columnIn(columns: Columns, name: string): PgColumn {
  const column = columns[name]
  if (column === undefined) throw new TypeError(`Facts have no column ${name}.`)
  return column
}

function equals(columns: Columns, name: string, value: unknown): SQL {
  return eq(columnIn(columns, name), storable(value))
}

function storable(value: unknown): unknown {
  return typeof value === 'string' ? storableText(value) : value
}

/** By arrival, then by the key, so that no two have the same place. */
function newestFirst(table: PgTable, columns: Columns): SQL[] {
  const { primaryKeys } = getTableConfig(table)
  const key = (primaryKeys[0]?.columns ?? []).filter(({ name }) => name !== 'charge_point_id')
  return [columnIn(columns, 'receivedAtMs'), ...key].map((column) => desc(column))
}

/** Our id of the transaction that a fact names by the id that its charge point gave it. */
function transactionIdOf(table: PgTable, columns: Columns): SQL<number | null> {
  if (columns['stationTransactionId'] === undefined) return sql`NULL::float8`
  // By its name, because a list of one table leaves it out.
  const fact = sql.identifier(getTableName(table))
  return sql`(SELECT s.transaction_id FROM station_transactions s
    WHERE s.charge_point_id = ${fact}.charge_point_id AND s.station_transaction_id = ${fact}.station_transaction_id
    ORDER BY s.transaction_id DESC LIMIT 1)::float8`
}
