// One HTML page of a standard run, with everything in it: no scripts, nothing to load.

import { socketKindName } from '../generator/sockets.ts'
import { cpuUsPerMessage, type Measurement, type ThreadShare } from '../measure.ts'
import { median, type Rounds, roundsOf, shortfall, type StandardResults } from '../standard/results.ts'
import { metersOf, metersPerSecond, type Verdict } from '../standard/verdicts.ts'
import { type Bar, barChart, escaped, lineChart, type Series } from './charts.ts'
import { doubts, markOf, undecidedSentence } from './table.ts'
import { findingsSentence } from '../audit/comparison.ts'

const style = `
:root { color-scheme: light dark; --line: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 760px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2.2rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line) }
svg { width: 100%; height: auto; font-size: 11px } svg text { fill: currentColor } .grid { stroke: var(--line) }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1rem; padding: 0; margin: .2rem 0 0; font-size: .85rem }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px }
.yes { color: #2ca58d } .no { color: #d33 } .small { font-size: .85rem; opacity: .8 }
`

/** The page as text. */
export function htmlReport(results: StandardResults, list: readonly Verdict[]): string {
  const { machine } = results
  const why = shortfall(results)
  const undecided = undecidedSentence(list)
  const sections = [
    section('Throughput, closed loop', throughputChart(results), 'Medians of the rounds.'),
    section(
      'Durable messages over time',
      overTime(durable(results.meter), (slice) => slice.messagesPerSecond, 'messages/s'),
    ),
    section('CPU per durable MeterValues', cpuChart(results.meter), 'Server threads and database, closed loop.'),
    section(
      'Latency of durable MeterValues at half of saturation',
      latencyChart(results.half),
      'Open loop: counted from when a message was due.',
    ),
    section('Meter rows of one commit', batchChart(results)),
    section(
      'Resident memory of the server under load',
      overTime(results.meter, (s) => s.serverResidentKib / 1_024, 'MiB'),
    ),
    section('Storm: stations that are back', stormChart(results)),
    section('CPU per message at a fixed rate', sizeChart(results), 'Few stations and many, open loop, server alone.'),
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Stator bench, ${escaped(results.startedAt)}</title><style>${style}</style></head><body>
<h1>Stator bench</h1>
<p>${escaped(results.startedAt)} · ${escaped(machine.cpu)}, ${machine.cores} cores, ${machine.memoryGib} GiB ·
${escaped(machine.kernel)} · Bun ${escaped(machine.bun)} · Node.js ${escaped(machine.node)} ·
${machine.isPinned ? 'server on one core, generator and database on the other' : 'processes not pinned'}</p>
${why === null ? '' : `<p class="no">${escaped(why)}</p>`}
<p>Stator with its defaults (message log on) where a line says nothing else. Stations speak through
${escaped(socketKindName(machine.generator))}.</p>
${undecided === null ? '' : `<p class="no">${escaped(undecided)}</p>`}
${verdictTable(list)}
<ul class="small">${auditItems(results)}${doubts(results)
    .map((doubt) => `<li>${escaped(doubt)}</li>`)
    .join('')}</ul>
${sections.join('\n')}
</body></html>
`
}

function section(title: string, chart: string | null, note = ''): string {
  if (chart === null) return ''
  return `<h2>${escaped(title)}</h2>${chart}${note === '' ? '' : `<p class="small">${escaped(note)}</p>`}`
}

function verdictTable(list: readonly Verdict[]): string {
  const rows = list.map((verdict) => {
    const { measure, reach, figure, invalid } = verdict
    const mark = markOf(verdict)
    const why = invalid === null ? '' : `<br><span class="no">invalid: ${escaped(invalid)}</span>`
    const cells = [measure, reach, figure].map((text) => `<td>${escaped(text)}`).join('</td>')
    return `<tr><td><span class="${mark === '✓' ? 'yes' : 'no'}">${mark}</span></td>${cells}${why}</td></tr>`
  })
  return `<table><tr><th></th><th>measure</th><th>reach</th><th>figure</th></tr>${rows.join('')}</table>`
}

function auditItems({ audits }: StandardResults): string {
  return Object.entries(audits)
    .map(([name, findings]) => `<li>audit of ${escaped(name)}: ${escaped(findingsSentence(findings))}</li>`)
    .join('')
}

function throughputChart({ heartbeat, meter, others }: StandardResults): string | null {
  const bars: Bar[] = [
    ...medianBars('heartbeat', heartbeat, (m) => m.messagesPerSecond),
    ...medianBars('meter', meter, metersPerSecond),
    ...others.map((m) => ({
      name: `stator ${m.mix}${isTransactionEvent(m) ? ' 2.0.1' : ''}`,
      parts: one(m.messagesPerSecond),
    })),
  ]
  return bars.length === 0 ? null : barChart(bars, 'messages/s')
}

function isTransactionEvent({ byAction }: Measurement): boolean {
  return byAction['TransactionEvent'] !== undefined
}

function one(value: number): Bar['parts'] {
  return [{ name: 'messages', value }]
}

function medianBars(mix: string, rounds: Rounds, figure: (measurement: Measurement) => number): Bar[] {
  return roundsOf(rounds).map(([name, measurements]) => ({
    name: `${name} ${mix}`,
    parts: one(median(measurements.map(figure))),
  }))
}

/** Servers with a database: beside the floor their bars would be too small. */
function durable({ floor: _, ...others }: Rounds): Rounds {
  return others
}

function overTime(
  rounds: Rounds,
  figure: (slice: Measurement['slices'][number]) => number,
  unit: string,
): string | null {
  const series = roundsOf(rounds).map(([name, measurements]) => ({
    name,
    points: chained(measurements, figure),
  }))
  return series.some(({ points }) => points.length > 0) ? lineChart(series, { x: 'seconds measured', y: unit }) : null
}

/** The slices of several measurements one after the other, in seconds. */
function chained(
  measurements: readonly Measurement[],
  figure: (slice: Measurement['slices'][number]) => number | undefined,
): [number, number][] {
  let startedAt = 0
  return measurements.flatMap(({ slices, seconds }) => {
    const points = slices.flatMap((slice): [number, number][] => {
      const value = figure(slice)
      return value === undefined ? [] : [[startedAt + slice.atMs / 1_000, value]]
    })
    startedAt += seconds
    return points
  })
}

function cpuChart(meter: Rounds): string | null {
  const bars = roundsOf(meter).map(([name, measurements]): Bar => {
    const threads = measurements.flatMap((m) =>
      (m.server?.threads ?? []).map((thread) => ({ thread, of: metersOf(m) })),
    )
    const groups = new Map<string, number>()
    for (const { thread, of } of threads) {
      const group = threadGroup(thread)
      groups.set(group, (groups.get(group) ?? 0) + (thread.cpuMs * 1_000) / of / measurements.length)
    }
    const database = median(measurements.map((m) => cpuUsPerMessage(m, 'database', metersOf(m)) ?? 0))
    return {
      name,
      parts: [...groups, ['database', database] as const].map(([part, value]) => ({ name: part, value })),
    }
  })
  return bars.length === 0 ? null : barChart(bars, 'µs')
}

function threadGroup({ name, isMain }: ThreadShare): string {
  if (isMain) return 'main thread'
  if (name === 'Worker') return 'workers'
  return /JIT|JSC|V8|node/i.test(name) ? 'compiler and collector' : 'other threads'
}

function latencyChart(half: readonly Measurement[]): string | null {
  if (half.length === 0) return null
  const series = (['p50', 'p90', 'p99'] as const).map((percentile): Series => ({
    name: percentile,
    points: chained(half, (slice) => slice.latencyMs?.[percentile]),
  }))
  return lineChart(series, { x: 'seconds measured', y: 'ms' })
}

function batchChart({ batches }: StandardResults): string | null {
  const { stator } = batches
  if (stator === undefined) return null
  const bars = stator.histogram.map(({ upTo, commits }) => ({
    name: `≤ ${upTo}`,
    parts: [{ name: 'commits', value: commits }],
  }))
  const note = `${stator.commits} commits of ${stator.mean.toFixed(0)} rows on average, half of them up to ${stator.p50}, the largest ${stator.max}.`
  return `${barChart(bars, 'commits')}<p class="small">${note}</p>`
}

function stormChart({ storm }: StandardResults): string | null {
  if (storm === null) return null
  const points = storm.curve.map(({ atMs, ready }) => [atMs / 1_000, ready] as const)
  return lineChart([{ name: 'connected and booted', points }], { x: 'seconds since the cut', y: 'stations' })
}

function sizeChart({ few, many }: StandardResults): string | null {
  const bars = [few, many].flatMap((measurements) => {
    const first = measurements[0]
    if (first === undefined) return []
    const value = median(measurements.map((m) => cpuUsPerMessage(m, 'server', m.messages) ?? 0))
    return [{ name: `${first.stations} stations`, parts: [{ name: 'server', value }] }]
  })
  return bars.length === 0 ? null : barChart(bars, 'µs')
}
