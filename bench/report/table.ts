// The table that a standard run ends with.

import { findingsSentence, isClean } from '../audit/comparison.ts'
import { socketKindName } from '../generator/sockets.ts'
import { type Measurement, strangersShareMax } from '../measure.ts'
import { roundsOf, shortfall, type StandardResults } from '../standard/results.ts'
import { isUndecided, type Verdict } from '../standard/verdicts.ts'

/** The verdicts, the results of the audits, and reasons to doubt a figure. */
export function tableLines(results: StandardResults, list: readonly Verdict[]): string[] {
  const { machine } = results
  const width = Math.max(...list.map(({ measure }) => measure.length))
  return [
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.kernel}, Bun ${machine.bun}, Node.js ${machine.node}`,
    'Stator with its defaults (message log on) where a line says nothing else; ' +
      `stations speak through ${socketKindName(machine.generator)}.`,
    ...(machine.isPinned ? [] : ['Processes could not be pinned to cores here: figures are less steady.']),
    ...[shortfall(results)].filter((sentence) => sentence !== null),
    '',
    ...list.map((verdict) => {
      const { measure, reach, figure, invalid } = verdict
      const why = invalid === null ? '' : `   INVALID: ${invalid}`
      return `${markOf(verdict)} ${measure.padEnd(width)}  ${reach.padEnd(9)} ${figure}${why}`
    }),
    '',
    ...[undecidedSentence(list)].filter((sentence) => sentence !== null),
    ...Object.entries(results.audits).map(
      ([name, findings]) => `audit of ${name}: ${isClean(findings) ? '' : 'FAILED: '}${findingsSentence(findings)}`,
    ),
    ...Object.entries(results.audits).flatMap(([, findings]) => findings.examples.map((example) => `  ${example}`)),
    ...doubts(results).map((doubt) => `note: ${doubt}`),
  ]
}

/** ✓ reached, ✗ missed, ! invalid; empty without a target. */
export function markOf({ isReached, invalid }: Verdict): '✓' | '✗' | '!' | ' ' {
  if (invalid !== null) return '!'
  return isReached === null ? ' ' : isReached ? '✓' : '✗'
}

/** Says that lines with a target are invalid; null if there are none. */
export function undecidedSentence(list: readonly Verdict[]): string | null {
  const { length } = list.filter(isUndecided)
  if (length === 0) return null
  const lines = length === 1 ? '1 line' : `${length} lines`
  return (
    `NOT SHOWN: ${lines} marked ! with something to reach: the generator or its core was full, so that neither a hit ` +
    'nor a miss is shown. The run does not count as good.'
  )
}

/** What a reader should know before believing a figure. */
export function doubts(results: StandardResults): string[] {
  const { heartbeat, meter, others, half, halfNoLog, longMessages, few, many } = results
  const named: [string, readonly Measurement[]][] = [
    ...roundsOf(heartbeat).map(([label, rounds]): [string, Measurement[]] => [`heartbeat, ${label}`, rounds]),
    ...roundsOf(meter).map(([label, rounds]): [string, Measurement[]] => [`meter, ${label}`, rounds]),
    ['other mixes', others],
    ['half of saturation', half],
    ['half of saturation, message log off', halfNoLog],
    ['heartbeats beside long messages', longMessages.workers.map((round) => round.others)],
    ['heartbeats beside long messages, no workers', longMessages.noWorkers.map((round) => round.others)],
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
