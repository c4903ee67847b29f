// `bun bench`: how much load a node of Stator can take, and whether it loses anything.

import { join } from 'node:path'
import { answerAtOnce, UsageError } from '../src/base/command-line.ts'
import { loadBench, parseReads, parseStandard, readsBench, standardBench } from './cli.ts'
import { loadCommand } from './load.ts'
import { checkPackages } from './preflight.ts'
import { isGoodRun } from './reads/results.ts'
import { readsRun } from './reads/run.ts'
import { isGood, standardRun } from './standard/run.ts'

/** What stands after `bun bench`; without it the standard run is made. */
const commands = {
  load: { about: loadBench, run: loadCommand },
  reads: { about: readsBench, run: readsCommand },
} as const

async function main(args: readonly string[]): Promise<number> {
  const [word] = args
  const named = word === 'load' || word === 'reads' ? commands[word] : null
  const { about, run } = named ?? { about: standardBench, run: standardCommand }
  const rest = named === null ? args : args.slice(1)
  const answer = answerAtOnce(rest, about)
  if (answer !== null) {
    console.log(answer)
    return 0
  }
  return run(rest)
}

async function readsCommand(args: readonly string[]): Promise<number> {
  const { size, resultsFolder } = parseReads(args, join(import.meta.dir, 'results'))
  checkPackages()
  const results = await readsRun({
    size,
    resultsFolder,
    print: (line) => console.log(line),
    signal: interruption(),
  })
  if (!results.isComplete && results.failure === null) return exitInterrupted
  if (results.failure !== null) return exitBroken
  return isGoodRun(results) ? 0 : 1
}

async function standardCommand(args: readonly string[]): Promise<number> {
  const { size, resultsFolder, writesReadme } = parseStandard(args, join(import.meta.dir, 'results'))
  checkPackages()
  const signal = interruption()
  const results = await standardRun({
    size,
    resultsFolder,
    readmes: writesReadme ? { front: join(root, 'README.md'), bench: join(root, 'bench/README.md') } : null,
    print: (line) => console.log(line),
    signal,
  })
  if (signal.aborted) return exitInterrupted
  if (results.failure !== null) return exitBroken
  return isGood(results) ? 0 : 1
}

/** Aborted by Ctrl-C. */
function interruption(): AbortSignal {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  return interrupted.signal
}

const root = join(import.meta.dir, '..')
const exitInterrupted = 130
/** It could not run, or not to its end. */
const exitBroken = 2

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exit(exitBroken)
}
