// Shared parts of fuzz tests: seeds that can be given, failures with their seed, counts that can be collected.

import { join } from 'node:path'
import { Random } from '../../support/random.ts'

const given = process.env['STATOR_FUZZ_SEED']
/** How many times longer to fuzz and simulate than `bun run test`. */
export const times = Number(process.env['STATOR_FUZZ_TIMES'] ?? 1)
/** How many times longer `bun run fuzz --full` and `bun run faults --full` take. */
export const timesFull = 4
export const isFull = times >= timesFull

/** Longest time for a fuzz test, in milliseconds: on a quiet machine each needs some seconds. */
export const fuzzMsMax = 180_000 * times

/** The seeds of `rounds` rounds: different ones in every run, or the single one in STATOR_FUZZ_SEED. */
export function seedsOf(rounds: number): readonly number[] {
  if (given !== undefined) return [Number(given)]
  const first = Date.now() % 1_000_000_000
  return Array.from({ length: rounds * times }, (_, round) => first + round)
}

/** Runs `round` with the random numbers of `seed`; its errors say how to repeat it. */
export async function withSeed(seed: number, round: (random: Random) => void | Promise<void>): Promise<void> {
  try {
    await round(new Random(seed))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`STATOR_FUZZ_SEED=${seed} fails: ${reason}`, { cause: error })
  }
}

/** Writes the counts of a fuzz test to `<name>.json` in the folder STATOR_FAULTS_FOLDER, if it is set. */
export async function reportCounts(name: string, counts: Readonly<Record<string, number>>): Promise<void> {
  const folder = process.env['STATOR_FAULTS_FOLDER']
  if (folder !== undefined && folder !== '') {
    await Bun.write(join(folder, `${name}.json`), `${JSON.stringify({ name, ...counts }, null, 2)}\n`)
  }
}
