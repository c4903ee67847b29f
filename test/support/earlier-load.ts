// Nodes of an earlier version at work, as PostgreSQL sees them: they commit sessions of charge points in groups of
// statements, while somebody reads the tables in long transactions.

import { Client } from 'pg'
import {
  claimConnections,
  type EarlierStatement,
  insertEvents,
  insertFacts,
  insertMessageLog,
  insertMeterValues,
  insertTransactions,
  releaseConnections,
  stopTransactions,
  updateSeen,
  upsertConnectors,
} from '../fixtures/earlier-statements.ts'

/** Longest that a statement may wait for a lock, in milliseconds: PostgreSQL refuses it then, and the load has a failure. */
export const lockWaitMsMax = 1_000

/** Name of the node, as that version wrote it. */
export const earlierNode = 'earlier:8180'

const writers = 4
/** How long a reader keeps the tables, and how long it leaves them alone then, in seconds. */
const [readS, pauseS] = [1.5, 0.5]

export interface EarlierLoadOptions {
  readonly connectionString: string
  /** Charge points 1 to this one have rows; those of the load are the first of them. */
  readonly chargePoints: number
  /** Above the ids of all transactions. */
  readonly transactionIdMin: number
}

/** A load that runs from `start` to `stop`. */
export class EarlierLoad {
  /** Why statements were refused. */
  readonly failures: string[] = []
  /** Transactions whose start was committed. */
  sessions = 0
  /** Longest that a statement of the load has been seen to wait for a lock, in milliseconds. */
  longestLockWaitMs = 0
  /** Longest that a statement of the load took, with whatever it waited for, in milliseconds. */
  longestStatementMs = 0
  readonly #options: EarlierLoadOptions
  readonly #clients: Client[] = []
  #running: Promise<unknown> = Promise.resolve()
  #isStopped = false

  private constructor(options: EarlierLoadOptions) {
    this.#options = options
  }

  static async start(options: EarlierLoadOptions): Promise<EarlierLoad> {
    const load = new EarlierLoad(options)
    const writing = await Promise.all(Array.from({ length: writers }, () => load.#connect(lockWaitMsMax)))
    const [reading, watching] = [await load.#connect(0), await load.#connect(0)]
    const pids = await Promise.all(
      writing.map(
        async (client) => (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid,
      ),
    )
    load.#running = Promise.all([
      ...writing.map((client, number) => load.#repeat((turn) => load.#session(client, number, turn))),
      load.#repeat(() => load.#read(reading)),
      load.#repeat(() => load.#watch(watching, pids)),
    ])
    return load
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
    await Promise.all(this.#clients.splice(0).map((client) => client.end()))
  }

  async #connect(lockMs: number): Promise<Client> {
    const client = new Client({ connectionString: this.#options.connectionString, application_name: 'earlier' })
    await client.connect()
    await client.query(`SET lock_timeout = ${lockMs}`)
    this.#clients.push(client)
    return client
  }

  async #repeat(work: (turn: number) => Promise<void>): Promise<void> {
    for (let turn = 0; !this.#isStopped; turn++) {
      try {
        await work(turn)
      } catch (error) {
        this.failures.push(String(error))
        return
      }
    }
  }

  /** Each value is a column of one row. */
  async #send(client: Client, { name, text }: EarlierStatement, ...values: readonly unknown[]) {
    const startedMs = performance.now()
    const { rows } = await client.query<{ epoch?: string }>({ name, text, values: values.map((value) => [value]) })
    this.longestStatementMs = Math.max(this.longestStatementMs, performance.now() - startedMs)
    return rows
  }

  /** A charge point connects, charges and leaves. Each writer has charge points of its own. */
  async #session(client: Client, number: number, turn: number): Promise<void> {
    const { chargePoints, transactionIdMin } = this.#options
    const key = 1 + ((turn * writers + number) % Math.floor(chargePoints / writers)) * writers + number
    const id = transactionIdMin + turn * writers + number
    const send = (statement: EarlierStatement, ...values: readonly unknown[]) =>
      this.#send(client, statement, ...values)
    const group = async (work: () => Promise<unknown>): Promise<void> => {
      await client.query('BEGIN')
      await work()
      await client.query('COMMIT')
    }
    const at = new Date().toISOString()
    const ref = `${transactionIdMin}-${id}`
    const [claimed] = await send(claimConnections, key, earlierNode, at)
    await group(async () => {
      await send(insertFacts, key, ref, 0, id, 'StartTransaction', id, ref, at, at, '{"idTag":"CARD"}', '{}')
      await send(
        insertTransactions,
        id,
        key,
        1,
        1,
        null,
        'CARD',
        null,
        'Accepted',
        at,
        0,
        null,
        null,
        null,
        1,
        true,
        null,
        null,
        at,
      )
      await send(upsertConnectors, key, 1, 1, 'Charging', 'Charging', 'NoError', at, at, at)
      await send(insertEvents, key, id, 'StatusNotification', ref, at, at, '{}')
      await send(updateSeen, key, at)
    })
    this.sessions++
    await group(async () => {
      await send(insertMeterValues, key, id, at, 1, 1, id, at, 10, '{}')
      await send(updateSeen, key, at)
    })
    await send(insertMessageLog, key, at, true, `[2,"${id}","Heartbeat",{}]`)
    await group(async () => {
      await send(insertFacts, key, ref, 1, id, 'StopTransaction', id, ref, at, at, '{}', '{}')
      await send(stopTransactions, id, at, 10, 'Local')
      await send(upsertConnectors, key, 1, 1, 'Available', 'Available', 'NoError', at, at, at)
    })
    await send(releaseConnections, key, claimed?.epoch)
  }

  /** What a report or a backup does: its transaction keeps others from changing the tables that it reads. */
  async #read(client: Client): Promise<void> {
    await client.query('BEGIN')
    for (const table of ['charge_points', 'connectors', 'transactions', 'transaction_events', 'meter_values'])
      await client.query(`SELECT FROM ${table} LIMIT 100`)
    await client.query('SELECT pg_sleep($1)', [readS])
    await client.query('COMMIT')
    await client.query('SELECT pg_sleep($1)', [pauseS])
  }

  async #watch(client: Client, pids: readonly (number | undefined)[]): Promise<void> {
    const { rows } = await client.query<{ ms: number }>(
      `SELECT COALESCE(max(extract(epoch FROM clock_timestamp() - waitstart) * 1000), 0)::float8 AS ms
       FROM pg_locks WHERE NOT granted AND pid = ANY($1::int4[])`,
      [pids],
    )
    this.longestLockWaitMs = Math.max(this.longestLockWaitMs, rows[0]?.ms ?? 0)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
