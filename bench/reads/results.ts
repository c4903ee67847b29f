// The results of one `bun bench reads`, and whether they reach their targets.

import { type Machine, machine } from '../standard/results.ts'
import type { MeterValuesBytes, TableSize } from './disk.ts'
import { type Fact, isRight } from './facts.ts'
import type { FillPart } from './fill-sql.ts'
import type { Reading } from './reading.ts'
import type { ReadsSize } from './sizes.ts'
import type { WriteLoad } from './write-load.ts'

/** What was measured in a database of one size. */
export interface PartResult {
  readonly part: FillPart
  /** Transactions in it. */
  readonly transactions: number
  readonly fillSeconds: number
  /** From the start of Stator until it serves. */
  readonly startMs: number
  readonly facts: readonly Fact[]
  readonly alone: Reading[]
  readonly underLoad: Reading[]
  /** Null if nothing was sent. */
  writeLoad: WriteLoad | null
}

export interface ReadsResults {
  readonly startedAt: string
  readonly machine: Machine
  readonly size: ReadsSize
  /** Bytes that were expected to be needed. */
  readonly neededBytes: number
  isComplete: boolean
  /** The error that ended the run. */
  failure: string | null
  /** A tenth of the size, and the whole. */
  readonly parts: PartResult[]
  /** Operations and filters for which the bench has no values. */
  unmeasured: readonly string[]
  /** Of the full database. */
  tables: readonly TableSize[]
  /** Of the full database. */
  meterValues: MeterValuesBytes | null
}

export function emptyReadsResults(size: ReadsSize, neededBytes: number): ReadsResults {
  return {
    startedAt: new Date().toISOString(),
    machine: machine(),
    size,
    neededBytes,
    isComplete: false,
    failure: null,
    parts: [],
    unmeasured: [],
    tables: [],
    meterValues: null,
  }
}

/** Longest p95 of a page of a list, in milliseconds; of the message log with a filter, and of any other list. */
const listMsMax = 50
const filteredLogMsMax = 150
/** Largest growth of a p95 from a tenth of the size. */
export const growthMax = 1.3
/** A p95 up to this is not judged by its growth: it is too short to be compared, in milliseconds. */
const growthJudgedFromMs = 10
/** Longest start, in milliseconds. */
export const startMsMax = 2_000
/** Most bytes on disk of a MeterValues, with its indexes and its lines in the message log. */
export const meterValuesBytesMax = 350

/** One page of one case in all its measurements. */
export interface Line {
  /** In the full database, without the write load. */
  readonly alone: Reading
  readonly underLoad: Reading | null
  /** p95 in the full database against that in a tenth of it, under load if there was one; null if unknown. */
  readonly growth: number | null
  /** CPU time of a request against that in a tenth, without the write load; null if unknown. */
  readonly cpuGrowth: number | null
  /** Longest p95 that is right, in milliseconds; null without a target. */
  readonly msMax: number | null
  /** Null without a target. */
  readonly isReached: boolean | null
}

/** What is judged in the file of a run: a line without its figures, which stand in the parts. */
export function verdictsOf(results: ReadsResults): readonly object[] {
  return linesOf(results).map(({ alone, growth, cpuGrowth, msMax, isReached }) => {
    const { operationId, filters, isOfBusiest, reader, page } = alone
    return { operationId, filters, isOfBusiest, reader, page, growth, cpuGrowth, msMax, isReached }
  })
}

/** A line for each page of each case that was measured in the full database. */
export function linesOf({ parts }: ReadsResults): Line[] {
  const [first, full] = parts
  if (full === undefined) return []
  const earlierAlone = byKey(first?.alone ?? [])
  const earlierUnderLoad = byKey(first?.underLoad ?? [])
  const underLoad = byKey(full.underLoad)
  return full.alone.map((alone): Line => {
    const key = keyOf(alone)
    const loaded = underLoad.get(key) ?? null
    const judged = loaded ?? alone
    const earlier = (loaded === null ? earlierAlone : earlierUnderLoad).get(key)
    const growth = earlier === undefined ? null : judged.ms.p95 / earlier.ms.p95
    const msMax = msMaxOf(alone)
    const isGrown = growth !== null && growth > growthMax && judged.ms.p95 > growthJudgedFromMs
    const isFailed = [alone, loaded].some((reading) => Object.keys(reading?.failures ?? {}).length > 0)
    const isReached = msMax === null ? null : judged.ms.p95 <= msMax && !isGrown && !isFailed
    const cpuGrowth = cpuGrowthOf(earlierAlone.get(key), alone)
    return { alone, underLoad: loaded, growth, cpuGrowth, msMax, isReached }
  })
}

function cpuGrowthOf(before: Reading | undefined, after: Reading): number | null {
  if (before?.cpuMs == null || after.cpuMs === null) return null
  const was = before.cpuMs.stator + before.cpuMs.postgres
  return was === 0 ? null : (after.cpuMs.stator + after.cpuMs.postgres) / was
}

function byKey(readings: readonly Reading[]): Map<string, Reading> {
  return new Map(readings.map((reading) => [keyOf(reading), reading]))
}

function keyOf({ operationId, filters, isOfBusiest, reader, page }: Reading): string {
  return JSON.stringify([operationId, filters, isOfBusiest, reader, page])
}

function msMaxOf({ operationId, filters, page }: Reading): number | null {
  if (page === null) return null
  return operationId === 'listMessages' && filters.length > 0 ? filteredLogMsMax : listMsMax
}

/** Whether nothing is wrong: facts, the audit of what was sent, and requests that were measured. */
export function isRightRun({ isComplete, parts, unmeasured }: ReadsResults): boolean {
  return (
    isComplete &&
    unmeasured.length === 0 &&
    parts.every(({ facts, writeLoad }) => facts.every(isRight) && (writeLoad === null || writeLoad.wrong === 0))
  )
}

/** Whether the run is right and reaches all its targets. */
export function isGoodRun(results: ReadsResults): boolean {
  return (
    isRightRun(results) &&
    (results.meterValues === null || results.meterValues.total <= meterValuesBytesMax) &&
    results.parts.every(({ startMs }) => startMs <= startMsMax) &&
    linesOf(results).every(({ isReached }) => isReached !== false)
  )
}
