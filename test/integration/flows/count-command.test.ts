// `bun src/main.ts count`, as a process of its own.

import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { Client } from 'pg'
import { silentLogger } from '../../../src/base/log.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { counted, counters } from '../../support/counts.ts'
import { testDatabase } from '../../support/postgres.ts'

const main = join(import.meta.dir, '../../../src/main.ts')

async function count(env: Readonly<Record<string, string>>) {
  const command = Bun.spawn([process.execPath, main, 'count'], {
    env: { ...process.env, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr] = await Promise.all([command.stdout.text(), command.stderr.text()])
  return { exitCode: await command.exited, stdout: stdout.trim(), stderr: stderr.trim() }
}

test('count makes wrong counters right, says how many were wrong, and then that all are right', async () => {
  const { connectionString, drop } = await testDatabase()
  await (
    await openDatabase({ provider: 'PostgreSQL', connectionString, dataFolder: '', poolSize: 1, log: silentLogger })
  ).close()
  const client = new Client({ connectionString })
  await client.connect()
  try {
    await client.query(`INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, started_at, received_at)
      SELECT n, 1, 1, 1, '2026-01-01'::timestamptz + n * interval '7 min', '2026-02-01' FROM generate_series(1, 40) n`)
    await client.query('DELETE FROM transaction_count_changes')
    const env = { Database__ConnectionString: connectionString }
    // One hour and one day of arrival; five hours and one day of starts.
    expect(await count(env)).toEqual({
      exitCode: 0,
      stdout: 'Counted: 8 counters were missing or wrong, and are right now.',
      stderr: '',
    })
    expect(await counters(client)).toEqual(await counted(client))
    expect((await count(env)).stdout).toBe('Counted: every counter was right.')
  } finally {
    await client.end()
    await drop()
  }
}, 60_000)

test('count on the embedded database says that it has no use for counters', async () => {
  const { exitCode, stdout, stderr } = await count({ Database__Provider: 'Embedded' })
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(stderr).toStartWith('The embedded database has no use for counters')
}, 60_000)
