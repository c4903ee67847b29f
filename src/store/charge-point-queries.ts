// Charge points, and what belongs to them, as the REST API lists and provisions them.

import { and, asc, count, desc, eq, isNull, ne, type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { StatorError } from '../base/errors.ts'
import { problemsShownMax } from '../base/limits.ts'
import type { ConnectorStatus, KnownTransaction } from '../csms/decision.ts'
import type {
  ChargePointInput,
  ChargePointRecord,
  ConnectorRecord,
  MessageLogRecord,
  Page,
  PageOf,
  ProblemRecord,
  VariableRecord,
} from '../csms/records.ts'
import { storableText } from './binary-array.ts'
import { pageOf, withDefined } from './paging.ts'
import { chargePoints, connectors, messageLog, problems, transactions, variables } from './schema.ts'
import { databaseError } from './store-error.ts'
import { knownTransactionColumns } from './transaction-queries.ts'

const uniqueViolation = '23505'

export function createChargePointQueries(db: NodePgDatabase) {
  const ofIdentity = (identity: string) =>
    and(eq(chargePoints.identity, storableText(identity)), isNull(chargePoints.deletedAt))

  async function chargePoint(identity: string): Promise<ChargePointRecord | null> {
    const [row] = await db.select().from(chargePoints).where(ofIdentity(identity))
    return row === undefined ? null : recordOf(row)
  }

  return {
    /** By identity. `status` is what `ChargePointRecord.status` says. */
    async listChargePoints(
      filter: { readonly status?: ConnectorStatus | 'Offline' } & Page,
    ): Promise<PageOf<ChargePointRecord>> {
      const where = and(isNull(chargePoints.deletedAt), statusIs(filter.status))
      return pageOf(
        filter,
        db.select({ count: count() }).from(chargePoints).where(where),
        db.select().from(chargePoints).where(where).orderBy(asc(chargePoints.identity)).$dynamic(),
        recordOf,
      )
    },

    chargePoint,

    /** By EVSE and connector. */
    async connectorsOf(chargePointKey: number): Promise<ConnectorRecord[]> {
      const rows = await db
        .select()
        .from(connectors)
        .where(eq(connectors.chargePointId, chargePointKey))
        .orderBy(asc(connectors.evseId), asc(connectors.connectorId))
      return rows.map((row) => ({
        evseId: row.evseId,
        connectorId: row.connectorId,
        status: row.status,
        statusSent: row.statusSent,
        errorCode: row.errorCode,
        info: row.info,
        vendorId: row.vendorId,
        vendorErrorCode: row.vendorErrorCode,
        updatedAtMs: row.updatedAt,
      }))
    },

    /** The newest `problemsShownMax`, newest first. */
    async problemsOf(chargePointKey: number): Promise<ProblemRecord[]> {
      const rows = await db
        .select()
        .from(problems)
        .where(eq(problems.chargePointId, chargePointKey))
        .orderBy(
          desc(problems.occurredAt),
          asc(problems.componentName),
          asc(problems.evseId),
          asc(problems.connectorId),
        )
        .limit(problemsShownMax)
      return rows.map(({ chargePointId: _, occurredAt, updatedAt: __, ...row }) => ({
        ...row,
        occurredAtMs: occurredAt,
      }))
    },

    /** Newest first. */
    async openTransactionsOf(chargePointKey: number): Promise<KnownTransaction[]> {
      return db
        .select(knownTransactionColumns)
        .from(transactions)
        .where(and(eq(transactions.chargePointId, chargePointKey), isNull(transactions.stoppedAt)))
        .orderBy(desc(transactions.id))
    },

    /**
     * An identity that differs from another in letter case only would make both unreachable in any third spelling.
     *
     * @throws {StatorError} `CONFLICT` when a charge point of that identity exists, in whatever letter case.
     */
    async createChargePoint(identity: string, input: ChargePointInput): Promise<ChargePointRecord> {
      const isAlike = sql`lower(${chargePoints.identity}) = lower(${storableText(identity)})`
      const [alike] = await db
        .select({ identity: chargePoints.identity })
        .from(chargePoints)
        .where(and(isAlike, ne(chargePoints.identity, storableText(identity)), isNull(chargePoints.deletedAt)))
      if (alike !== undefined) {
        throw new StatorError(
          'CONFLICT',
          `Charge point '${alike.identity}' exists already, and '${identity}' differs from it in letter case only.`,
        )
      }
      const values = { identity: storableText(identity), ...columnsOf(input) }
      const [row] = await db
        .insert(chargePoints)
        .values(values)
        .returning()
        .catch((error: unknown) => {
          if (databaseError(error)?.code !== uniqueViolation) throw error
          throw new StatorError('CONFLICT', `Charge point '${identity}' exists already.`, undefined, error)
        })
      if (row === undefined) throw new StatorError('INTERNAL', `Charge point '${identity}' was not stored.`)
      return recordOf(row)
    },

    /** Null when there is none. */
    async updateChargePoint(identity: string, input: ChargePointInput): Promise<ChargePointRecord | null> {
      const columns = columnsOf(input)
      if (Object.keys(columns).length === 0) return chargePoint(identity)
      const [row] = await db.update(chargePoints).set(columns).where(ofIdentity(identity)).returning()
      return row === undefined ? null : recordOf(row)
    },

    /**
     * Marks the charge point as deleted and forgets its credentials; its transactions, meter values and history stay, and the
     * identity may be created anew. False when there was none.
     *
     * @throws {StatorError} `CONFLICT` while a transaction is open.
     */
    async deleteChargePoint(identity: string): Promise<boolean> {
      const hasOpen = sql`EXISTS (SELECT FROM ${transactions}
        WHERE ${transactions.chargePointId} = ${chargePoints.id} AND ${transactions.stoppedAt} IS NULL)`
      const deleted = await db
        .update(chargePoints)
        .set({ deletedAt: sql`clock_timestamp()`, connected: false, node: null, passwordHash: null, apiKeyHash: null })
        .where(and(ofIdentity(identity), sql`NOT ${hasOpen}`))
        .returning({ id: chargePoints.id })
      if (deleted.length > 0) return true
      if ((await chargePoint(identity)) === null) return false
      throw new StatorError('CONFLICT', `Charge point '${identity}' has an open transaction; stop or close it first.`)
    },

    /** Newest first. */
    async messageLog(chargePointKey: number, page: Page): Promise<PageOf<MessageLogRecord>> {
      const where = eq(messageLog.chargePointId, chargePointKey)
      return pageOf(
        page,
        db.select({ count: count() }).from(messageLog).where(where),
        db.select().from(messageLog).where(where).orderBy(desc(messageLog.at), desc(messageLog.id)).$dynamic(),
        (row) => ({
          id: row.id,
          chargePointKey,
          atMs: row.at,
          direction: row.fromChargePoint ? ('fromChargePoint' as const) : ('toChargePoint' as const),
          frame: row.frame,
        }),
      )
    },

    /** The stored 2.x device model, by component, EVSE, connector, variable and attribute. */
    async variablesOf(chargePointKey: number, page: Page): Promise<PageOf<VariableRecord>> {
      const where = eq(variables.chargePointId, chargePointKey)
      const order = [
        variables.componentName,
        variables.componentInstance,
        variables.evseId,
        variables.connectorId,
        variables.variableName,
        variables.variableInstance,
        variables.attributeType,
      ]
      return pageOf(
        page,
        db.select({ count: count() }).from(variables).where(where),
        db
          .select()
          .from(variables)
          .where(where)
          .orderBy(...order.map((column) => asc(column)))
          .$dynamic(),
        ({ chargePointId: _, updatedAt, ...row }) => ({ ...row, updatedAtMs: updatedAt }),
      )
    },
  }
}

function statusIs(status: ConnectorStatus | 'Offline' | undefined): SQL | undefined {
  if (status === undefined) return undefined
  if (status === 'Offline') return eq(chargePoints.connected, false)
  return and(eq(chargePoints.connected, true), eq(chargePoints.status, status))
}

function columnsOf(input: ChargePointInput) {
  const { location, ...rest } = input
  return withDefined({ ...rest, location: typeof location === 'string' ? storableText(location) : location })
}

function recordOf(row: typeof chargePoints.$inferSelect): ChargePointRecord {
  return {
    key: row.id,
    identity: row.identity,
    status: row.connected ? row.status : 'Offline',
    connected: row.connected,
    location: row.location,
    ocppVersion: row.ocppVersion,
    strictness: row.strictness,
    registrationStatus: row.registrationStatus,
    bootStatus: row.bootStatus,
    vendor: row.vendor,
    model: row.model,
    serialNumber: row.serialNumber,
    firmwareVersion: row.firmwareVersion,
    iccid: row.iccid,
    imsi: row.imsi,
    firmwareStatus: row.firmwareStatus,
    diagnosticsStatus: row.diagnosticsStatus,
    logStatus: row.logStatus,
    lastSeenAtMs: row.lastSeenAt,
    lastHeartbeatAtMs: row.lastHeartbeatAt,
    lastBootAtMs: row.lastBootAt,
    createdAtMs: row.createdAt,
    hasPassword: row.passwordHash !== null,
    hasApiKey: row.apiKeyHash !== null,
  }
}
