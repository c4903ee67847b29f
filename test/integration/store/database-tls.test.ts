// TLS to PostgreSQL, as the connection string says: off, encrypted, or encrypted to a server that proves who it is.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../../src/base/log.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { makeRoot, makeServer } from '../../support/certificates.ts'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.ts'

const root = makeRoot('Authority of the database', 1)
const files = { root: '', other: '' }
let folder: string
/** Its certificate is for localhost, and not for 127.0.0.1. */
let server: PostgresServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-test-'))
  files.root = join(folder, 'root.pem')
  files.other = join(folder, 'other.pem')
  await Bun.write(files.root, root.certificate)
  await Bun.write(files.other, makeRoot('Another authority', 1).certificate)
  server = await startPostgres(18, { tls: makeServer('database', 1, root, [{ type: 2, value: 'localhost' }]) })
})

afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const keywords = (host: string, more: string): string =>
  `Host=${host};Port=${new URL(server.connectionString).port};Database=postgres;Username=postgres;Password=test;${more}`

function url(host: string, query: string): string {
  const at = new URL(server.connectionString)
  at.hostname = host
  at.search = query
  return at.href
}

const open = (connectionString: string): Promise<Database> =>
  openDatabase({ provider: 'PostgreSQL', connectionString, dataFolder: '', poolSize: 1, log: silentLogger })

/** Whether the connections are encrypted, of all pools and of the writer. */
async function encryption(connectionString: string): Promise<boolean[]> {
  const database = await open(connectionString)
  const lease = await database.lease()
  try {
    const own = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    const { pool, restPool, upkeepPool } = database
    const answers = await Promise.all([pool, restPool, upkeepPool, lease.client].map((client) => client.query(own)))
    return answers.map(({ rows: [row] }) => row.ssl)
  } finally {
    lease.release()
    await database.close()
  }
}

const allOf = (isEncrypted: boolean): boolean[] => Array.from({ length: 4 }, () => isEncrypted)

test('nothing is encrypted unless the connection string asks for it', async () => {
  expect(await encryption(keywords('localhost', ''))).toEqual(allOf(false))
  expect(await encryption(url('localhost', ''))).toEqual(allOf(false))
})

describe('every connection is encrypted', () => {
  test('by SSL Mode=Require, whoever the server is', async () => {
    expect(await encryption(keywords('127.0.0.1', 'SSL Mode=Require'))).toEqual(allOf(true))
  })

  test('by SSL Mode=VerifyCA, to a server that the authority knows, under whatever name', async () => {
    const more = `SSL Mode=VerifyCA;Root Certificate=${files.root}`
    expect(await encryption(keywords('127.0.0.1', more))).toEqual(allOf(true))
  })

  test('by SSL Mode=VerifyFull, to the server of that name, in both forms of the connection string', async () => {
    const more = `SSL Mode=VerifyFull;Root Certificate=${files.root}`
    expect(await encryption(keywords('localhost', more))).toEqual(allOf(true))
    const query = `sslmode=verify-full&sslrootcert=${files.root}`
    expect(await encryption(url('localhost', query))).toEqual(allOf(true))
  })
})

test.each([
  ['another authority', () => keywords('localhost', `SSL Mode=VerifyFull;Root Certificate=${files.other}`)],
  ['another authority', () => keywords('localhost', `SSL Mode=VerifyCA;Root Certificate=${files.other}`)],
  ['another authority', () => url('localhost', `sslmode=verify-full&sslrootcert=${files.other}`)],
  ['no public authority', () => keywords('localhost', 'SSL Mode=VerifyFull')],
  ['another name', () => keywords('127.0.0.1', `SSL Mode=VerifyFull;Root Certificate=${files.root}`)],
  ['another name', () => url('127.0.0.1', `sslmode=verify-full&sslrootcert=${files.root}`)],
])('a start stops at a server whose certificate is of %s', async (_, connectionString) => {
  await expect(open(connectionString())).rejects.toMatchObject({
    code: 'DATABASE_UNREACHABLE',
    message: expect.stringMatching(/certificate/),
  })
})
