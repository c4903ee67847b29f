// Why a charge point is offline: how its last connection ended, and its last refused handshake.

import { and, desc, eq, getTableColumns, lte, sql } from 'drizzle-orm'
import { lastConnectionsMax } from '../base/limits.ts'
import type { ClosedBy, Connectivity } from '../blocks/records.ts'
import type { ListSource } from './paging.ts'
import { connectionHistory as history, handshakeRefusals } from './schema.ts'

/** A row of the history of connections. */
type ConnectionRow = Omit<typeof history.$inferSelect, 'chargePointKey'>

/**
 * The newest rows of the connections of a charge point, until `toMs` if it is given. The first time makes PostgreSQL
 * use the index, whatever its statistics say.
 */
export async function newestConnections(
  { db }: Pick<ListSource, 'db'>,
  chargePointKey: number,
  toMs?: number,
): Promise<readonly ConnectionRow[]> {
  const until = toMs === undefined ? undefined : lte(history.atMs, toMs)
  const { chargePointKey: _, ...columns } = getTableColumns(history)
  return db
    .select(columns)
    .from(history)
    .where(and(eq(history.chargePointKey, chargePointKey), sql`${history.atMs} >= 'epoch'`, until))
    .orderBy(desc(history.atMs), desc(history.epoch), desc(history.closed))
    .limit(lastConnectionsMax)
}

/**
 * Where the connections of `rows` came from, by epoch. An opening has it; a node that comes back after a freeze stores
 * the opening again, without it.
 */
export function addressesOf(rows: readonly Pick<ConnectionRow, 'epoch' | 'remoteAddress'>[]): Map<number, string> {
  return new Map(rows.flatMap((row) => (row.remoteAddress === null ? [] : [[row.epoch, row.remoteAddress] as const])))
}

export function createConnectivityQueries(source: Pick<ListSource, 'db'>) {
  const { db } = source

  async function lastDisconnect(chargePointKey: number): Promise<Connectivity['lastDisconnect']> {
    const rows = await newestConnections(source, chargePointKey)
    const end = rows.find(({ closed }) => closed)
    if (end === undefined) return null
    const remoteAddress = addressesOf(rows).get(end.epoch) ?? null
    const { atMs, node, closeCode } = end
    const closedBy: ClosedBy = end.closedBy ?? 'lost'
    return { atMs, node, closedBy, closeCode, reason: end.reason ?? '', remoteAddress }
  }

  async function lastRefusal(chargePointKey: number): Promise<Connectivity['lastRefusal']> {
    const [refusal] = await db
      .select()
      .from(handshakeRefusals)
      .where(eq(handshakeRefusals.chargePointKey, chargePointKey))
    if (refusal === undefined) return null
    const { chargePointKey: _, ...record } = refusal
    return record
  }

  return {
    /** How its last connection ended, and its last refused handshake. */
    async connectivityOf(chargePointKey: number): Promise<Connectivity> {
      const [disconnect, refusal] = await Promise.all([lastDisconnect(chargePointKey), lastRefusal(chargePointKey)])
      return { lastDisconnect: disconnect, lastRefusal: refusal }
    },
  }
}
