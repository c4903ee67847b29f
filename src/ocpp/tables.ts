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
  const table = tables[version]
  return Object.hasOwn(table, action) ? table[action] : undefined
}
