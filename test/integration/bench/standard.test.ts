// `bun bench` itself, in a small size and as a process of its own: it pins itself to a core.

import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const main = join(import.meta.dir, '../../../bench/main.ts')
const folder = mkdtempSync(join(tmpdir(), 'stator-bench-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

function bench(results: string) {
  const command = [process.execPath, main, '--size', 'small', '--results', join(folder, results)]
  return Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
}

function written(results: string, ending: string): string {
  const file = readdirSync(join(folder, results)).find((name) => name.endsWith(ending)) ?? ''
  return readFileSync(join(folder, results, file), 'utf8')
}

test('a small run measures everything, loses nothing, and writes its table and its files', async () => {
  const run = bench('whole')
  const [table, said] = await Promise.all([run.stdout.text(), run.stderr.text()])
  // Not 2: nothing broke. Such a small run need not reach the figures of a real one.
  expect([0, 1], said).toContain(await run.exited)
  expect(table).toContain("CPU of Stator per durable MeterValues against the floor's per message")
  expect(table).not.toContain('not measured')

  const results = JSON.parse(written('whole', '.json'))
  expect(results).toMatchObject({ isComplete: true, memory: { stations: 40 }, storm: { errors: {} } })
  const sides = ['floor', 'peer', 'stator', 'stator201', 'statorNoLog']
  // Where nothing can be pinned all servers have all cores.
  expect(Object.keys(results.meter).toSorted()).toEqual(results.machine.isPinned ? [...sides, 'statorUnpinned'] : sides)
  expect(Object.keys(results.heartbeat).toSorted()).toEqual(['floor', 'stator', 'stator201', 'statorNoLog'])
  // On one core there are no workers, so nothing is compared with them.
  const longAudits = results.machine.cores < 2 ? 0 : 4
  expect(Object.keys(results.audits)).toHaveLength((results.machine.isPinned ? 7 : 6) + longAudits)
  expect(results.longMessages.workers).toHaveLength(longAudits / 4)
  for (const findings of Object.values(results.audits))
    expect(findings).toMatchObject({ missing: 0, duplicated: 0, altered: 0, unexpected: 0 })
  expect(written('whole', '.html')).toContain('</svg>')
}, 180_000)

test('an interrupted run still says and writes what it had', async () => {
  const run = bench('interrupted')
  const decoder = new TextDecoder()
  let said = ''
  for await (const chunk of run.stderr) {
    said += decoder.decode(chunk, { stream: true })
    if (said.includes('meter: floor warms up')) break
  }
  run.kill('SIGINT')
  const table = await run.stdout.text()
  expect(await run.exited).toBe(130)
  expect(table).toContain('The run was interrupted; this is what it had until then.')
  expect(table).toMatch(/heartbeats\/s, closed loop, against the floor\s+≥ 0\.800×\s+\d/)
  expect(JSON.parse(written('interrupted', '.json'))).toMatchObject({ isComplete: false, memory: null })
}, 180_000)
