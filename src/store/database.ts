// The database: PostgreSQL at an address, or the embedded one, which is an address like any other once it runs.

import type { Pool } from 'pg'
import { StatorError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'

/** Who keeps the database: a worker thread of this process, or a PostgreSQL server. */
export type DatabaseProvider = 'Embedded' | 'PostgreSQL'

export interface DatabaseOptions {
  readonly provider: DatabaseProvider
  /** URL, or `Host=…;Port=…;Database=…;Username=…;Password=…;`. Needed for PostgreSQL, meaningless for Embedded. */
  readonly connectionString?: string
  /** Where the embedded database keeps its files; its own subfolder is made there. */
  readonly dataFolder: string
  /** Connections for look-ups and lists, beside the writer's own. The embedded database has one connection for everything. */
  readonly poolSize: number
  readonly log: Logger
}

export interface Database {
  readonly provider: DatabaseProvider
  /** Answers `timestamptz` as milliseconds since the epoch and `int8` as numbers. */
  readonly pool: Pool
  /** Resolves when the database has answered. @throws {StatorError} `STORE_UNAVAILABLE` when it does not. */
  ping(): Promise<void>
  close(): Promise<void>
}

/**
 * Opens the database, and brings its tables up to date; several processes may do so at once.
 *
 * @throws {StatorError} `DATABASE_UNREACHABLE`, `DATA_FOLDER_IN_USE`, or `SETTING_INVALID` for a connection string.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  throw new StatorError('INTERNAL', `openDatabase is being written (${options.provider}).`)
}
