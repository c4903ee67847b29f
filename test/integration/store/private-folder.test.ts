// The data folder is for the user that Stator runs as, whatever it was before.

import { afterEach, expect, test } from 'bun:test'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { keepPrivate } from '../../../src/base/private-folder.ts'
import { StatorProcess } from '../../support/stator-process.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stator-private-'))
  folders.push(folder)
  return folder
}

/** Paths in `folder`, itself included; links are not followed. */
function pathsIn(folder: string): string[] {
  return [folder, ...readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)))]
}

/** What others may do something with. */
function open(folder: string): string[] {
  return pathsIn(folder).filter((path) => (lstatSync(path).mode & 0o077) !== 0)
}

const modeOf = (path: string): number => statSync(path).mode & 0o777

test('an embedded database that everybody could read is closed at the start, and stays so while it grows', async () => {
  // Its own process: a umask is that of a whole process.
  const stator = await StatorProcess.start({ connectionString: null, identities: [] })
  const { dataFolder } = stator
  try {
    await stator.terminate()
    for (const path of pathsIn(dataFolder)) chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o666)
    // The lock is made again, by SQLite.
    rmSync(join(dataFolder, 'embedded.lock'))
    await stator.startAgain()
    const before = new Set(pathsIn(dataFolder))
    expect(open(dataFolder)).toEqual([])
    const client = new Client({ host: dataFolder, port: 5432, user: 'postgres', database: 'postgres' })
    await client.connect()
    await client.query(`CREATE TABLE grown AS SELECT n, repeat('x', 1000) AS text FROM generate_series(1, 20000) n`)
    await client.query('SELECT pg_switch_wal()')
    await client.query('CHECKPOINT')
    await client.end()
    const made = pathsIn(dataFolder).filter((path) => !before.has(path))
    expect(made.some((path) => path.includes('/pg_wal/'))).toBe(true)
    expect(made.some((path) => path.includes('/base/'))).toBe(true)
    expect(open(dataFolder)).toEqual([])
  } finally {
    await stator.remove()
  }
}, 60_000)

test('secrets are closed with PostgreSQL too, and links are not followed', () => {
  const folder = newFolder()
  const elsewhere = newFolder()
  const foreign = join(elsewhere, 'foreign')
  writeFileSync(foreign, 'not ours')
  chmodSync(foreign, 0o644)
  chmodSync(elsewhere, 0o755)
  mkdirSync(join(folder, 'secrets', 'old'), { recursive: true })
  writeFileSync(join(folder, 'secrets', 'admin-api-key'), 'stator_key')
  symlinkSync(foreign, join(folder, 'secrets', 'link'))
  symlinkSync(elsewhere, join(folder, 'postgres'))
  for (const path of [folder, join(folder, 'secrets'), join(folder, 'secrets', 'old')]) chmodSync(path, 0o755)
  chmodSync(join(folder, 'secrets', 'admin-api-key'), 0o644)
  keepPrivate(folder)
  expect([folder, join(folder, 'secrets'), join(folder, 'secrets', 'old')].map(modeOf)).toEqual([0o700, 0o700, 0o700])
  expect(modeOf(join(folder, 'secrets', 'admin-api-key'))).toBe(0o600)
  expect([modeOf(foreign), modeOf(elsewhere)]).toEqual([0o644, 0o755])
})

test('what Stator has not made keeps its mode, behind a folder that is closed', () => {
  const folder = newFolder()
  const program = join(folder, 'program')
  writeFileSync(program, '')
  chmodSync(program, 0o755)
  chmodSync(folder, 0o755)
  keepPrivate(folder)
  expect([modeOf(folder), modeOf(program)]).toEqual([0o700, 0o755])
})

test('a mode that cannot be changed refuses the start with a sentence that names the file', () => {
  const folder = newFolder()
  mkdirSync(join(folder, 'secrets'))
  const key = join(folder, 'secrets', 'admin-api-key')
  writeFileSync(key, 'stator_key')
  chmodSync(key, 0o640)
  const refuseKey = (path: string, mode: number): void => {
    if (path === key) throw Object.assign(new Error('EPERM: operation not permitted'), { code: 'EPERM' })
    chmodSync(path, mode)
  }
  expect(() => keepPrivate(folder, refuseKey)).toThrow(
    expect.objectContaining({ code: 'DATA_FOLDER_NOT_PRIVATE', message: expect.stringContaining(`${key} is 0640`) }),
  )
})

test('a file that goes while its folder is looked through is none', () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'embedded.lock'), '')
  chmodSync(join(folder, 'embedded.lock'), 0o644)
  keepPrivate(folder, (path) => {
    throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
  })
  expect(readFileSync(join(folder, 'embedded.lock'), 'utf8')).toBe('')
})

test('a folder that is there for everybody is refused, and left as it is', () => {
  const folder = newFolder()
  chmodSync(folder, 0o1777)
  expect(() => keepPrivate(folder)).toThrow(expect.objectContaining({ code: 'DATA_FOLDER_NOT_PRIVATE' }))
  expect(statSync(folder).mode & 0o7777).toBe(0o1777)
})

test('a folder that is not there yet is no trouble', () => {
  keepPrivate(join(newFolder(), 'later'))
})

test('a data folder that is a file, or lies below one, refuses the start with one sentence', () => {
  const file = join(newFolder(), 'data')
  writeFileSync(file, 'not a folder')
  for (const folder of [file, join(file, 'below')]) {
    expect(() => keepPrivate(folder)).toThrow(
      expect.objectContaining({
        code: 'DATA_FOLDER_NOT_PRIVATE',
        message: expect.stringContaining(`"${folder}": it `),
      }),
    )
  }
  expect(readFileSync(file, 'utf8')).toBe('not a folder')
})
