// The message table of every version.

import type { MessageRow, MessageTable } from './message.ts'
import type { OcppVersion } from './version.ts'
import { v16 } from './v16.ts'
import { v201 } from './v201.ts'
import { v21 } from './v21.ts'

export const tables: Readonly<Record<OcppVersion, MessageTable>> = { '1.6': v16, '2.0.1': v201, '2.1': v21 }

/** Every action that a charge point may send in some version that is served, by name. */
export const chargePointActions: readonly string[] = [
  ...new Set(
    Object.values(tables).flatMap((table) =>
      Object.keys(table).filter((action) => table[action]?.served && table[action]?.direction !== 'toChargePoint'),
    ),
  ),
].toSorted()

/** The row of an action; undefined when the version has none. Safe for any text from the wire, `constructor` included. */
export function rowOf(version: OcppVersion, action: string): MessageRow | undefined {
  return rows[version].get(action)
}

function rowsOf(version: OcppVersion): ReadonlyMap<string, MessageRow> {
  return new Map(Object.entries(tables[version]))
}

// Every message is looked up, some of them more than once.
const rows = { '1.6': rowsOf('1.6'), '2.0.1': rowsOf('2.0.1'), '2.1': rowsOf('2.1') }
