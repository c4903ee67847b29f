// `bun run fuzz`: fuzzes and simulates at length, including the tests that find planted bugs; with `--full` for twice as
// long. With other options: runs any number of seeds of the simulation. If a rule is broken, it prints the shortest story
// that it finds and exits with 1.

import { join } from 'node:path'
import { answerAtOnce, type Command, readFlags, UsageError } from '../../src/base/command-line.ts'
import { timesFull } from '../fuzz/make/run.ts'
import { planOf } from './plan.ts'
import { rules } from './rules.ts'
import { runSeeds, summary } from './run.ts'
import { simulate } from './simulation.ts'
import { shorten, storyOf } from './story.ts'

const command: Command = {
  name: 'bun run fuzz',
  about: 'runs the tests in test/simulation and test/fuzz at length; with --seeds or --seed: the simulation alone',
  flags: {
    full: { value: null, about: 'the tests for twice as long, with the story of every planted bug shortened' },
    seeds: { value: 'N', about: 'run this many seeds (10000)' },
    first: { value: 'S', about: 'with --seeds: the first of them (1)' },
    json: { value: null, about: 'with --seeds: print the counts as JSON' },
    seed: { value: 'S', about: 'print the story of this seed' },
  },
  operands: null,
}

/** Violations whose story is printed; one bug breaks many seeds. */
const storiesMax = 3
const progressMs = 1_000
/** How many times longer than with `bun run test`. */
const timesDefault = 2

/** The arguments; ends this process if they are wrong, or ask for help. */
function given(args: readonly string[]): ReadonlyMap<string, string> {
  const answer = answerAtOnce(args, command)
  if (answer !== null) {
    console.log(answer)
    process.exit()
  }
  try {
    return readFlags(args, command).flags
  } catch (error) {
    console.error(error instanceof UsageError ? error.message : error)
    process.exit(2)
  }
}

function integer(name: string, fallback: number): number {
  const text = flags.get(name)
  if (text === undefined) return fallback
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value)) return value
  console.error(`--${name} is "${text}": expected a whole number, 0 or more.`)
  process.exit(2)
}

async function runTests(times: number): Promise<void> {
  const tests = Bun.spawn([process.execPath, 'test/run.ts', 'test/simulation', 'test/fuzz'], {
    cwd: join(import.meta.dir, '../..'),
    env: { STATOR_FUZZ_TIMES: String(times), ...process.env },
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

const flags = given(process.argv.slice(2))
if (flags.size === 0) await runTests(timesDefault)
else if (flags.has('full')) await runTests(timesFull)
else if (flags.has('seed')) replay(integer('seed', 0))
else fuzz(integer('first', 1), integer('seeds', 10_000), flags.has('json'))
// Exits explicitly: simulated processes may still wait for events that never come.
process.exit()
