// Why a charge point is offline: how its last connection ended, and its last refused handshake.

import { desc, eq, sql } from 'drizzle-orm'
import { lastConnectionsMax } from '../base/limits.ts'
import type { ClosedBy, Connectivity } from '../blocks/records.ts'
import type { ListSource } from './paging.ts'
import { connectionHistory as history, handshakeRefusals } from './schema.ts'

export function createConnectivityQueries({ db }: Pick<ListSource, 'db'>) {
  /** The newest rows of its connections. The time makes PostgreSQL use the index, whatever its statistics say. */
  async function newestConnections(chargePointKey: number) {
    return db
      .select({
        atMs: history.atMs,
        epoch: history.epoch,
        closed: history.closed,
        node: history.node,
        closedBy: history.closedBy,
        closeCode: history.closeCode,
        reason: history.reason,
        remoteAddress: history.remoteAddress,
      })
      .from(history)
      .where(sql`${eq(history.chargePointKey, chargePointKey)} AND ${history.atMs} >= 'epoch'`)
      .orderBy(desc(history.atMs), desc(history.epoch), desc(history.closed))
      .limit(lastConnectionsMax)
  }

  async function lastDisconnect(chargePointKey: number): Promise<Connectivity['lastDisconnect']> {
    const rows = await newestConnections(chargePointKey)
    const end = rows.find(({ closed }) => closed)
    if (end === undefined) return null
    // A node that comes back after a freeze stores the opening again, without the address.
    const opening = rows.find(({ closed, epoch, remoteAddress }) => {
      return !closed && epoch === end.epoch && remoteAddress !== null
    })
    const { atMs, node, closeCode } = end
    const closedBy: ClosedBy = end.closedBy ?? 'lost'
    return { atMs, node, closedBy, closeCode, reason: end.reason ?? '', remoteAddress: opening?.remoteAddress ?? null }
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
