// The table that a standard run ends with.

import { findingsSentence, isClean } from '../audit/comparison.ts'
import { type Measurement, strangersShareMax } from '../measure.ts'
import { shortfall, type StandardResults } from '../standard/results.ts'
import type { Verdict } from '../standard/verdicts.ts'

/** The verdicts, what the audits found, and what should make a reader doubt a figure. */
export function tableLines(results: StandardResults, list: readonly Verdict[]): string[] {
  const { machine } = results
  const width = Math.max(...list.map(({ measure }) => measure.length))
  return [
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.kernel}, Bun ${machine.bun}, Node.js ${machine.node}`,
    ...(machine.isPinned ? [] : ['Processes could not be pinned to cores here: figures are less steady.']),
    ...[shortfall(results)].filter((sentence) => sentence !== null),
    '',
    ...list.map(({ measure, reach, figure, isReached }) => {
      const mark = isReached === null ? ' ' : isReached ? '✓' : '✗'
      return `${mark} ${measure.padEnd(width)}  ${reach.padEnd(9)} ${figure}`
    }),
    '',
    ...Object.entries(results.audits).map(
      ([name, findings]) => `audit of ${name}: ${isClean(findings) ? '' : 'FAILED: '}${findingsSentence(findings)}`,
    ),
    ...Object.entries(results.audits).flatMap(([, findings]) => findings.examples.map((example) => `  ${example}`)),
    ...doubts(results).map((doubt) => `note: ${doubt}`),
  ]
}

/** What a reader should know before believing a figure. */
export function doubts(results: StandardResults): string[] {
  const { heartbeat, meter, others, half, few, many } = results
  const named: [string, readonly Measurement[]][] = [
    ...Object.entries(heartbeat).map(([name, rounds]): [string, Measurement[]] => [`heartbeat, ${name}`, rounds]),
    ...Object.entries(meter).map(([name, rounds]): [string, Measurement[]] => [`meter, ${name}`, rounds]),
    ['other mixes', others],
    ['half of saturation', half],
    ['few stations', few],
    ['many stations', many],
  ]
  return named.flatMap(([name, measurements]) => {
    const list: string[] = []
    const limited = measurements.filter(({ bottleneck }) => bottleneck === 'generator')
    if (limited.length > 0) list.push(`${name}: the generator was the bottleneck; the server can take more`)
    const shared = measurements.filter(({ bottleneck }) => bottleneck === 'generator and database')
    if (shared.length > 0) list.push(`${name}: the core of generator and database was full; the server can take more`)
    const strangers = Math.max(...measurements.map(({ strangersShare }) => strangersShare ?? 0))
    if (strangers > strangersShareMax)
      list.push(
        `${name}: other processes took up to ${(strangers * 100).toFixed(0)} % of a core; run it again when it is quiet`,
      )
    const reasons = new Map<string, number>()
    for (const { errors } of measurements)
      for (const [reason, count] of Object.entries(errors)) reasons.set(reason, (reasons.get(reason) ?? 0) + count)
    for (const [reason, count] of reasons) list.push(`${name}: ${count} × ${reason}`)
    if (measurements.some(({ isSettled }) => !isSettled)) list.push(`${name}: some answers never came`)
    return list
  })
}
