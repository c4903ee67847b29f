// PostgreSQL fails under load in many ways, and comes back.

import { afterAll, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { createDatabase } from '../../bench/servers/database.ts'
import { cutConnections } from '../support/database-switch.ts'
import { isFullSize } from '../support/fault-results.ts'
import { freePort } from '../support/free-port.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { type PostgresHome, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { rideOut } from '../support/ride-out.ts'
import { untilNoDeadlock } from '../../src/store/until-no-deadlock.ts'
import { until } from '../support/until.ts'

const file = 'postgres-away.test.ts'
/** How long PostgreSQL is stopped. */
const awayMs = isFullSize ? 60_000 : 6_000
/** How often PostgreSQL crashes, and how often its connections are cut. */
const times = isFullSize ? { crashed: 5, cut: 20 } : { crashed: 3, cut: 8 }
const testMsMax = 400_000

const cleanUp: (() => unknown)[] = []
afterAll(async () => {
  for (const task of cleanUp.toReversed()) await task()
})

/** A PostgreSQL for this test alone, which can be stopped and restarted on its data. */
class OwnPostgres {
  readonly #home: PostgresHome
  #server: PostgresServer

  private constructor(home: PostgresHome, server: PostgresServer) {
    this.#home = home
    this.#server = server
  }

  static async start(folder: string): Promise<OwnPostgres> {
    const home = { folder, port: await freePort() }
    const own = new OwnPostgres(home, await startPostgres(18, { home }))
    cleanUp.push(() => own.stop())
    return own
  }

  get connectionString(): string {
    return this.#server.connectionString
  }

  get isRunning(): boolean {
    return this.#server.isRunning
  }

  /** Immediately, like a crash: commits under way are cut off. */
  stop(): Promise<void> {
    return this.#server.stop()
  }

  async startAgain(): Promise<void> {
    this.#server = await startPostgres(18, { home: this.#home })
  }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stator-fault-postgres-'))
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function ownDatabase(): Promise<TestDatabase> {
  const database = await testDatabase()
  cleanUp.push(() => database.drop())
  return database
}

async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

describe('facts wait, heartbeats are answered, new connections are refused, and nothing is lost', () => {
  test.concurrent(
    `while PostgreSQL is stopped for ${awayMs / 1_000} s`,
    async () => {
      const server = await OwnPostgres.start(temporaryFolder())
      await rideOut({
        id: '2-stopped',
        fault: `PostgreSQL stopped for ${awayMs / 1_000} s`,
        file,
        connectionString: await createDatabase(server.connectionString, 'stopped'),
        begin: () => server.stop(),
        last: () => Bun.sleep(awayMs),
        repair: () => server.startAgain(),
      })
    },
    testMsMax,
  )

  test.concurrent(
    `when PostgreSQL crashes in the middle of a COMMIT, ${times.crashed} times`,
    async () => {
      const server = await OwnPostgres.start(temporaryFolder())
      const connectionString = await createDatabase(server.connectionString, 'crashed')
      await rideOut({
        id: '2-crashed',
        fault: 'PostgreSQL crashed in the middle of a COMMIT',
        file,
        connectionString,
        times: times.crashed,
        isBrief: true,
        begin: async () => {
          // Deferred to the end of the transaction, so that it can be observed.
          await withClient(connectionString, (client) =>
            untilNoDeadlock(() =>
              client.query(`CREATE OR REPLACE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(0.05); RETURN NULL; END $$;
              CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON transaction_facts
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()`),
            ),
          )
          await withClient(server.connectionString, (client) =>
            until('a COMMIT to be under way', async () => {
              const { rowCount } = await client.query(
                `SELECT FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'`,
              )
              return rowCount === 1
            }),
          )
          await server.stop()
        },
        last: () => Promise.resolve(),
        repair: async () => {
          await server.startAgain()
          // It locks every partition, in another order than statements that insert into some of them.
          await withClient(connectionString, (client) =>
            untilNoDeadlock(() => client.query('DROP TRIGGER linger ON transaction_facts')),
          )
        },
      })
    },
    testMsMax,
  )

  test.concurrent(
    `when all connections are cut, ${times.cut} times`,
    async () => {
      const { connectionString } = await ownDatabase()
      await rideOut({
        id: '2-cut',
        fault: 'all connections to PostgreSQL cut',
        file,
        connectionString,
        times: times.cut,
        isBrief: true,
        begin: () => cutConnections(connectionString),
        last: () => Promise.resolve(),
        repair: () => Promise.resolve(),
      })
    },
    testMsMax,
  )

  test.concurrent(
    'while every statement runs into statement_timeout',
    async () => {
      const { connectionString } = await ownDatabase()
      const name = new URL(connectionString).pathname.slice(1)
      const blocker = new Client({ connectionString })
      blocker.on('error', () => {})
      await rideOut({
        id: '2-statement-timeout',
        fault: 'statement_timeout of 200 ms, and a table locked for 5 s',
        file,
        connectionString,
        begin: async () => {
          await withClient(connectionString, (client) =>
            client.query(`ALTER DATABASE ${name} SET statement_timeout = '200ms'`),
          )
          await cutConnections(connectionString)
          await blocker.connect()
          await blocker.query(
            'SET statement_timeout = 0; BEGIN; LOCK TABLE charge_points, transaction_facts, meter_values, charge_point_events',
          )
        },
        last: () => Bun.sleep(5_000),
        repair: async () => {
          await blocker.query('ROLLBACK')
          // Stator's existing connections keep their settings.
          await blocker.query(`ALTER DATABASE ${name} RESET statement_timeout`)
          await blocker.end()
        },
      })
    },
    testMsMax,
  )

  const diskFolder = smallDisk()
  test.concurrent.skipIf(diskFolder === null)(
    diskFolder === null
      ? 'while its disk is full: SKIPPED, a tmpfs cannot be mounted on this system'
      : 'while its disk is full',
    async () => {
      const folder = diskFolder ?? ''
      const server = await OwnPostgres.start(folder)
      const ballast = join(folder, 'ballast')
      await rideOut({
        id: '2-disk-full',
        fault: 'disk of PostgreSQL full for 5 s',
        file,
        connectionString: await createDatabase(server.connectionString, 'disk_full'),
        begin: () => Promise.resolve(fill(ballast, folder)),
        last: () => Bun.sleep(5_000),
        repair: async () => {
          rmSync(ballast)
          // A full disk under the WAL stops PostgreSQL; then it has to be started again, as by a service manager.
          if (!server.isRunning) await server.startAgain()
        },
      })
    },
    testMsMax,
  )
})

/** A disk of 160 MiB in memory; null if it cannot be mounted. */
function smallDisk(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'stator-fault-disk-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', folder])
  cleanUp.push(() => {
    if (status === 0) spawnSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true, force: true })
  })
  return status === 0 ? folder : null
}

/** Fills the rest of the disk of `file`. */
function fill(file: string, folder: string): void {
  const { bavail, bsize } = statfsSync(folder)
  try {
    writeFileSync(file, new Uint8Array((bavail + 64) * bsize))
  } catch {
    // ENOSPC, as intended: everything that fits has been written.
  }
  expect(statfsSync(folder).bavail).toBe(0)
}
