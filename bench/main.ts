// `bun bench`: how much load a node of Stator can take, and whether it loses anything.

import { join } from 'node:path'
import { answerAtOnce, UsageError } from '../src/base/command-line.ts'
import { loadBench, parseStandard, standardBench } from './cli.ts'
import { loadCommand } from './load.ts'
import { checkPackages } from './preflight.ts'
import { isGood, standardRun } from './standard/run.ts'

async function main([command, ...args]: readonly string[]): Promise<number> {
  const rest = command === 'load' ? args : command === undefined ? [] : [command, ...args]
  const answer = answerAtOnce(rest, command === 'load' ? loadBench : standardBench)
  if (answer !== null) {
    console.log(answer)
    return 0
  }
  return command === 'load' ? loadCommand(rest) : standardCommand(rest)
}

async function standardCommand(args: readonly string[]): Promise<number> {
  const { size, resultsFolder, writesReadme } = parseStandard(args, join(import.meta.dir, 'results'))
  checkPackages()
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  const results = await standardRun({
    size,
    resultsFolder,
    readmes: writesReadme ? { front: join(root, 'README.md'), bench: join(root, 'bench/README.md') } : null,
    print: (line) => console.log(line),
    signal: interrupted.signal,
  })
  if (interrupted.signal.aborted) return exitInterrupted
  if (results.failure !== null) return exitBroken
  return isGood(results) ? 0 : 1
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
