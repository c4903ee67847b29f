// `bun run fuzz`: fuzzes and simulates at length, including the tests that find planted bugs. With options: runs any
// number of seeds of the simulation. If a rule is broken, it prints the shortest story that it finds and exits with 1.

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { planOf } from './plan.ts'
import { rules } from './rules.ts'
import { runSeeds, summary } from './run.ts'
import { simulate } from './simulation.ts'
import { shorten, storyOf } from './story.ts'

const usage = `bun run fuzz                                  runs the tests in test/simulation and test/fuzz at length
bun run fuzz --seeds N [--first S] [--json]   runs N seeds (10000) from S (1) on
bun run fuzz --seed S                         prints the story of one seed`

/** Violations whose story is printed; one bug breaks many seeds. */
const storiesMax = 3
const progressMs = 1_000
/** How many times longer than with `bun run test`. */
const timesDefault = '4'

function integer(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name} is ${text}: expected a whole number, 0 or more.\n${usage}`)
  process.exit(2)
}

function options() {
  try {
    const text = { type: 'string' } as const
    const { values } = parseArgs({
      args: process.argv.slice(2),
      options: { seeds: text, first: text, seed: text, json: { type: 'boolean' } },
    })
    return values
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  }
}

async function runTests(): Promise<void> {
  const tests = Bun.spawn([process.execPath, 'test/run.ts', 'test/simulation', 'test/fuzz'], {
    cwd: join(import.meta.dir, '../..'),
    env: { STATOR_FUZZ_TIMES: timesDefault, ...process.env },
    stdio: ['inherit', 'inherit', 'inherit'],
  })
  process.exitCode = await tests.exited
}

function replay(seed: number): void {
  const plan = planOf(seed)
  const { violation } = simulate(plan)
  console.log(storyOf(violation === null ? plan : shorten(plan, violation.rule)))
  if (violation !== null) process.exitCode = 1
}

function fuzz(first: number, count: number, isJson: boolean): void {
  let printedMs = 0
  const run = runSeeds({
    first,
    count,
    onSeed: (soFar) => {
      if (soFar.durationMs - printedMs < progressMs) return
      printedMs = soFar.durationMs
      process.stderr.write(`${summary(soFar)}\n`)
    },
  })
  const { violations, durationMs, ...counts } = run
  if (isJson) {
    const simulation = { first, ...counts, violations: violations.length, durationMs: Math.round(durationMs) }
    console.log(JSON.stringify({ simulation, violatedSeeds: violations.map(({ seed }) => seed) }))
  } else {
    console.log(summary(run))
  }
  for (const { seed, violation } of violations.slice(0, storiesMax)) {
    process.stderr.write(`\n${rules[violation.rule]}\n${storyOf(shorten(planOf(seed), violation.rule))}\n`)
  }
  if (violations.length > 0) process.exitCode = 1
}

const { seed, seeds, first, json = false } = options()
if (process.argv.length === 2) await runTests()
else if (seed !== undefined) replay(integer('seed', seed, 0))
else fuzz(integer('first', first, 1), integer('seeds', seeds, 10_000), json)
// Exits explicitly: simulated processes may still wait for events that never come.
process.exit()
