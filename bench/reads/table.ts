// The table that `bun bench reads` ends with.

import { gib } from './disk.ts'
import { isRight } from './facts.ts'
import type { Latency, Reading } from './reading.ts'
import {
  growthMax,
  type Line,
  linesOf,
  meterValuesBytesMax,
  type PartResult,
  type ReadsResults,
  startMsMax,
} from './results.ts'

/** Every list with its quantiles, what is wrong, and what is on disk. */
export function readsTable(results: ReadsResults): string[] {
  const { machine, size, failure, isComplete, parts, unmeasured, tables } = results
  const lines = linesOf(results)
  return [
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.kernel}, Bun ${machine.bun}`,
    `${count(size.transactions)} transactions, ${count(size.samples)} samples, ${count(size.logLines)} log lines, ` +
      `${count(size.chargePoints)} charge points.`,
    'Stator with its defaults, but the message log is kept for a day more.',
    ...(failure === null ? [] : [`The run broke off: ${failure} This is what it had until then.`]),
    ...(failure !== null || isComplete ? [] : ['The run was interrupted; this is what it had until then.']),
    '',
    ...listLines(lines),
    ...parts.flatMap(partLines),
    ...unmeasured.map((name) => `NOT MEASURED: ${name}: bench/reads/subjects.ts has no value for it`),
    ...tableLines(results),
    ...meterValuesLines(results),
    ...(tables.length === 0
      ? []
      : [`on disk        ${gib(totalBytes(results))}, expected ${gib(results.neededBytes)} at most`]),
  ]
}

function listLines(lines: readonly Line[]): string[] {
  if (lines.length === 0) return []
  const names = lines.map(({ alone }) => nameOf(alone))
  const width = Math.max(...names.map((name) => name.length))
  const what = 'ms, until the whole answer is there'.padEnd(width)
  const head = `  ${what}  ${heads('alone')}  ${cpuHead}  ${heads('load')}  growth  reach`
  return [
    head,
    ...lines.map(({ alone, underLoad, growth, cpuGrowth, msMax, isReached }, index) => {
      const mark = isReached === null ? ' ' : isReached ? '✓' : '✗'
      const times = `${quantiles(alone.ms)}  ${cpu(alone, cpuGrowth)}  ${quantiles(underLoad?.ms ?? null)}`
      const grown = growth === null ? '' : `${growth.toFixed(2)}×`
      const reach = msMax === null ? '' : `p95 ≤ ${msMax}, ≤ ${growthMax}×`
      const failed = failuresOf([alone, ...(underLoad === null ? [] : [underLoad])])
      const name = (names[index] ?? '').padEnd(width)
      return `${mark} ${name}  ${times}  ${grown.padStart(6)}  ${reach}${failed}`.trimEnd()
    }),
    '',
  ]
}

function nameOf({ path, filters, isOfBusiest, reader, page }: Reading): string {
  const asked = filters.length === 0 ? '' : `?${filters.join('&')}`
  const where = page === null ? '' : page === 'first' ? ', page 1' : ', middle'
  const scope = reader === 'admin' ? '' : reader === 'half' ? ', scope 50 %' : ', scope 1 %'
  return `${path}${asked}${isOfBusiest ? ', busiest' : ''}${scope}${where}`
}

function heads(of: string): string {
  return ['p50', 'p95', 'p99'].map((name) => `${of} ${name}`.padStart(9)).join(' ')
}

const cpuHead = 'CPU Stator, PostgreSQL, growth'

function cpu({ cpuMs }: Reading, growth: number | null): string {
  const grown = growth === null ? '' : `, ${growth.toFixed(2)}×`
  return (cpuMs === null ? '' : `${cpuMs.stator.toFixed(1)}, ${cpuMs.postgres.toFixed(1)}${grown}`).padStart(
    cpuHead.length,
  )
}

function quantiles(ms: Latency | null): string {
  const values = ms === null ? ['', '', ''] : [ms.p50, ms.p95, ms.p99].map((value) => value.toFixed(1))
  return values.map((value) => value.padStart(9)).join(' ')
}

function failuresOf(readings: readonly Reading[]): string {
  const said = readings.flatMap(({ failures }) => Object.entries(failures).map(([what, times]) => `${times} × ${what}`))
  return said.length === 0 ? '' : `   FAILED: ${said.join('; ')}`
}

function partLines({ transactions, startMs, facts, writeLoad, fillSeconds }: PartResult): string[] {
  const wrong = facts.filter((fact) => !isRight(fact))
  const mark = startMs <= startMsMax ? '✓' : '✗'
  return [
    `with ${count(transactions)} transactions (filled in ${fillSeconds.toFixed(0)} s):`,
    `${mark} start of Stator ${(startMs / 1_000).toFixed(2)} s (≤ ${startMsMax / 1_000} s)`,
    `  ${facts.length - wrong.length} of ${facts.length} facts are right`,
    ...wrong.map(
      ({ fact, expected, found }) =>
        `  WRONG: ${fact}: ${JSON.stringify(found)} in place of ${JSON.stringify(expected)}`,
    ),
    ...(writeLoad === null
      ? []
      : [
          `  write load: ${writeLoad.answeredPerSecond.toFixed(0)}/s of ${writeLoad.ratePerSecond}/s answered` +
            (writeLoad.latencyMs === null
              ? ''
              : `, p50 ${writeLoad.latencyMs.p50.toFixed(1)} ms, p99 ${writeLoad.latencyMs.p99.toFixed(1)} ms`) +
            `; audit: ${writeLoad.wrong} of ${count(writeLoad.audited)} acknowledged facts are wrong`,
          ...Object.entries(writeLoad.errors).map(([what, times]) => `  write load: ${times} × ${what}`),
        ]),
  ]
}

function tableLines({ tables }: ReadsResults): string[] {
  if (tables.length === 0) return []
  const row = (name: string, cells: readonly string[]): string =>
    `  ${name.padEnd(28)} ${cells.map((cell) => cell.padStart(14)).join(' ')}`
  return [
    '',
    row('table', ['rows', 'MiB', 'of it indexes', 'bytes a row']),
    ...tables.map(({ table, rows, bytes, indexBytes, bytesPerRow }) =>
      row(table, [count(rows), mib(bytes), mib(indexBytes), bytesPerRow.toFixed(0)]),
    ),
  ]
}

function meterValuesLines({ meterValues }: ReadsResults): string[] {
  if (meterValues === null) return []
  const { row, indexes, log, total } = meterValues
  const mark = total <= meterValuesBytesMax ? '✓' : '✗'
  const parts = [['row', row], ...Object.entries(indexes), ['message log, two lines', log]] as const
  const told = parts.map(([name, bytes]) => `${name} ${bytes.toFixed(0)}`).join(', ')
  return ['', `${mark} a MeterValues takes ${total.toFixed(0)} bytes (≤ ${meterValuesBytesMax}): ${told}`]
}

function totalBytes({ tables }: ReadsResults): number {
  return tables.reduce((sum, { bytes }) => sum + bytes, 0)
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}

function count(value: number): string {
  return value.toLocaleString('en')
}
