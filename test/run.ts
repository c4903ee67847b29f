// `bun run test`: starts one PostgreSQL 18 for all tests, runs `bun test` with the arguments it was given, and stops the server
// again whatever happens. Ends with the line `N passed, N failed` and with the exit code of `bun test`.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverVariables } from './support/postgres.ts'
import { startPostgres } from './support/postgres-server.ts'

const server = await startPostgres(18)
const folder = mkdtempSync(join(tmpdir(), 'stator-tests-'))

const tests = Bun.spawn([process.execPath, 'test', '--timeout', '60000', ...process.argv.slice(2)], {
  cwd: join(import.meta.dir, '..'),
  env: { ...process.env, [serverVariables[18]]: server.connectionString, STATOR_TEST_FOLDER: folder },
  stdin: 'inherit',
  stdout: 'inherit',
  stderr: 'pipe',
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tests.kill(signal))

// The summary of `bun test` stands on standard error: lines such as ` 12 pass` and ` 0 fail`.
const counts = { pass: 0, fail: 0 }
const decoder = new TextDecoder()
let line = ''
for await (const chunk of tests.stderr) {
  process.stderr.write(chunk)
  const lines = (line + decoder.decode(chunk, { stream: true })).split('\n')
  line = lines.pop() ?? ''
  for (const text of lines) {
    const summary = /^\s*(\d+) (pass|fail)$/.exec(Bun.stripANSI(text).trimEnd())
    if (summary?.[2] === 'pass' || summary?.[2] === 'fail') counts[summary[2]] = Number(summary[1])
  }
}

const exitCode = await tests.exited
await server.stop()
rmSync(folder, { recursive: true, force: true })
console.log(`${counts.pass} passed, ${counts.fail} failed`)
process.exitCode = exitCode
