// `bun src/main.ts audit verify`, as a process of its own, on a database that a Stator has used.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { headText } from '../../../src/operators/audit-entry.ts'
import { auditIntent, auditOutcome, headFolder, openAuditLog } from '../../support/audit.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { testDatabase } from '../../support/postgres.ts'
import { TestStator } from '../../support/stator.ts'
import { embeddedFolder } from '../../support/store.ts'

const main = join(import.meta.dir, '../../../src/main.ts')

async function audit(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const command = Bun.spawn([process.execPath, main, 'audit', ...args], {
    env: { ...process.env, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr] = await Promise.all([command.stdout.text(), command.stderr.text()])
  return { exitCode: await command.exited, lines: stdout.trim().split('\n'), stderr: stderr.trim() }
}

describe('audit verify, on PostgreSQL', () => {
  const { folder, remove } = headFolder()
  let env: Record<string, string>
  let client: Client
  let drop: () => Promise<void>
  let head: string

  beforeAll(async () => {
    const target = await testDatabase()
    drop = target.drop
    const { connectionString } = target
    env = { Database__ConnectionString: connectionString, Database__DataFolder: folder }
    client = new Client({ connectionString })
    await client.connect()
    const options = { connectionString, dataFolder: folder, poolSize: 2, log: silentLogger }
    const database = await openDatabase({ provider: 'PostgreSQL', ...options })
    for (const node of ['csms-1:8080', 'csms-2:8080']) {
      const log = await openAuditLog(database, folder, node)
      for (let request = 0; request < 120; request++) await log.append(auditOutcome(await log.append(auditIntent())))
      await log.stop()
      head = headText(log.head)
    }
    await database.close()
  }, 60_000)

  afterAll(async () => {
    await client.end()
    await drop()
    remove()
  })

  /** Runs the command while the database is as `statement` makes it. */
  async function after(statement: string, undo: string) {
    await client.query(`CREATE TABLE kept AS SELECT * FROM audit_log`)
    await client.query(statement)
    const result = await audit(env, 'verify')
    await client.query(`DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM kept; DROP TABLE kept; ${undo}`)
    return result
  }

  test('says of each node how many entries are right, and ends with 0', async () => {
    expect(await audit(env, 'verify', '--head', head)).toEqual({
      exitCode: 0,
      lines: [
        'csms-1:8080: 240 entries are right, up to 240.',
        'csms-2:8080: 240 entries are right, up to 240.',
        'The audit log is right: 480 entries.',
      ],
      stderr: '',
    })
  })

  test('finds a row that was changed, and ends with 1', async () => {
    const changed = await after(
      `UPDATE audit_log SET principal = 'somebody' WHERE node = 'csms-2:8080' AND sequence = 201`,
      '',
    )
    expect(changed).toEqual({
      exitCode: 1,
      lines: [
        'csms-1:8080: 240 entries are right, up to 240.',
        'csms-2:8080: 200 entries are right, up to 200; the first that is wrong is 201: it was changed, or the entry before it was replaced.',
        'The audit log is wrong.',
      ],
      stderr: '',
    })
  })

  test('finds a row that was taken out', async () => {
    const { exitCode, lines } = await after(`DELETE FROM audit_log WHERE node = 'csms-1:8080' AND sequence = 100`, '')
    expect(exitCode).toBe(1)
    expect(lines[0]).toBe(
      'csms-1:8080: 99 entries are right, up to 99; the first that is wrong is 100: 100 is missing, and later entries are there.',
    )
  })

  test('finds an end that was cut off, by the file in the data folder', async () => {
    const { exitCode, lines } = await after(`DELETE FROM audit_log WHERE node = 'csms-2:8080' AND sequence > 230`, '')
    expect(exitCode).toBe(1)
    expect(lines[1]).toBe(
      `csms-2:8080: 230 entries are right, up to 230; the first that is wrong is 231: the end is missing: the head that was exported is ${head}.`,
    )
  })

  test('finds an end that was cut off, by a head that was kept elsewhere', async () => {
    const elsewhere = headFolder()
    env['Database__DataFolder'] = elsewhere.folder
    await client.query(`CREATE TABLE kept AS SELECT * FROM audit_log`)
    await client.query(`DELETE FROM audit_log WHERE sequence > 230`)
    expect((await audit(env, 'verify')).exitCode).toBe(0)
    const { exitCode, lines } = await audit(env, 'verify', `--head=${head}`, '--head', head.replace(':240:', ':10:'))
    await client.query(`DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM kept; DROP TABLE kept`)
    expect(exitCode).toBe(1)
    expect(lines[1]).toContain('the first that is wrong is 10: it is another entry than the head that was exported.')
    env['Database__DataFolder'] = folder
    elsewhere.remove()
  })

  test('finds what retention has kept of a chain changed', async () => {
    const { exitCode, lines } = await after(
      `UPDATE audit_anchors SET sequence = 2 WHERE node = 'csms-1:8080';
       DELETE FROM audit_log WHERE node = 'csms-1:8080' AND sequence <= 2`,
      `UPDATE audit_anchors SET sequence = 0`,
    )
    expect(exitCode).toBe(1)
    expect(lines[0]).toContain(
      '0 entries are right; retention has deleted those up to 2; the first that is wrong is 3: ',
    )
  })

  test('says what the database calls deleted by retention, since it cannot tell who has deleted it', async () => {
    const { exitCode, lines } = await after(
      `UPDATE audit_anchors a SET sequence = l.sequence, hash = l.hash FROM audit_log l
         WHERE a.node = 'csms-1:8080' AND l.node = a.node AND l.sequence = 238;
       DELETE FROM audit_log WHERE node = 'csms-1:8080' AND sequence <= 238`,
      `UPDATE audit_anchors SET sequence = 0, hash = decode(repeat('00', 32), 'hex')`,
    )
    expect([exitCode, lines[0]]).toEqual([
      0,
      'csms-1:8080: 2 entries are right, up to 240; retention has deleted those up to 238.',
    ])
  })

  test.each([
    [[], '"audit" is no command: expected bun src/main.ts audit verify.'],
    [['verfy'], 'did you mean bun src/main.ts audit verify?'],
    [['verify', '--haed', 'x'], 'did you mean --head?'],
    [['verify', '--head', 'csms-1:8080'], '--head is "csms-1:8080": expected NODE:SEQUENCE:HASH'],
    [['verify', '--head'], '--head has no value: expected NODE:SEQUENCE:HASH.'],
    [['verify', 'now'], 'bun src/main.ts audit verify'],
  ])('says what is wrong with the arguments %p', async (args, sentence) => {
    const { exitCode, stderr } = await audit(env, ...args)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(sentence)
    expect(stderr.split('\n')).toHaveLength(1)
  })

  test('prints its flags with --help', async () => {
    const { exitCode, lines } = await audit({}, '--help')
    expect(exitCode).toBe(0)
    expect(lines.join('\n')).toContain('--head NODE:SEQUENCE:HASH')
  })

  test('refuses a damaged file of a head, and a database without an audit log', async () => {
    const file = join(folder, 'audit-heads', 'damaged.txt')
    writeFileSync(file, 'nothing\n')
    const damaged = await audit(env, 'verify')
    rmSync(file)
    expect(damaged.exitCode).toBe(1)
    expect(damaged.stderr).toContain('damaged.txt is damaged: expected node:sequence:hash in it.')
    const other = new URL(env['Database__ConnectionString'] ?? '')
    other.pathname = '/postgres'
    const none = await audit({ ...env, Database__ConnectionString: other.href }, 'verify')
    expect(none.exitCode).toBe(1)
    expect(none.stderr).toContain('has no audit log: expected one that Stator has used.')
  })
})

test('audit verify, on the embedded database: only while nothing else has it open', async () => {
  const { dataFolder, remove } = await embeddedFolder()
  const env = { Database__DataFolder: dataFolder }
  const stator = await TestStator.start({ provider: 'Embedded', settings: { Database: { DataFolder: dataFolder } } })
  await stator.provision('CP001')
  const refused = await audit(env, 'verify')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('Another process has its embedded database in')
  await stator.stop()
  const right = await audit(env, 'verify')
  expect(right).toMatchObject({ exitCode: 0, stderr: '' })
  expect(right.lines.at(-1)).toBe('The audit log is right: 2 entries.')
  const none = headFolder()
  expect((await audit({ Database__DataFolder: none.folder }, 'verify')).stderr).toContain(
    `There is no embedded database in '${none.folder}'`,
  )
  none.remove()
  remove()
}, 60_000)
