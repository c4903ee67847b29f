// The tables whose rows are only added, or replace those with the same key.

import { getTableColumns } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { ChangeSet } from '../../src/blocks/decision.ts'
import type { RowChange, StoredTable } from '../../src/blocks/stored-rows.ts'
import { storedTables } from '../../src/blocks/tables.ts'
import { keyColumnsOf } from '../../src/store/table-statement.ts'

type Row = Readonly<Record<string, unknown>>

/** The rows of such tables, by table and key. A row has the columns of its table. */
export class TableModel {
  readonly tables = new Map<StoredTable, Map<string, Row>>()

  put({ chargePointKey, messageId, receivedAtMs }: ChangeSet, { table, row }: RowChange): void {
    const definition: PgTable = storedTables[table]
    const ofMessage = { chargePointKey, messageId, receivedAtMs, updatedAtMs: receivedAtMs }
    const given: Row = { ...ofMessage, ...row }
    const stored: Row = Object.fromEntries(
      Object.entries(getTableColumns(definition)).map(([name, column]) => {
        const value = given[name] ?? null
        return [name, column.getSQLType() === 'json' && value !== null ? textOf(value) : value]
      }),
    )
    const key = keyColumnsOf(definition).map(({ name }) => String(stored[name]))
    let rows = this.tables.get(table)
    if (rows === undefined) this.tables.set(table, (rows = new Map()))
    rows.set(key.join('\0'), stored)
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
