// `bun bench`: the standard run, from the first server to the last file written.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { otherCore, pinSelf } from '../affinity.ts'
import { htmlReport } from '../report/html.ts'
import { markdownSentence, markdownTable, withBlock } from '../report/markdown.ts'
import { Progress } from '../report/progress.ts'
import { tableLines } from '../report/table.ts'
import { startDatabase } from '../servers/database.ts'
import { bytesOnDisk, bytesSeconds } from './bytes.ts'
import type { Context } from './context.ts'
import { fleetSeconds, fleetSize } from './fleet-size.ts'
import { longMessages, longMessagesSeconds } from './long-messages.ts'
import { emptyResults, type StandardResults } from './results.ts'
import type { Size } from './sizes.ts'
import { startsSeconds, startTimes } from './starts.ts'
import { throughput, throughputSeconds } from './throughput.ts'
import { allReached, verdicts } from './verdicts.ts'

export interface StandardOptions {
  readonly size: Size
  /** Folder of the files; null writes none. */
  readonly resultsFolder: string | null
  /**
   * Files into which the figures of a complete run are written: the README of the project and that of the bench; null
   * writes none.
   */
  readonly readmes: { readonly front: string; readonly bench: string } | null
  readonly print: (line: string) => void
  /** Ends the run early; what was found until then is reported. */
  readonly signal: AbortSignal
}

/**
 * Runs everything, prints the table, writes `<date>.json` and `<date>.html`. An error ends the run; the results until
 * then are reported.
 */
export async function standardRun(options: StandardOptions): Promise<StandardResults> {
  const { size, signal, print } = options
  const results = emptyResults()
  const seconds = [throughputSeconds, bytesSeconds, longMessagesSeconds, fleetSeconds, startsSeconds].map((of) =>
    of(size),
  )
  const progress = new Progress(seconds.reduce((sum, part) => sum + part, 0))
  const closers: (() => Promise<void> | void)[] = []
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('The run was interrupted.')))
  })
  try {
    pinSelf(otherCore)
    progress.step('starting PostgreSQL', 3)
    const postgres = await startDatabase()
    closers.unshift(() => postgres.stop())
    const context: Context = { size, results, postgres, progress, atEnd: (close) => closers.unshift(close) }
    for (const part of [throughput, bytesOnDisk, longMessages, fleetSize, startTimes])
      await Promise.race([part(context), aborted])
    results.isComplete = true
  } catch (error) {
    if (!signal.aborted) results.failure = error instanceof Error ? error.message : String(error)
  } finally {
    progress.end()
    // Stopping twice is harmless: a part that ended by itself has stopped its servers.
    for (const close of closers) await close()
  }
  tableLines(results, verdicts(results)).forEach(print)
  if (options.resultsFolder !== null) {
    for (const file of await writeFiles(options.resultsFolder, results)) print(`written        ${file}`)
  }
  if (options.readmes !== null && results.isComplete) {
    const { front, bench } = options.readmes
    await writeBlock(front, markdownSentence(verdicts(results)))
    await writeBlock(bench, markdownTable(results, verdicts(results)))
    for (const file of [front, bench]) print(`written        ${file}: run bun fmt`)
  }
  return results
}

async function writeBlock(file: string, block: string): Promise<void> {
  await Bun.write(file, withBlock(await Bun.file(file).text(), block))
}

/** Whether the run is complete and all measured figures reach their targets. */
export function isGood(results: StandardResults): boolean {
  return results.isComplete && allReached(verdicts(results))
}

async function writeFiles(folder: string, results: StandardResults): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const name = results.startedAt.slice(0, 16).replace(':', '-')
  const json = join(folder, `${name}.json`)
  const html = join(folder, `${name}.html`)
  await Bun.write(json, `${JSON.stringify({ ...results, verdicts: verdicts(results) }, null, 1)}\n`)
  await Bun.write(html, htmlReport(results, verdicts(results)))
  return [json, html]
}
