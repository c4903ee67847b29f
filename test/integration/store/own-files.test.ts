// Every program of Stator, started by somebody whose files are open to all (umask 000): what it makes, also in the
// folder for temporary files, is its user's alone, while it runs and after it.

import { expect, test } from 'bun:test'
import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cleanUpAfterEach } from '../../support/clean-up.ts'
import { testDatabase } from '../../support/postgres.ts'
import { keptKey, type StartedProcess } from '../../support/started-process.ts'
import { until } from '../../support/until.ts'

const cleanUp = cleanUpAfterEach()

/** The folders that a program writes to, below one: where it runs, its home, and where temporary files go. */
interface Folders {
  readonly work: string
  readonly temporary: string
  readonly env: Readonly<Record<string, string>>
}

async function newFolders(): Promise<Folders> {
  const base = await cleanUp.newFolder()
  // PostgreSQL of the bench does not run as root.
  chmodSync(base, 0o711)
  const [work, temporary] = [join(base, 'work'), join(base, 'tmp')]
  mkdirSync(work)
  mkdirSync(temporary)
  return { work, temporary, env: { TMPDIR: temporary, Database__DataFolder: join(work, 'data') } }
}

function pathsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)))
}

/** What a program has made, and of that what others may do something with. */
function made({ work, temporary }: Folders): { readonly paths: string[]; readonly open: string[] } {
  const paths = [...pathsIn(work), ...pathsIn(temporary)]
  const open = paths.filter((path) => (lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077)
  return { paths, open }
}

const isSocket = (path: string): boolean => lstatSync(path).isSocket()

async function stop(process: StartedProcess): Promise<void> {
  process.signal('SIGTERM')
  expect(await process.exit()).toBe(0)
}

test('a start on the embedded database, and the move to PostgreSQL after it', async () => {
  const folders = await newFolders()
  const stator = cleanUp.run(folders.env, { isOpenHanded: true, folder: folders.work })
  await stator.logged('Stator is running.')
  const running = made(folders)
  expect(running.open).toEqual([])
  expect(running.paths.filter(isSocket)).toHaveLength(1)
  await stop(stator)
  expect(made(folders).open).toEqual([])

  const target = await testDatabase()
  cleanUp.add(() => target.drop())
  const args = ['migrate', '--to', target.connectionString]
  const move = cleanUp.run(folders.env, { isOpenHanded: true, folder: folders.work, args })
  expect([await move.exit(), made(folders).open]).toEqual([0, []])
}, 60_000)

test('a socket whose path is too long for the data folder, and nothing of it is left', async () => {
  const folders = await newFolders()
  const Database__DataFolder = join(folders.work, 'long'.repeat(30))
  cpSync(await cleanUp.madeFolder(), Database__DataFolder, { recursive: true })
  const env = { ...folders.env, Database__DataFolder }
  const stator = cleanUp.run(env, { isOpenHanded: true, folder: folders.work })
  await stator.logged('Stator is running.')
  expect(pathsIn(folders.temporary).filter(isSocket)).toHaveLength(1)
  expect(made(folders).open).toEqual([])
  await stop(stator)
  expect(pathsIn(folders.temporary)).toEqual([])
}, 60_000)

test('a start on PostgreSQL that is killed', async () => {
  const folders = await newFolders()
  const database = await testDatabase()
  cleanUp.add(() => database.drop())
  const env = { ...folders.env, Database__ConnectionString: database.connectionString }
  const stator = cleanUp.run(env, { isOpenHanded: true, folder: folders.work })
  await stator.logged('Stator is running.')
  stator.signal('SIGKILL')
  await stator.exit()
  const { paths, open } = made(folders)
  expect(paths).toContain(join(folders.work, 'data', 'secrets', 'encryption-key'))
  expect(open).toEqual([])
}, 60_000)

test('the demo, and simulated charge points', async () => {
  const folders = await newFolders()
  cpSync(await cleanUp.madeFolder(), join(folders.work, 'data', 'demo'), { recursive: true })
  chmodSync(join(folders.work, 'data'), 0o700)
  const demo = cleanUp.run(folders.env, {
    program: 'src/simulator/demo.ts',
    isOpenHanded: true,
    folder: folders.work,
  })
  const url = String((await demo.logged('The demo is running.'))['url'])
  const key = await keptKey(join(folders.work, 'data', 'demo'))
  const args = ['--url', `${url.replace('http', 'ws')}/ocpp`, '--api-key', key, '--quiet']
  const simulated = cleanUp.run(folders.env, {
    program: 'src/simulator/simulate.ts',
    isOpenHanded: true,
    folder: folders.work,
    args,
  })
  await until('the boot of a simulated charge point', () => simulated.out.includes('Accepted'), 30_000)
  expect(made(folders).open).toEqual([])
  await stop(simulated)
  await stop(demo)
  expect(made(folders).open).toEqual([])
}, 90_000)

test('a load of the bench, with its profile; the file of its figures is for whoever asked for it', async () => {
  const folders = await newFolders()
  const [profile, figures] = [join(folders.work, 'profile'), join(folders.work, 'figures.json')]
  const length = ['--stations', '2', '--duration', '1s', '--warmup', '0s']
  const args = ['load', '--start', 'stator', ...length, '--profile', profile, '--json', figures]
  const bench = cleanUp.run(folders.env, {
    program: 'bench/main.ts',
    isOpenHanded: true,
    folder: folders.work,
    args,
  })
  const seen = new Set<string>()
  const watching = setInterval(() => made(folders).open.forEach((path) => seen.add(path)), 50)
  await bench.exit()
  clearInterval(watching)
  expect(pathsIn(profile).length).toBeGreaterThan(0)
  // PostgreSQL comes from a package, and may be copied to where its user reaches it.
  const open = [...seen, ...made(folders).open].filter((path) => !path.includes('/native'))
  expect(new Set(open)).toEqual(new Set([figures]))
}, 90_000)
