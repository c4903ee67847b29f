// Charge points and their data, as the REST API lists and provisions them.

import { and, asc, desc, eq, gt, isNull, type SQL, sql } from 'drizzle-orm'
import { openTransactionsShownMax, problemsShownMax } from '../base/limits.ts'
import { connectors } from '../blocks/availability/tables.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { KnownTransaction } from '../blocks/decision.ts'
import { problems } from '../blocks/diagnostics/tables.ts'
import type {
  ChargePointFilter,
  ChargePointRecord,
  ConnectorRecord,
  Page,
  PageOf,
  ProblemRecord,
} from '../blocks/records.ts'
import type { Scope } from '../blocks/scope.ts'
import { transactions } from '../blocks/transactions/tables.ts'
import type { SecurityProfile } from '../blocks/values.ts'
import { chargePointOf, createChargePointChanges, recordOf } from './charge-point-changes.ts'
import { chargePointsOf, isOfAll } from './charge-point-filter.ts'
import { leaseEndsAt } from './connection-history.ts'
import { keyOf, type Order, orderBy } from './keyset.ts'
import { anyOf, filteredPageOf, keysetPageOf, type ListSource, withoutCursors } from './paging.ts'
import { newestFirst, transactionColumns } from './transaction-queries.ts'

function isPending(chargePointKey: number, hash: Uint8Array): SQL | undefined {
  return and(eq(chargePoints.key, chargePointKey), eq(chargePoints.pendingPasswordHash, hash))
}

const byIdentity: Order = {
  name: 'charge points',
  direction: 'ASC',
  columns: [{ column: chargePoints.identity, type: 'text' }],
}

export function createChargePointQueries(source: ListSource) {
  const { db } = source
  return {
    ...createChargePointChanges(db),

    chargePoint: (identity: string, scope: Scope) => chargePointOf(db, identity, scope),

    /** By identity. */
    async listChargePoints(filter: ChargePointFilter & Page): Promise<PageOf<ChargePointRecord>> {
      const filtered = chargePointsOf(filter)
      const { leads, rest } = filtered
      if (source.rowsMax === null && filtered.rowsMax === undefined && leads.length > 0) {
        const where = and(anyOf(leads), rest)
        const rows = { table: chargePoints, where, order: byIdentity, ...(isOfAll(filter) ? { countedMax: null } : {}) }
        return keysetPageOf(
          source,
          filter,
          rows,
          (where) =>
            db
              .select({ row: chargePoints, cursor: keyOf(byIdentity) })
              .from(chargePoints)
              .where(where)
              .orderBy(...orderBy(byIdentity)),
          ({ row }) => recordOf(row),
        )
      }
      if (filter.after !== undefined) throw withoutCursors()
      return filteredPageOf(
        source,
        filter,
        filtered,
        (where) => db.select().from(chargePoints).where(where).orderBy(asc(chargePoints.identity)).$dynamic(),
        recordOf,
      )
    },

    /** Those after the identity `after`, by identity; null: from the first one. */
    async chargePointsAfter(filter: ChargePointFilter, after: string | null, rowsMax: number) {
      const { leads, rest } = chargePointsOf(filter)
      if (leads.length === 0) return []
      const isAfter = after === null ? undefined : gt(chargePoints.identity, after)
      const rows = await db
        .select()
        .from(chargePoints)
        .where(and(anyOf(leads), rest, isAfter))
        .orderBy(asc(chargePoints.identity))
        .limit(rowsMax)
      return rows.map(recordOf)
    },

    /** By EVSE and connector. */
    async connectorsOf(chargePointKey: number): Promise<ConnectorRecord[]> {
      const rows = await db
        .select()
        .from(connectors)
        .where(eq(connectors.chargePointKey, chargePointKey))
        .orderBy(asc(connectors.evseId), asc(connectors.connectorId))
      return rows.map(({ chargePointKey: _, occurredAtMs: __, statusSinceMs, changedAtMs, ...row }) => ({
        ...row,
        sinceMs: changedAtMs ?? statusSinceMs,
      }))
    },

    /** The newest `problemsShownMax`, newest first. */
    async problemsOf(chargePointKey: number): Promise<ProblemRecord[]> {
      const rows = await db
        .select()
        .from(problems)
        .where(eq(problems.chargePointKey, chargePointKey))
        .orderBy(
          desc(problems.occurredAtMs),
          asc(problems.componentName),
          asc(problems.evseId),
          asc(problems.connectorId),
        )
        .limit(problemsShownMax)
      return rows.map(({ chargePointKey: _, updatedAtMs: __, ...row }) => row)
    },

    /** Newest first, `openTransactionsShownMax` at most. */
    async openTransactionsOf(chargePointKey: number): Promise<KnownTransaction[]> {
      return db
        .select(transactionColumns)
        .from(transactions)
        .where(and(eq(transactions.chargePointKey, chargePointKey), isNull(transactions.stoppedAtMs)))
        .orderBy(...newestFirst)
        .limit(openTransactionsShownMax)
    },

    /**
     * Name of the node that holds its connection under a lease; null if no node does, or if it is the node `nodeId`.
     */
    async otherHolder(chargePointKey: number, nodeId: string): Promise<string | null> {
      const { rows } = await db.execute<{ readonly name: string }>(sql`
        SELECT n.name FROM charge_points c JOIN nodes n ON n.id = c.node
        WHERE c.id = ${chargePointKey} AND c.connected AND n.id <> ${nodeId} AND ${sql.raw(leaseEndsAt)} > clock_timestamp()`)
      return rows[0]?.name ?? null
    },

    /** The security profile that the charge point was told to use: the lowest once it connects with it; null: none. */
    async expectProfile(chargePointKey: number, profileNext: SecurityProfile | null): Promise<void> {
      await db.update(chargePoints).set({ profileNext }).where(eq(chargePoints.key, chargePointKey))
    },

    /** See `RotationStore` of the auth. */
    async beginRotation(
      chargePointKey: number,
      hash: Uint8Array,
    ): Promise<{ readonly previous: Uint8Array | null } | null> {
      const { rows } = await db.execute<{ readonly previous: Uint8Array | null }>(sql`
        UPDATE charge_points c SET pending_password_hash = ${hash}
        FROM (SELECT id, pending_password_hash AS previous FROM charge_points
              WHERE id = ${chargePointKey} AND deleted_at IS NULL FOR UPDATE) before
        WHERE c.id = before.id RETURNING before.previous`)
      return rows[0] ?? null
    },

    async acceptRotation(chargePointKey: number, hash: Uint8Array): Promise<void> {
      await db
        .update(chargePoints)
        .set({ passwordHash: hash, pendingPasswordHash: null })
        .where(isPending(chargePointKey, hash))
    },

    async withdrawRotation(chargePointKey: number, hash: Uint8Array, previous: Uint8Array | null): Promise<void> {
      await db.update(chargePoints).set({ pendingPasswordHash: previous }).where(isPending(chargePointKey, hash))
    },
  }
}
