// The history of the connectors and connections of a charge point, as the REST API lists it: two tables, merged by
// time.

import { and, eq, gte, lte, type SQL, sql } from 'drizzle-orm'
import type { ClosedBy, HistoryFilter, HistoryRecord, Page, PageOf } from '../blocks/records.ts'
import type { ConnectorStatus } from '../blocks/decision.ts'
import { addressesOf, newestConnections } from './connectivity-queries.ts'
import { countOf, type ListSource, requireInReach, totalOf } from './paging.ts'
import { parseInstant } from '../blocks/column-types.ts'
import { connectionHistory, connectorHistory } from './schema.ts'

// A type and not an interface: TypeScript accepts only a type as a record.
type HistoryRow = {
  readonly at: string | number
  readonly occurredAt: string | number | null
  readonly evseId: number | null
  readonly connectorId: number | null
  readonly status: ConnectorStatus | null
  readonly errorCode: string | null
  readonly vendorErrorCode: string | null
  readonly epoch: string | number | null
  readonly closed: boolean | null
  readonly node: string | null
  readonly closedBy: ClosedBy | null
  readonly closeCode: number | null
  readonly reason: string | null
  readonly remoteAddress: string | null
}

export function createHistoryQueries(source: ListSource) {
  return {
    /** Newest first. */
    async listHistory(filter: HistoryFilter, page: Page): Promise<PageOf<HistoryRecord>> {
      requireInReach(source, page)
      const ofConnectors = within(filter, connectorHistory.chargePointKey, connectorHistory.receivedAtMs)
      const ofConnections = within(filter, connectionHistory.chargePointKey, connectionHistory.atMs)
      const [connectors, connections, { rows }] = await Promise.all([
        countOf(source, { table: connectorHistory, where: ofConnectors }),
        countOf(source, { table: connectionHistory, where: ofConnections }),
        source.db.execute<HistoryRow>(pageOfBoth(ofConnectors, ofConnections, page)),
      ])
      return {
        ...totalOf(connectors + connections, source.rowsMax),
        items: await withAddresses(source, filter, rows.map(recordOf)),
      }
    },
  }
}

type TimeColumn = typeof connectorHistory.receivedAtMs | typeof connectionHistory.atMs
type KeyColumn = typeof connectorHistory.chargePointKey | typeof connectionHistory.chargePointKey

// A first time is always given, so that PostgreSQL uses the index with their order, whatever its statistics say.
export function within(
  { chargePointKey, fromMs = 0, toMs }: HistoryFilter,
  key: KeyColumn,
  time: TimeColumn,
): SQL | undefined {
  return and(eq(key, chargePointKey), gte(time, fromMs), toMs === undefined ? undefined : lte(time, toMs))
}

/** From each table no more rows are read than fit on the pages up to this one. */
function pageOfBoth(ofConnectors: SQL | undefined, ofConnections: SQL | undefined, { page, pageSize }: Page): SQL {
  const rowsMax = page * pageSize
  return sql`
    SELECT * FROM (
      (SELECT received_at AS at, occurred_at AS "occurredAt", evse_id AS "evseId", connector_id AS "connectorId", status,
         error_code AS "errorCode", vendor_error_code AS "vendorErrorCode", NULL::int8 AS epoch, NULL::bool AS closed,
         NULL::text AS node, NULL::text AS "closedBy", NULL::int4 AS "closeCode", NULL::text AS reason,
         NULL::text AS "remoteAddress"
       FROM ${connectorHistory} WHERE ${ofConnectors}
       ORDER BY received_at DESC, evse_id DESC, connector_id DESC LIMIT ${rowsMax})
      UNION ALL
      (SELECT at, NULL, NULL, NULL, NULL, NULL, NULL, epoch, closed, node, closed_by, close_code, reason,
         remote_address
       FROM ${connectionHistory} WHERE ${ofConnections}
       ORDER BY at DESC, epoch DESC, closed DESC LIMIT ${rowsMax})) AS history
    ORDER BY at DESC, epoch DESC NULLS FIRST, closed DESC, "evseId" DESC, "connectorId" DESC
    LIMIT ${pageSize} OFFSET ${(page - 1) * pageSize}`
}

function recordOf(row: HistoryRow): HistoryRecord {
  const { status, evseId, connectorId, occurredAt, errorCode, vendorErrorCode } = row
  const atMs = msOf(row.at)
  if (status !== null && evseId !== null && connectorId !== null && occurredAt !== null) {
    const occurredAtMs = msOf(occurredAt)
    return { kind: 'connector', atMs, occurredAtMs, evseId, connectorId, status, errorCode, vendorErrorCode }
  }
  const { epoch, closed, node, closedBy, closeCode, reason, remoteAddress } = row
  const event = closed === true ? 'closed' : 'opened'
  return { kind: 'connection', atMs, event, epoch: Number(epoch), node, closedBy, closeCode, reason, remoteAddress }
}

/**
 * Only the opening of a connection has the address in its row. It is on the same page, or among the newest rows before
 * it; otherwise it is not known.
 */
async function withAddresses(
  source: ListSource,
  { chargePointKey }: HistoryFilter,
  records: readonly HistoryRecord[],
): Promise<HistoryRecord[]> {
  const connections = records.filter((record) => record.kind === 'connection')
  const addresses = addressesOf(connections)
  const oldest = records.at(-1)
  if (oldest !== undefined && connections.some(({ epoch }) => !addresses.has(epoch))) {
    // Times have microseconds in the database.
    const earlier = await newestConnections(source, chargePointKey, oldest.atMs + 1)
    for (const [epoch, address] of addressesOf(earlier)) addresses.set(epoch, address)
  }
  return records.map((record) =>
    record.kind === 'connection' ? { ...record, remoteAddress: addresses.get(record.epoch) ?? null } : record,
  )
}

// Drizzle reads the timestamps of its own statements as text, and ignores the types of the pool.
function msOf(time: string | number): number {
  return typeof time === 'number' ? time : parseInstant(time)
}
