// `bun bench reads`: fills a tenth of a database, reads every list of the API, fills it up, and reads them again.

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { cpuOf, familyCpuMs } from '../cpu.ts'
import { Progress } from '../report/progress.ts'
import type { ServerProcess } from '../servers/child.ts'
import { createDatabase, startDatabase, tidyDatabase } from '../servers/database.ts'
import { adminApiKey, provisionInDatabase, startStator } from '../servers/stator.ts'
import { identitiesOf } from '../standard/context.ts'
import { casesOf, type ReadCase, scopedCasesOf, unmeasured } from './cases.ts'
import { checkDisk, diskHere, gib, meterValuesBytes, needsOf, tableSizes } from './disk.ts'
import { checkFacts } from './facts.ts'
import { fill } from './fill.ts'
import type { FillPart, FillPlan } from './fill-sql.ts'
import { operationsOf } from './operations.ts'
import { type CpuMs, type Reading, readCase, type Source } from './reading.ts'
import type { ReaderName } from './reader-names.ts'
import { readersOf } from './readers.ts'
import { emptyReadsResults, type PartResult, type ReadsResults, verdictsOf } from './results.ts'
import { partOf, type ReadsSize } from './sizes.ts'
import { readSubjects, type Subjects } from './subjects.ts'
import { readsTable } from './table.ts'
import { startWriteLoad } from './write-load.ts'

export interface ReadsOptions {
  readonly size: ReadsSize
  /** Folder of the file with the results; null writes none. */
  readonly resultsFolder: string | null
  readonly print: (line: string) => void
  /** Ends the run early; what was found until then is reported. */
  readonly signal: AbortSignal
}

/** Charge points of the write load; they exist beside those of the fill. */
const identityPrefix = 'WRITER'
/** Logged lines are seven days old at most: none may be deleted while they are read. */
const statorSettings = { OCPP__MessageLogDays: '8' }
/** About how many pages are measured, for the progress bar. */
const pagesAbout = 400

/** What the parts of the run share. */
interface Run {
  readonly size: ReadsSize
  readonly plan: FillPlan
  readonly databaseUrl: string
  readonly postgresPid: number
  readonly client: Client
  /** Data folder of Stator, and files of the write load. */
  readonly folder: string
  readonly results: ReadsResults
  readonly progress: Progress
  readonly signal: AbortSignal
  atEnd(close: () => Promise<void> | void): void
}

/**
 * Runs everything, prints the table, writes `<date>-reads.json`. An error ends the run; the results until then are
 * reported.
 *
 * @throws {UsageError} in one sentence, before anything is started, when the disk is too small.
 */
export async function readsRun({ size, resultsFolder, print, signal }: ReadsOptions): Promise<ReadsResults> {
  checkDisk(size)
  const needs = needsOf(size)
  const results = emptyReadsResults(size, needs.bytes)
  const seconds = needs.seconds + readSeconds(size)
  const { folder, freeBytes } = diskHere()
  print(
    `needs          ${gib(needs.bytes)} in ${folder} (${gib(freeBytes)} are free), ` +
      `about ${Math.ceil(seconds / 60)} minutes`,
  )
  const progress = new Progress(seconds)
  const closers: (() => Promise<void> | void)[] = []
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('The run was interrupted.')))
  })
  try {
    const atEnd = (close: () => Promise<void> | void): void => void closers.unshift(close)
    await Promise.race([everything({ size, results, progress, signal, atEnd }), aborted])
    results.isComplete = true
  } catch (error) {
    if (!signal.aborted) results.failure = error instanceof Error ? error.message : String(error)
  } finally {
    progress.end()
    for (const close of closers) await close()
  }
  readsTable(results).forEach(print)
  if (resultsFolder !== null) print(`written        ${await writeFile(resultsFolder, results)}`)
  return results
}

function readSeconds({ requestsMsMax, ratePerSecond }: ReadsSize): number {
  const phases = ratePerSecond > 0 ? 4 : 2
  return 15 + (phases * pagesAbout * requestsMsMax) / 1_000
}

async function everything(options: Pick<Run, 'size' | 'results' | 'progress' | 'signal' | 'atEnd'>): Promise<void> {
  const { size, results, progress, atEnd } = options
  progress.step('starting PostgreSQL', 3)
  // Nothing is pinned: a query may use several cores, as in production.
  const postgres = await startDatabase(null)
  atEnd(() => postgres.stop())
  const databaseUrl = await createDatabase(postgres.connectionString, 'reads')
  const folder = await mkdtemp(join(tmpdir(), 'stator-bench-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  const client = new Client({ connectionString: databaseUrl })
  // PostgreSQL is stopped under it when the run is interrupted.
  client.on('error', () => {})
  const run = {
    ...options,
    plan: { ...size, nowMs: Date.now() },
    databaseUrl,
    postgresPid: postgres.pid,
    client,
    folder,
  }
  // It makes the tables.
  await (await start(run)).stop()
  await client.connect()
  atEnd(() => client.end())
  for (const part of ['first', 'rest'] as const) await measurePart(run, part)
  progress.step('sizes of the tables', 2)
  results.tables = await tableSizes(client)
  results.meterValues = await meterValuesBytes(client, results.tables)
}

function start({ databaseUrl, folder, atEnd }: Run): Promise<ServerProcess> {
  const starting = startStator({
    connectionString: databaseUrl,
    dataFolder: folder,
    core: null,
    settings: statorSettings,
  })
  // Also while it starts.
  atEnd(async () => (await starting.catch(() => null))?.stop())
  return starting
}

async function measurePart(run: Run, part: FillPart): Promise<void> {
  const { size, plan, databaseUrl, client, progress } = run
  const isFirst = part === 'first'
  const { seconds } = needsOf(size)
  progress.step(isFirst ? 'filling a tenth' : 'filling up', isFirst ? seconds * 0.1 : seconds * 0.7)
  const startedMs = performance.now()
  await fill(databaseUrl, plan, part, (share) => progress.note(`${Math.round(share * 100)} %`))
  if (isFirst) await provisionInDatabase(databaseUrl, identitiesOf(identityPrefix, size.stations))
  const fillSeconds = (performance.now() - startedMs) / 1_000
  progress.step('vacuum and analyze', seconds * 0.1)
  await tidyDatabase(databaseUrl)

  progress.step('starting Stator', 1)
  const stator = await start(run)
  const source: Source = { url: stator.url.replace(/^ws(.*)\/ocpp$/, 'http$1'), apiKey: adminApiKey }
  const transactions = isFirst ? partOf(plan.transactions) : plan.transactions
  const facts = await checkFacts(source, client, plan, part, size.stations)
  const operations = operationsOf(await (await fetch(`${source.url}/openapi.json`)).json())
  const ids = operations.map(({ id }) => id)
  const subjects = await readSubjects(client, transactions, plan.nowMs, ids)
  const ofAdmin = casesOf(operations, subjects)
  run.results.unmeasured = unmeasured(operations, ofAdmin)
  const scoped = (['half', 'hundredth'] as const).flatMap((name) => scopedCasesOf(operations, subjects, name))
  const cases = [...ofAdmin, ...scoped]
  const result: PartResult = {
    part,
    transactions,
    fillSeconds,
    startMs: stator.startMs,
    facts,
    alone: [],
    underLoad: [],
    writeLoad: null,
  }
  run.results.parts.push(result)
  const what = { sources: await readersOf(source, part), cases, subjects }
  await readAll(run, what, `${transactions.toLocaleString('en')} transactions`, result.alone, cpuNowOf(run, stator))
  if (size.ratePerSecond > 0) await readUnderLoad(run, stator.url, what, result)
  await stator.stop()
}

/** What is read, and from where. */
interface Reads {
  readonly sources: Readonly<Record<ReaderName, Source>>
  readonly cases: readonly ReadCase[]
  readonly subjects: Subjects
}

async function readUnderLoad(run: Run, url: string, what: Reads, result: PartResult): Promise<void> {
  const { size, databaseUrl, folder, atEnd, progress } = run
  const { stations, ratePerSecond } = size
  progress.step(`${stations} charge points connect`, 3)
  const load = startWriteLoad({ url, databaseUrl, stations, ratePerSecond, identityPrefix, folder })
  atEnd(() => load.kill())
  await load.isSending
  await readAll(run, what, `the same, ${ratePerSecond} meter values a second`, result.underLoad)
  progress.step('audit of what they sent', 2)
  result.writeLoad = await load.stop()
}

async function readAll(
  { size, progress, signal }: Run,
  { sources, cases, subjects }: Reads,
  name: string,
  readings: Reading[],
  cpu?: () => CpuMs,
): Promise<void> {
  progress.step(`reading: ${name}`, (pagesAbout * size.requestsMsMax) / 1_000)
  for (const [index, wanted] of cases.entries()) {
    if (signal.aborted) break
    progress.note(`${index + 1} of ${cases.length}`)
    const { operation, isOfBusiest, reader } = wanted
    const ofCase = subjects.of(operation.id, isOfBusiest, reader)
    readings.push(...(await readCase(sources[reader], wanted, ofCase, limitsOf(size, reader), cpu)))
  }
}

/** Lists for some charge points are read for half the time. */
function limitsOf(size: ReadsSize, reader: ReaderName): ReadsSize {
  return reader === 'admin' ? size : { ...size, requestsMsMax: size.requestsMsMax / 2 }
}

/** Undefined if a page is requested once: the kernel counts in steps that are longer than a request. */
function cpuNowOf({ postgresPid, size }: Run, { pid }: ServerProcess): (() => CpuMs) | undefined {
  if (size.requestsMax === 1) return undefined
  return () => ({ stator: cpuOf(pid)?.totalMs ?? 0, postgres: familyCpuMs(postgresPid) })
}

async function writeFile(folder: string, results: ReadsResults): Promise<string> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${results.startedAt.slice(0, 16).replace(':', '-')}-reads.json`)
  await Bun.write(file, `${JSON.stringify({ ...results, verdicts: verdictsOf(results) }, null, 1)}\n`)
  return file
}
