// The tables whose rows are only added, or replace those with the same key.

import { getTableColumns } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { ChangeSet } from '../../src/blocks/decision.ts'
import { isOf, type RowChange, type StoredTable } from '../../src/blocks/stored-rows.ts'
import { storedTables } from '../../src/blocks/tables.ts'
import { keyColumnsOf } from '../../src/store/table-statement.ts'

type Row = Readonly<Record<string, unknown>>

/** The rows of such tables, by table and key. A row has the columns of its table. */
export class TableModel {
  readonly tables = new Map<StoredTable, Map<string, Row>>()

  put({ chargePointKey, messageId, receivedAtMs }: ChangeSet, change: RowChange): void {
    const { table, row } = change
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
    const name = key.join('\0')
    if (isOf('monitors', change) && change.isCleared === true) rows.delete(name)
    else if (isOf('installedCertificates', change) && change.gone !== undefined)
      removeGone(rows, chargePointKey, change)
    else rows.set(name, isOf('variables', change) ? variableAfter(rows.get(name), stored, change.tells) : stored)
  }
}

/** A report of certificates replaces the one before, and one that is deleted is no longer there. */
function removeGone(rows: Map<string, Row>, chargePointKey: number, { row, gone }: RowChange<'installedCertificates'>) {
  const same = (known: Row, names: readonly (keyof typeof row)[]): boolean =>
    names.every((name) => known[name] === row[name])
  for (const [name, known] of rows) {
    if (known['chargePointKey'] !== chargePointKey) continue
    const isGone =
      gone === 'reported'
        ? row.certificateType === '' || same(known, ['certificateType'])
        : same(known, ['serialNumber', 'issuerNameHash', 'issuerKeyHash'])
    if (isGone) rows.delete(name)
  }
}

/** A report replaces a variable, an answer changes a value of it. What waits for a reboot waits until it is told. */
function variableAfter(known: Row | undefined, row: Row, tells: RowChange<'variables'>['tells']): Row {
  if (known === undefined) return row
  const { updatedAtMs } = row
  const isReadable = known['mutability'] !== 'WriteOnly'
  const value = isReadable ? row['value'] : null
  const pendingValue = known['pendingValue'] === row['value'] ? null : known['pendingValue']
  switch (tells) {
    case undefined:
      return { ...row, pendingValue }
    case 'value':
      return { ...known, value, pendingValue, updatedAtMs }
    case 'acceptedValue':
      return { ...known, value, pendingValue: null, updatedAtMs }
    case 'pendingValue':
      return { ...known, pendingValue: isReadable ? row['pendingValue'] : null, updatedAtMs }
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
