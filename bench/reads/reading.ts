// Measures one case: the first page, and a page in the middle of the same list, each with several requests one after
// the other.

import type { ReadCase } from './cases.ts'
import type { ReaderName } from './reader-names.ts'
import type { Subject } from './subjects.ts'

export type PageName = 'first' | 'middle'

/** How long the requests of one case for one page took. */
export interface Reading {
  readonly operationId: string
  readonly path: string
  readonly filters: readonly string[]
  readonly isOfBusiest: boolean
  readonly reader: ReaderName
  /** Null for what has no pages. */
  readonly page: PageName | null
  readonly ms: Latency
  readonly requests: number
  /** Of one request, on average; null if others were served meanwhile. */
  readonly cpuMs: CpuMs | null
  /** Requests that were not answered with 200, by what happened. */
  readonly failures: Readonly<Record<string, number>>
  /** The slowest request. */
  readonly slowest: string
}

/** CPU time in milliseconds. */
export interface CpuMs {
  readonly stator: number
  readonly postgres: number
}

/** In milliseconds, until the whole answer is there. */
export interface Latency {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** Where to read from. */
export interface Source {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string
  readonly apiKey: string
}

export interface ReadLimits {
  readonly requestsMax: number
  readonly requestsMin: number
  /** After this time no further request of a page is sent, if there were `requestsMin`. */
  readonly requestsMsMax: number
}

/** After this time no further request of a page is sent, however few there were. */
const pageMsMax = 20_000

/** Longer than a slow answer may take before Stator gives it up. */
const answerMsMax = 30_000
const pageSize = 20

/** The quantiles of these times, as the smallest of them that as many do not exceed; null if there are none. */
export function latencyOf(ms: readonly number[]): Latency | null {
  const sorted = ms.toSorted((a, b) => a - b)
  const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((part) => sorted[Math.ceil(part * sorted.length) - 1])
  if (p50 === undefined || p95 === undefined || p99 === undefined || max === undefined) return null
  return { p50, p95, p99, max }
}

/**
 * Reads a case with these subjects in turn; the first request, for which the server may have to compile, does not
 * count. Empty without a subject, and for a reader of some charge points if the list is for readers of all only.
 *
 * @param cpuNow CPU times so far; null if they are not told.
 */
export async function readCase(
  source: Source,
  wanted: ReadCase,
  subjects: readonly Subject[],
  limits: ReadLimits,
  cpuNow: () => CpuMs | null = () => null,
): Promise<Reading[]> {
  const isList = wanted.operation.kind === 'list'
  const paths = subjects.map((subject) => pathOf(wanted, subject))
  const [path] = paths
  if (path === undefined) return []
  const warmUp = await get(source, path)
  if (wanted.reader !== 'admin' && warmUp.failure === failureOf(403)) return []
  const middles: string[] = []
  const first = await timed(source, paths, limits, cpuNow, (asked, body) => {
    const middle = isList ? middleOf(body) : null
    const separator = asked.includes('?') ? '&' : '?'
    if (middle !== null) middles.push(`${asked}${separator}page=${middle}`)
  })
  const readings = [readingOf(wanted, isList ? 'first' : null, first)]
  if (middles.length > 0) readings.push(readingOf(wanted, 'middle', await timed(source, middles, limits, cpuNow)))
  return readings
}

/** The page in the middle of a list that has more than two; null for others. */
export function middleOf(body: string): number | null {
  const { totalCount } = JSON.parse(body) as { readonly totalCount: number }
  const pages = Math.ceil(totalCount / pageSize)
  return pages > 2 ? Math.ceil(pages / 2) : null
}

/** Rows of a part of an export: two pages of the largest list. */
const exportedRows = 1_000

/** The path and query of a request. */
export function pathOf({ operation, filters }: ReadCase, subject: Subject): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(subject[name] ?? ''))
  const query = new URLSearchParams(filters.map((name): [string, string] => [name, subject[name] ?? '']))
  // A whole export takes as long as it has rows.
  if (operation.kind === 'export' && operation.filters.includes('limit')) query.set('limit', String(exportedRows))
  return query.size === 0 ? path : `${path}?${query}`
}

interface Timed {
  readonly ms: readonly number[]
  readonly cpuMs: CpuMs | null
  readonly failures: Readonly<Record<string, number>>
  readonly slowest: string
}

async function timed(
  source: Source,
  paths: readonly string[],
  { requestsMax, requestsMin, requestsMsMax }: ReadLimits,
  cpuNow: () => CpuMs | null,
  onAnswer: (path: string, body: string) => void = () => {},
): Promise<Timed> {
  const ms: number[] = []
  const failures = new Map<string, number>()
  let slowest = { path: '', ms: -1 }
  const cpuBefore = cpuNow()
  const startedMs = performance.now()
  for (let count = 0; count < requestsMax; count++) {
    const elapsedMs = performance.now() - startedMs
    if (elapsedMs > pageMsMax || (elapsedMs > requestsMsMax && count >= requestsMin)) break
    const path = paths[count % paths.length] ?? ''
    const answer = await get(source, path)
    ms.push(answer.ms)
    if (answer.ms > slowest.ms) slowest = { path, ms: answer.ms }
    if (answer.failure === null) onAnswer(path, answer.body)
    else failures.set(answer.failure, (failures.get(answer.failure) ?? 0) + 1)
  }
  const cpuAfter = cpuNow()
  const cpuMs =
    cpuBefore === null || cpuAfter === null
      ? null
      : {
          stator: (cpuAfter.stator - cpuBefore.stator) / ms.length,
          postgres: (cpuAfter.postgres - cpuBefore.postgres) / ms.length,
        }
  return { ms, cpuMs, failures: Object.fromEntries(failures), slowest: slowest.path }
}

interface Answer {
  readonly ms: number
  readonly body: string
  /** Null if it was answered with 200. */
  readonly failure: string | null
}

/** One GET request, until its whole answer has come. */
export async function get({ url, apiKey }: Source, path: string): Promise<Answer> {
  const startedMs = performance.now()
  const took = (): number => performance.now() - startedMs
  try {
    const response = await fetch(`${url}${path}`, {
      headers: { 'X-API-Key': apiKey },
      signal: AbortSignal.timeout(answerMsMax),
    })
    const body = await response.text()
    return { ms: took(), body, failure: response.status === 200 ? null : failureOf(response.status) }
  } catch (error) {
    return { ms: took(), body: '', failure: error instanceof Error ? error.message : String(error) }
  }
}

function failureOf(status: number): string {
  return `answered with ${status}`
}

function readingOf(
  { operation, filters, isOfBusiest, reader }: ReadCase,
  page: PageName | null,
  { ms, cpuMs, failures, slowest }: Timed,
): Reading {
  const latency = latencyOf(ms) ?? { p50: Number.NaN, p95: Number.NaN, p99: Number.NaN, max: Number.NaN }
  const { id: operationId, path } = operation
  const what = { operationId, path, filters, isOfBusiest, reader, page }
  return { ...what, ms: latency, requests: ms.length, cpuMs, failures, slowest }
}
