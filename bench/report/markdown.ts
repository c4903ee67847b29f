// The table of a run as Markdown, which `bun bench --readme` writes into the READMEs.

import { socketKindName } from '../generator/sockets.ts'
import type { StandardResults } from '../standard/results.ts'
import { notMeasured, type Verdict } from '../standard/verdicts.ts'
import { doubts, markOf, undecidedSentence } from './table.ts'

const marks = { '✓': 'yes', '✗': 'no', '!': 'invalid', ' ': '' } as const

/** The environment of the run, its table, and reasons to doubt it. */
export function markdownTable(results: StandardResults, list: readonly Verdict[]): string {
  const { machine, startedAt } = results
  const undecided = undecidedSentence(list)
  return [
    `${startedAt.slice(0, 10)}: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.kernel}, ` +
      `Bun ${machine.bun}, Node.js ${machine.node}, at most ${machine.filesMax.toLocaleString('en')} open files a process. ` +
      `Stator with its defaults (message log on) where a line says nothing else; the stations speak through ` +
      `${socketKindName(machine.generator)}.`,
    ...(undecided === null ? [] : ['', undecided]),
    '',
    '| measure | reach | figure | |',
    '| --- | --- | --- | --- |',
    ...list.map((verdict) => {
      const { measure, reach, figure, invalid } = verdict
      const why = invalid === null ? '' : ` (${invalid})`
      return `| ${measure} | ${reach} | ${figure.replace(/ +/g, ' ')}${why} | ${marks[markOf(verdict)]} |`
    }),
    ...doubts(results).flatMap((doubt, index) => (index === 0 ? ['', `- ${doubt}`] : [`- ${doubt}`])),
  ].join('\n')
}

/**
 * The figures that the front page quotes, those with the defaults first; lines that are invalid or missing are left
 * out.
 */
export function markdownSentence(list: readonly Verdict[]): string {
  const quoted = [
    'durable MeterValues/s against the peer',
    'durable MeterValues/s against the peer, message log off',
    'CPU of server + database per durable MeterValues against the peer',
    'latency of durable MeterValues at half of saturation, p50',
    'memory per connected, booted station',
    'storm',
  ]
  const usable = list.filter(({ invalid, figure }) => invalid === null && figure !== notMeasured)
  return quoted
    .flatMap((name) => usable.filter(({ measure }) => measure === name || isCounted(measure, name)))
    .map(({ measure, figure }) => `- ${measure}: ${figure.replace(/ +/g, ' ')}`)
    .join('\n')
}

/** Lines whose name continues with the number of their stations. */
function isCounted(measure: string, name: string): boolean {
  return /^(memory|storm)/.test(name) && measure.startsWith(name)
}

const begin = '<!-- bench: written by bun bench --readme -->'
const end = '<!-- bench: end -->'

/**
 * The text with the block between its marks replaced.
 *
 * @throws {Error} when it has no marks.
 */
export function withBlock(text: string, block: string): string {
  const from = text.indexOf(begin)
  const to = text.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`There is no "${begin}" and "${end}" to write between.`)
  return `${text.slice(0, from + begin.length)}\n\n${block}\n\n${text.slice(to)}`
}
