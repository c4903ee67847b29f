// Exports of PostgreSQL: all statements of one see one snapshot, on connections of its own.

import { drizzle } from 'drizzle-orm/node-postgres'
import { Client } from 'pg'
import {
  connectMsMax,
  exportMsMax,
  exportPieceCharactersMax,
  exportPieceRows,
  exportStatementMsMax,
} from '../../base/limits.ts'
import { parseConnectionString } from '../connection-string.ts'
import { storeError } from '../store-error.ts'
import { streamRows } from '../wire/row-stream.ts'
import { type ExportSession, rawTypes, selected, statementOf } from './session.ts'

/**
 * Begins a session on two new connections. There is no pool: each export begins with connections that nobody has used,
 * and none stays open between them.
 *
 * @throws {StatorError} `STORE_UNAVAILABLE`.
 */
export async function snapshotSession(connectionString: string): Promise<ExportSession> {
  const { config } = parseConnectionString(connectionString)
  const newClient = () =>
    new Client({ application_name: 'stator', keepAlive: true, connectionTimeoutMillis: connectMsMax, ...config })
  const clients = [newClient(), newClient()] as const
  try {
    for (const client of clients) {
      // Its next statement fails with the same error.
      client.on('error', () => {})
      await client.connect()
      await client.query(checks).catch(() => {})
    }
    return await sessionOn(...clients)
  } catch (error) {
    for (const client of clients) void client.end().catch(() => {})
    throw storeError(error)
  }
}

// A statement is as long as its reader is slow. A process that is gone leaves no snapshot behind, which would keep
// VACUUM from its work.
const settings = `SELECT set_config('TimeZone', 'UTC', true),
  set_config('max_parallel_workers_per_gather', '0', true),
  set_config('statement_timeout', '${exportMsMax}', true),
  set_config('idle_in_transaction_session_timeout', '${exportMsMax}', true)`

// PostgreSQL notices during a statement that its client is gone, on most operating systems.
const checks = `SET client_connection_check_interval = '1s'`

const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/**
 * A session on two connections, of which it is the only user: one for the rows, which one statement gives, and one for
 * statements beside them. Both see all as it was at this moment.
 */
async function sessionOn(ofRows: Client, beside: Client): Promise<ExportSession> {
  await ofRows.query(begin)
  await ofRows.query(settings)
  const exported = await ofRows.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot')
  await beside.query(begin)
  await beside.query(`SET TRANSACTION SNAPSHOT '${exported.rows[0]?.snapshot ?? ''}'`)
  await beside.query(settings)
  return {
    db: drizzle(beside),
    isPaged: false,
    async *pieces(rows, { after, rowsMax }) {
      const stream = streamRows(ofRows, {
        ...statementOf(selected(rows, after, rowsMax, true)),
        parserOf: (oid) => rawTypes.getTypeParser(oid),
        rowsMax: exportPieceRows,
        charactersMax: exportPieceCharactersMax,
        silenceMsMax: exportStatementMsMax,
      })
      for (let piece = await stream.next(); piece !== null; piece = await stream.next()) yield piece
    },
    end: () => {
      for (const client of [ofRows, beside]) void client.end().catch(() => {})
    },
  }
}
