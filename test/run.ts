// `bun run test`: starts one PostgreSQL 18 for all tests, runs `bun test` with the arguments it was given, and stops the server
// again whatever happens. Without arguments all tests run: files side by side, and then those of the bench and of faults, which watch latencies, one after the
// other. Ends with the line `N passed, N failed`, and with the exit code of the first `bun test` that failed.

import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverVariables } from './support/postgres.ts'
import { startPostgres } from './support/postgres-server.ts'

const server = await startPostgres(18)
const folder = mkdtempSync(join(tmpdir(), 'stator-tests-'))

/** Each test process has a share of the connections of the server. */
const processesMax = 4
const sideBySide = `--parallel=${Math.min(processesMax, availableParallelism())}`
const sideBySidePaths = [
  ...['test/unit', 'test/integration/api', 'test/integration/flows', 'test/integration/store'],
  ...['test/simulation', 'test/fuzz'],
]
const everything = [
  [sideBySide, ...sideBySidePaths],
  ['test/integration/bench', 'test/fault'],
]
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

async function run(given: readonly string[]): Promise<number> {
  const tests = Bun.spawn([process.execPath, 'test', '--timeout', '60000', ...given], {
    cwd: join(import.meta.dir, '..'),
    env: { ...process.env, [serverVariables[18]]: server.connectionString, STATOR_TEST_FOLDER: folder },
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
const given = process.argv.slice(2)
let exitCode = 0
for (const part of given.length === 0 ? everything : [given]) {
  if (isStopped) break
  const partExitCode = await run(part)
  exitCode ||= partExitCode
}
await server.stop()
rmSync(folder, { recursive: true, force: true })
console.log(`${counts.pass} passed, ${counts.fail} failed`)
process.exitCode = exitCode
