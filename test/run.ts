// `bun run test`: the tests of every day. With arguments: `bun test` with these, but for `--help` and `--version`. Starts
// a PostgreSQL 18 and a 15 for all of them, and stops both again whatever happens. Files run side by side; those that
// watch latencies run after them, one after the other. Ends with the line `N passed, N failed`, and with the exit code
// of the first `bun test` that failed. What takes long has commands of its own: `bun run fuzz`
// (test/simulation, test/fuzz) and `bun run faults` (test/fault).

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Glob } from 'bun'
import { answerAtOnce, type Command } from '../src/base/command-line.ts'
import { serverVariables } from './support/postgres.ts'
import { isFullSize } from './support/fault-results.ts'
import { type PostgresVersion, startPostgres } from './support/postgres-server.ts'

const root = join(import.meta.dir, '..')
const given = process.argv.slice(2)

const command: Command = {
  name: 'bun run test',
  about: 'the tests of every day, or those in these files and folders; `unit`: the unit tests',
  flags: {
    'test-name-pattern': { value: 'PATTERN', about: 'or -t: only tests whose name matches; more: bun test --help' },
  },
  operands: 'PATH…',
}
const answer = answerAtOnce(given, command)
if (answer !== null) {
  console.log(answer)
  process.exit()
}

/** Unit tests need no database. */
const areUnitTests = given.length > 0 && given.every((argument) => /^-|\bunit\b/.test(argument))
const servers = areUnitTests ? [] : await Promise.all(([18, 15] as const).map(runningServer))
const folder = mkdtempSync(join(tmpdir(), 'stator-tests-'))

/** Each test process has a share of the connections of the server. */
const processesMax = 4
/** One more than cores, since tests also wait: for databases and for processes. */
const sideBySide = `--parallel=${Math.min(processesMax, availableParallelism() + 1)}`
/** What measures its process, and faults, whose processes have to start in time. */
const oneForEachCore = `--parallel=${Math.min(processesMax, availableParallelism())}`

/** Faults that watch latencies or memory: nothing runs beside them. */
const watchful = ['database-frozen', 'floods', 'migrations-under-load', 'one-station', 'reconnect-storm', 'rest-flood']

function isFault(file: string): boolean {
  return /\btest\/fault\b/.test(file)
}

/** Whether nothing runs beside this file. At full size no fault does: its figures count. */
function isAlone(file: string): boolean {
  return isFault(file) && (isFullSize || watchful.some((name) => file.includes(name)))
}

/**
 * Whether a process runs this file with the modules that it has loaded for the one before: to load all of Stator and to
 * compile its schemas takes over a second. The others measure what their process does, so each starts with a fresh one.
 */
function sharesModules(file: string): boolean {
  return /\b(unit|conformance|integration)\b/.test(file)
}

/** Left to `bun run fuzz`: planted bugs that hundreds of worlds have to find, and what measures every hostile shape. */
const slow = ['test/simulation/canary.test.ts', 'test/fuzz/linear-work.test.ts', 'test/fuzz/main-thread.test.ts']
const quick = [...new Glob('test/{simulation,fuzz}/*.test.ts').scanSync(root)].filter((file) => !slow.includes(file))
const everyDay = ['test/unit', 'test/conformance', 'test/integration', ...quick]

/** The files of a folder; another argument stands for itself. */
function filesOf(argument: string): readonly string[] {
  if (statSync(join(root, argument), { throwIfNoEntry: false })?.isDirectory() !== true) return [argument]
  return [...new Glob(join(argument, '**/*.test.ts')).scanSync(root)]
}

/** The arguments of each `bun test`. Flags, and what stands beside them, belong to all files: then there is one. */
function partsOf(args: readonly string[]): readonly (readonly string[])[] {
  if (args.some((argument) => argument.startsWith('-'))) return [args.some(isFault) ? args : [sideBySide, ...args]]
  const files = [...new Set(args.flatMap(filesOf))].toSorted()
  const sharing = files.filter(sharesModules)
  const alone = files.filter(isAlone)
  const faults = files.filter((file) => isFault(file) && !alone.includes(file))
  const others = files.filter((file) => !sharing.includes(file) && !isFault(file))
  return [
    ...(sharing.length > 0 ? [[sideBySide, '--no-isolate', ...sharing]] : []),
    ...(others.length > 0 ? [[oneForEachCore, ...others]] : []),
    ...(faults.length > 0 ? [[oneForEachCore, ...faults]] : []),
    ...(alone.length > 0 ? [alone] : []),
  ]
}

const counts = { pass: 0, fail: 0 }

/** The summary of `bun test` stands on standard error: lines such as ` 12 pass` and ` 0 fail`. */
async function count(output: ReadableStream<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder()
  let line = ''
  for await (const chunk of output) {
    process.stderr.write(chunk)
    const lines = (line + decoder.decode(chunk, { stream: true })).split('\n')
    line = lines.pop() ?? ''
    for (const text of lines) {
      const summary = /^\s*(\d+) (pass|fail)$/.exec(Bun.stripANSI(text).trimEnd())
      if (summary?.[2] === 'pass' || summary?.[2] === 'fail') counts[summary[2]] += Number(summary[1])
    }
  }
}

async function runningServer(version: PostgresVersion) {
  const { connectionString, stop } = await startPostgres(version)
  return { variable: serverVariables[version], connectionString, stop }
}

async function run(part: readonly string[]): Promise<number> {
  const urls = Object.fromEntries(servers.map(({ variable, connectionString }) => [variable, connectionString]))
  const tests = Bun.spawn([process.execPath, 'test', '--timeout', '60000', ...part], {
    cwd: root,
    env: { ...process.env, ...urls, STATOR_TEST_FOLDER: folder },
    stdin: 'inherit',
    stdout: 'inherit',
    stderr: 'pipe',
  })
  const stop = (signal: NodeJS.Signals): void => {
    isStopped = true
    tests.kill(signal)
  }
  for (const signal of signals) process.on(signal, stop)
  await count(tests.stderr)
  for (const signal of signals) process.off(signal, stop)
  return tests.exited
}

const signals = ['SIGINT', 'SIGTERM'] as const
let isStopped = false
let exitCode = 0
for (const part of partsOf(given.length === 0 ? everyDay : given)) {
  if (isStopped) break
  const partExitCode = await run(part)
  exitCode ||= partExitCode
}
await Promise.all(servers.map(({ stop }) => stop()))
rmSync(folder, { recursive: true, force: true })
console.log(`${counts.pass} passed, ${counts.fail} failed`)
process.exitCode = exitCode
