// The history of a charge point, for exports: its connections and the changes of its connectors, oldest first.

import { sql } from 'drizzle-orm'
import { lastConnectionsMax } from '../../base/limits.ts'
import { statusesByWeight } from '../../blocks/availability/connector-status.ts'
import { parseInstant } from '../../blocks/column-types.ts'
import type { HistoryFilter, HistoryRecord } from '../../blocks/records.ts'
import { addressesOf, newestConnections } from '../connectivity-queries.ts'
import { within } from '../history-queries.ts'
import { connectionHistory, connectorHistory } from '../schema.ts'
import { numberOf, type RawRow, textOf, wordOf } from './raw-row.ts'
import { type ExportRows, type ExportSession, type Key, type Keyed, keyOf, type Part } from './session.ts'

/** The types of the key: the time, which table, and in it the epoch and the end, or the EVSE and the connector. */
export const historyKey = ['timestamptz', 'int8', 'int8', 'int8'] as const

/** Both tables have these columns, and NULL where they do not. */
const ofConnectors = {
  occurredAt: sql`${connectorHistory.occurredAtMs}`,
  status: sql`${connectorHistory.status}`,
  errorCode: sql`${connectorHistory.errorCode}`,
  vendorErrorCode: sql`${connectorHistory.vendorErrorCode}`,
}
const ofConnections = {
  node: sql`${connectionHistory.node}`,
  closedBy: sql`${connectionHistory.closedBy}`,
  closeCode: sql`${connectionHistory.closeCode}`,
  reason: sql`${connectionHistory.reason}`,
  remoteAddress: sql`${connectionHistory.remoteAddress}`,
}
const connectorsOnly = {
  ...ofConnectors,
  node: sql`NULL::text`,
  closedBy: sql`NULL::text`,
  closeCode: sql`NULL::int4`,
  reason: sql`NULL::text`,
  remoteAddress: sql`NULL::text`,
}
const connectionsOnly = {
  occurredAt: sql`NULL::timestamptz`,
  status: sql`NULL::text`,
  errorCode: sql`NULL::text`,
  vendorErrorCode: sql`NULL::text`,
  ...ofConnections,
}

/** Oldest first. */
export async function* exportedHistory(
  session: ExportSession,
  filter: HistoryFilter,
  part: Part,
): AsyncGenerator<readonly Keyed<HistoryRecord>[]> {
  const rows: ExportRows = {
    branches: [
      {
        select: connectionsOnly,
        from: sql`${connectionHistory}`,
        lead: within(filter, connectionHistory.chargePointKey, connectionHistory.atMs),
        rest: undefined,
        key: [
          connectionHistory.atMs,
          sql`0::int8`,
          connectionHistory.epoch,
          sql`${connectionHistory.closed}::int4::int8`,
        ],
      },
      {
        select: connectorsOnly,
        from: sql`${connectorHistory}`,
        lead: within(filter, connectorHistory.chargePointKey, connectorHistory.receivedAtMs),
        rest: undefined,
        key: [
          connectorHistory.receivedAtMs,
          sql`1::int8`,
          sql`${connectorHistory.evseId}::int8`,
          sql`${connectorHistory.connectorId}::int8`,
        ],
      },
    ],
    keyTypes: historyKey,
  }
  const addresses = new Addresses(session, filter.chargePointKey)
  for await (const piece of session.pieces(rows, part)) {
    const records = piece.map((row) => recordOf(row, keyOf(row, rows)))
    await addresses.take(records)
    yield records.map((record, at) => ({ record: addresses.added(record), key: keyOf(piece[at] ?? {}, rows) }))
    addresses.forget()
  }
}

function recordOf(row: RawRow, [at = '', source, first, second]: Key): HistoryRecord {
  const atMs = parseInstant(at)
  if (source === '1') {
    return {
      kind: 'connector',
      atMs,
      occurredAtMs: parseInstant(String(row['occurredAt'])),
      evseId: Number(first),
      connectorId: Number(second),
      status: wordOf(row['status'], statusesByWeight) ?? 'Unknown',
      errorCode: textOf(row['errorCode']),
      vendorErrorCode: textOf(row['vendorErrorCode']),
    }
  }
  return {
    kind: 'connection',
    atMs,
    event: second === '1' ? 'closed' : 'opened',
    epoch: Number(first),
    node: textOf(row['node']),
    closedBy: wordOf(row['closedBy'], ['chargePoint', 'centralSystem', 'lost']),
    closeCode: numberOf(row['closeCode']),
    reason: textOf(row['reason']),
    remoteAddress: textOf(row['remoteAddress']),
  }
}

/** Where connections came from: only the opening of one has it in its row. The openings come first. */
class Addresses {
  readonly #session: ExportSession
  readonly #chargePointKey: number
  readonly #byEpoch = new Map<number, string>()
  #isBeginKnown = false

  constructor(session: ExportSession, chargePointKey: number) {
    this.#session = session
    this.#chargePointKey = chargePointKey
  }

  async take(records: readonly HistoryRecord[]): Promise<void> {
    const connections = records.filter((record) => record.kind === 'connection')
    const [first] = connections
    if (first !== undefined && !this.#isBeginKnown) {
      this.#isBeginKnown = true
      // Times have microseconds in the database.
      this.#add(await newestConnections(this.#session, this.#chargePointKey, first.atMs + 1))
    }
    this.#add(connections)
  }

  added(record: HistoryRecord): HistoryRecord {
    if (record.kind === 'connector') return record
    return { ...record, remoteAddress: this.#byEpoch.get(record.epoch) ?? null }
  }

  /** Keeps those of the newest connections. */
  forget(): void {
    for (const epoch of [...this.#byEpoch.keys()].slice(0, -lastConnectionsMax)) this.#byEpoch.delete(epoch)
  }

  #add(rows: Parameters<typeof addressesOf>[0]): void {
    for (const [epoch, address] of addressesOf(rows)) this.#byEpoch.set(epoch, address)
  }
}
