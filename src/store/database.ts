// The database: PostgreSQL at an address, or the embedded one, which also has an address once it runs.

import { Client, type ClientBase, type ClientConfig, Pool, type PoolConfig } from 'pg'
import {
  connectMsMax,
  embeddedCheckMs,
  embeddedFailuresMax,
  lookupConnectionsMax,
  queryMsMax,
  upkeepConnectionsMax,
} from '../base/limits.ts'
import { StatorError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { keepIdentitiesApart } from './alike-identities.ts'
import { type DatabaseAddress, parseConnectionString } from './connection-string.ts'
import { startEmbedded } from './embedded.ts'
import { migrate } from './migrate.ts'
import { storeTypes } from './pg-types.ts'
import { reasonOf, storeError } from './store-error.ts'
import { ConnectionGate, WaitingPool } from './waiting-pool.ts'
import { plansAreKept, rowsAreFoundByKey } from './wire/plans.ts'

/** Where the database runs: in a worker thread of this process, or in a PostgreSQL server. */
export type DatabaseProvider = 'Embedded' | 'PostgreSQL'

export interface DatabaseOptions {
  readonly provider: DatabaseProvider
  /** URL, or `Host=…;Port=…;Database=…;Username=…;Password=…;`. Required for PostgreSQL, unused for Embedded. */
  readonly connectionString?: string
  /** Where the embedded database keeps its files. */
  readonly dataFolder: string
  /** Connections of the REST API. The embedded database has one connection for everything. */
  readonly poolSize: number
  readonly log: Logger
}

/** A connection that one caller has exclusively until it is released. */
export interface Lease {
  readonly client: ClientBase
  /** Gives the connection back; `isBroken` says that it must not be used again. */
  release(isBroken?: boolean): void
}

export interface Database {
  readonly provider: DatabaseProvider
  /**
   * Only for what charge points wait for: look-ups of the gateway, readiness, fences, transaction ids. Every pool
   * answers `timestamptz` as milliseconds since the epoch and `int8` as numbers.
   */
  readonly pool: Pool
  /**
   * For what the REST API lists and provisions. Users of `pool` wait at most for one statement of it that is under way.
   */
  readonly restPool: Pool
  /**
   * For the message log, partitions, retention, ghosts and leases: REST requests do not keep them waiting, however many
   * there are.
   */
  readonly upkeepPool: Pool
  /** Statements that wait for a connection, by who sends them. */
  statementsWaiting(): Readonly<Record<'chargePoints' | 'rest' | 'upkeep', number>>
  /** True when there is one connection for everything, so that a lease must be short. */
  readonly isSingleConnection: boolean
  /**
   * If a lease was released as broken, everything that it had sent is over before the next lease begins: done, or never
   * done.
   */
  lease(): Promise<Lease>
  /** The connection string of a PostgreSQL server; null for the embedded database. */
  readonly connectionString: string | null
  /** Resolves when the database has answered. @throws {StatorError} `STORE_UNAVAILABLE` when it does not. */
  ping(): Promise<void>
  close(): Promise<void>
}

const serverVersionMin = 150_000

/** Longest that a broken connection may take to end on the side of PostgreSQL, in milliseconds. */
const backendEndMsMax = 5_000

/** A connection as PostgreSQL knows it. The process id alone is not enough: another connection may have it by now. */
interface Backend {
  readonly pid: number
  readonly startedAt: string
}

const ownBackend = `SELECT pid, backend_start::text AS "startedAt" FROM pg_stat_activity WHERE pid = pg_backend_pid()`

// A server may be set to report commits that are not on disk yet. Stricter settings than `on` stay as they are.
const acknowledgedMeansCommitted = `SELECT set_config('synchronous_commit', 'on', false)
  WHERE current_setting('synchronous_commit') = 'off'`

// One process of PostgreSQL reads a list of a large table, so that one request does not take all cores from the queries
// that charge points wait for.
const onOneCore = `SET max_parallel_workers_per_gather = 0`

/**
 * Opens the database, and brings its tables up to date; several processes may do so at once.
 *
 * @throws {StatorError} `DATABASE_UNREACHABLE`, `DATA_FOLDER_IN_USE`, or `SETTING_INVALID` for a connection string.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { log } = options
  if (options.provider === 'PostgreSQL') {
    const { config, address } = parseConnectionString(options.connectionString ?? '')
    // Pipelined: the caller that takes a new connection does not wait for these settings.
    const poolConfig = { max: lookupConnectionsMax, pipeline: true }
    const { newPool, ...database } = await connect({ ...config, keepAlive: true }, address, poolConfig, log)
    const restPool = newPool({
      ...poolConfig,
      max: options.poolSize,
      onConnect: async (client) => {
        await client.query(onOneCore)
      },
    })
    const upkeepPool = newPool({ ...poolConfig, max: upkeepConnectionsMax })
    const close = async (): Promise<void> => {
      await Promise.all([restPool.end(), upkeepPool.end(), database.pool.end()])
    }
    const statementsWaiting = () => ({
      chargePoints: database.pool.waitingCount,
      rest: restPool.waitingCount,
      upkeep: upkeepPool.waitingCount,
    })
    return {
      ...database,
      restPool,
      upkeepPool,
      statementsWaiting,
      provider: 'PostgreSQL',
      isSingleConnection: false,
      connectionString: options.connectionString ?? '',
      close,
    }
  }
  const server = await startEmbedded(options.dataFolder, log)
  log.warn(
    { file: options.dataFolder },
    'The embedded database does not force its files to disk: it survives the end of this process, not a power cut.',
  )
  const address = { host: server.host, port: server.port, database: 'postgres' }
  try {
    // All connections are one session to PGlite: a new connection would find the prepared statements and locks of the
    // last one.
    const onConnect = async (client: ClientBase): Promise<void> => {
      await client.query('DISCARD ALL')
      await client.query(rowsAreFoundByKey)
    }
    const { newPool: _, ...database } = await connect(
      { ...address, user: 'postgres' },
      address,
      { max: 1, onConnect },
      log,
    )
    const { pool } = database
    const gate = new ConnectionGate(pool)
    const restPool = new WaitingPool(gate, 'rest')
    const upkeepPool = new WaitingPool(gate, 'upkeep')
    const lease = async (): Promise<Lease> => {
      const client = await pool.connect()
      return { client, release: (isBroken) => client.release(isBroken) }
    }
    const stopWatching = watch(database.ping, server.restart, log)
    const close = async (): Promise<void> => {
      stopWatching()
      await pool.end()
      await server.stop()
    }
    const statementsWaiting = () => ({
      chargePoints: pool.waitingCount,
      rest: gate.waitingIn('rest'),
      upkeep: gate.waitingIn('upkeep'),
    })
    return {
      ...database,
      restPool,
      upkeepPool,
      statementsWaiting,
      provider: 'Embedded',
      isSingleConnection: true,
      lease,
      connectionString: null,
      close,
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function connect(config: ClientConfig, address: DatabaseAddress, poolConfig: PoolConfig, log: Logger) {
  const unhurried: ClientConfig = {
    application_name: 'stator',
    connectionTimeoutMillis: connectMsMax,
    ...config,
    types: storeTypes,
  }
  await bringUpToDate(new Client(unhurried), address, log)
  const clientConfig: ClientConfig = { ...unhurried, query_timeout: queryMsMax }
  const newPool = (more: PoolConfig): Pool => {
    const made = new Pool({ ...clientConfig, ...more, idleTimeoutMillis: 0 })
    made.on('error', (error) => log.warn({ error, host: address.host }, 'An idle connection to the database broke.'))
    // While a client is lent out, it has no other error listener. The error reaches its next statement as well.
    made.on('connect', (client) => client.on('error', () => {}))
    return made
  }
  const pool = newPool(poolConfig)
  // Leases that broke: what they had sent may still be on its way to PostgreSQL.
  const broken = new Set<Backend>()
  return {
    pool,
    newPool,
    async lease(): Promise<Lease> {
      const client = new Client(clientConfig)
      client.on('error', (error) => log.warn({ error, host: address.host }, 'A connection to the database broke.'))
      try {
        await client.connect()
        await client.query(acknowledgedMeansCommitted)
        await client.query(rowsAreFoundByKey)
        await client.query(plansAreKept)
        await endBackends(client, broken)
        const [backend] = (await client.query<Backend>(ownBackend)).rows
        const release = (isBroken = false): void => {
          if (isBroken && backend !== undefined) broken.add(backend)
          void client.end()
        }
        return { client, release }
      } catch (error) {
        void client.end()
        throw error
      }
    },
    async ping() {
      await pool.query('SELECT 1').catch((error: unknown) => Promise.reject(storeError(error)))
    },
  }
}

/**
 * Ends broken connections in PostgreSQL, and waits until they are gone. Otherwise their statements could be committed
 * seconds later, over newer data.
 *
 * @throws {StatorError} `STORE_UNAVAILABLE` when one of them does not end.
 */
async function endBackends(client: Client, broken: Set<Backend>): Promise<void> {
  for (const backend of [...broken]) {
    const ended = await client.query<{ isGone: boolean }>(
      `SELECT pg_terminate_backend(pid, ${backendEndMsMax}) AS "isGone" FROM pg_stat_activity
       WHERE pid = $1 AND backend_start = $2::timestamptz`,
      [backend.pid, backend.startedAt],
    )
    if (ended.rows.some(({ isGone }) => !isGone)) {
      throw new StatorError(
        'STORE_UNAVAILABLE',
        `Connection ${backend.pid} broke and does not end on PostgreSQL's side.`,
      )
    }
    broken.delete(backend)
  }
}

// After a disk was full or missing for a moment, PGlite stays in a state from which it does not recover. It is checked
// from outside of its thread: inside, the check could come between the messages of a client.
function watch(ping: () => Promise<void>, restart: () => void, log: Logger): () => void {
  let failures = 0
  let isAsking = false
  const ask = async (): Promise<void> => {
    if (isAsking) return
    isAsking = true
    try {
      await ping()
      if (failures > 0) log.warn({ count: failures }, 'The embedded database answers again.')
      failures = 0
    } catch (error) {
      failures++
      log.warn({ error, count: failures }, 'The embedded database does not answer.')
      if (failures % embeddedFailuresMax === 0) restart()
    }
    isAsking = false
  }
  const timer = setInterval(ask, embeddedCheckMs)
  return () => clearInterval(timer)
}

/**
 * Brings the tables of a database up to date, on a connection of its own, because a migration may take longer than any
 * other statement is allowed to. It connects `client`, and closes it.
 *
 * @throws {StatorError} `DATABASE_UNREACHABLE`.
 */
export async function bringUpToDate(
  client: Client,
  { host, port, database }: DatabaseAddress,
  log: Logger,
): Promise<void> {
  const where = `'${database}' at ${host}:${port}`
  const refuse = (sentence: string, cause?: unknown): StatorError =>
    new StatorError('DATABASE_UNREACHABLE', sentence, { host, port, database }, cause)
  // An error that breaks an idle connection reaches the next statement as well.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    const reason = reasonOf(error)
    throw refuse(
      `Database ${where} cannot be opened: ${reason}. Expected a PostgreSQL server that lets Stator in.`,
      error,
    )
  }
  try {
    const version = await client.query<{ number: number; name: string }>(
      "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS name",
    )
    const { number, name } = version.rows[0] ?? { number: 0, name: 'unknown' }
    if (number < serverVersionMin)
      throw refuse(`Database ${where} is PostgreSQL ${name}; expected version 15 or newer.`)
    await migrate(client, { nowMs: Date.now(), log })
    await keepIdentitiesApart(client, log)
  } catch (error) {
    if (error instanceof StatorError) throw error
    throw refuse(`The tables of database ${where} cannot be brought up to date: ${reasonOf(error)}.`, error)
  } finally {
    await client.end()
  }
}
