// The targets of a run, and whether it reached them. Figures are ratios of medians from one run, if an absolute figure
// would only describe the machine.

import { isClean, sumOf } from '../audit/comparison.ts'
import { cpuUsPerMessage, type Measurement } from '../measure.ts'
import {
  type BytesResult,
  type LongRound,
  median,
  type Rounds,
  type SideName,
  type StandardResults,
} from './results.ts'

export interface Verdict {
  readonly measure: string
  readonly reach: string
  readonly figure: string
  /** Null if there is no target, nothing was measured, or the figure is invalid. */
  readonly isReached: boolean | null
  /** Why the figure says nothing about the server; null if it is valid. */
  readonly invalid: string | null
}

/** Messages of a measurement that are meter samples. */
export function metersOf({ byAction }: Measurement): number {
  return byAction['MeterValues'] ?? byAction['TransactionEvent'] ?? 0
}

export function metersPerSecond(measurement: Measurement): number {
  return metersOf(measurement) / measurement.seconds
}

/**
 * Every line of the table of a run; a line whose parts were not measured says so. Stator has its defaults if a line
 * names no setting. If a default matters (the message log), there is also a line without it.
 */
export function verdicts(results: StandardResults): Verdict[] {
  const { heartbeat, meter, half, halfNoLog, few, many, memory, startMs } = results
  return [
    heartbeatRate(heartbeat, 'stator', ''),
    { ...heartbeatRate(heartbeat, 'stator201', ', OCPP 2.0.1'), ...reported },
    { ...heartbeatRate(heartbeat, 'statorNoLog', noLog), ...reported },
    // What the lines above would show if the generator could always saturate the floor.
    heartbeatCpu(heartbeat, 'stator', ''),
    { ...heartbeatCpu(heartbeat, 'stator201', ', OCPP 2.0.1'), ...reported },
    { ...heartbeatCpu(heartbeat, 'statorNoLog', noLog), ...reported },
    meterRate(meter, 'stator', 'MeterValues/s', ''),
    { ...meterRate(meter, 'stator201', 'TransactionEvents/s', ', OCPP 2.0.1'), ...reported },
    { ...meterRate(meter, 'statorNoLog', 'MeterValues/s', noLog), ...reported },
    { ...meterCpuOfBoth(meter, 'stator', 'MeterValues', ''), ...reported },
    { ...meterCpuOfBoth(meter, 'stator201', 'TransactionEvents', ', OCPP 2.0.1'), ...reported },
    { ...meterCpuOfBoth(meter, 'statorNoLog', 'MeterValues', noLog), ...reported },
    messageLogCpu(meter),
    meterCpu(meter, 'stator', 'MeterValues', ''),
    { ...meterCpu(meter, 'statorNoLog', 'MeterValues', noLog), ...reported },
    eventCpu(meter),
    share("main thread's share of that CPU", meter.stator, mainThreadShare),
    ...onAllCores(meter),
    ...besideLongMessages(results),
    ...latencyAtHalf(results, half, ''),
    ...latencyAtHalf(results, halfNoLog, noLog).map((verdict) => ({ ...verdict, ...reported })),
    bytesOnDisk('MeterValues', results.bytes['1.6'], ''),
    { ...bytesOnDisk('TransactionEvent', results.bytes['2.0.1'], ', OCPP 2.0.1'), ...reported },
    absolute(
      `memory per connected, booted station, ${memory?.stations ?? 0} stations`,
      kibPerStation(memory),
      'KiB',
      16,
    ),
    ratio(`CPU per message with ${many[0]?.stations ?? 0} stations against ${few[0]?.stations ?? 0}, same rate`, {
      of: perMessage(many),
      to: perMessage(few),
      unit: ' µs',
      atMost: 1.3,
      from: [many, few],
    }),
    stormVerdict(results.storm),
    absolute('start on PostgreSQL', median(startMs.PostgreSQL) / 1_000, 's', 2),
    absolute('start on an existing embedded database', median(startMs.Embedded) / 1_000, 's', 2.5),
    auditVerdict(results),
  ]
}

/** Whether all targets were measured and reached. */
export function allReached(list: readonly Verdict[]): boolean {
  return list.every((verdict) => verdict.isReached !== false && !isUndecided(verdict))
}

/** Whether a line has a target, and its figure cannot show whether it is reached. */
export function isUndecided({ reach, invalid }: Verdict): boolean {
  return invalid !== null && reach !== reported.reach
}

const noLog = ', message log off'
const reported = { reach: 'reported', isReached: null } as const

type Measurements = readonly Measurement[] | undefined

const middle = (rounds: Measurements, figure: (measurement: Measurement) => number | null): number =>
  median((rounds ?? []).map((measurement) => figure(measurement) ?? Number.NaN))
const perSecond = (rounds: Measurements): number => middle(rounds, (m) => m.messagesPerSecond)
const perMessage = (rounds: Measurements): number => middle(rounds, (m) => cpuUsPerMessage(m, 'server', m.messages))
const meters = (rounds: Measurements): number => middle(rounds, metersPerSecond)
const perMeter = (whose: 'server' | 'both', rounds: Measurements): number =>
  middle(rounds, (m) => cpuUsPerMessage(m, whose, metersOf(m)))

/** Why the median of these says nothing about the server; null if most of them are valid. */
function invalidityOf(groups: readonly Measurements[]): string | null {
  for (const rounds of groups) {
    const reasons = (rounds ?? []).flatMap(({ invalid }) => (invalid === null ? [] : [invalid]))
    if (reasons[0] !== undefined && reasons.length * 2 >= (rounds ?? []).length)
      return `${reasons[0]}, in ${reasons.length} of ${rounds?.length} rounds`
  }
  return null
}

function heartbeatRate(heartbeat: Rounds, side: SideName, suffix: string): Verdict {
  return ratio(`heartbeats/s, closed loop, against the floor${suffix}`, {
    of: perSecond(heartbeat[side]),
    to: perSecond(heartbeat.floor),
    unit: '/s',
    atLeast: 0.8,
    from: [heartbeat[side], heartbeat.floor],
  })
}

function heartbeatCpu(heartbeat: Rounds, side: SideName, suffix: string): Verdict {
  return ratio(`CPU of Stator per heartbeat against the floor's${suffix}`, {
    of: perMessage(heartbeat[side]),
    to: perMessage(heartbeat.floor),
    unit: ' µs',
    atMost: 1.25,
    from: [heartbeat[side], heartbeat.floor],
  })
}

function meterRate(meter: Rounds, side: SideName, what: string, suffix: string): Verdict {
  return ratio(`durable ${what} against the peer${suffix}`, {
    of: meters(meter[side]),
    to: meters(meter.peer),
    unit: '/s',
    atLeast: 12,
    from: [meter[side], meter.peer],
  })
}

function meterCpuOfBoth(meter: Rounds, side: SideName, what: string, suffix: string): Verdict {
  return ratio(`CPU of server + database per durable ${what} against the peer${suffix}`, {
    of: perMeter('both', meter[side]),
    to: perMeter('both', meter.peer),
    unit: ' µs',
    from: [meter[side], meter.peer],
  })
}

function meterCpu(meter: Rounds, side: SideName, what: string, suffix: string): Verdict {
  return ratio(`CPU of Stator per durable ${what} against the floor's per message${suffix}`, {
    of: perMeter('server', meter[side]),
    to: perMessage(meter.floor),
    unit: ' µs',
    atMost: 2,
    from: [meter[side], meter.floor],
  })
}

function messageLogCpu({ stator, statorNoLog }: Rounds): Verdict {
  return ratio('CPU of server + database per durable MeterValues, message log on against off', {
    of: perMeter('both', stator),
    to: perMeter('both', statorNoLog),
    unit: ' µs',
    atMost: 1.15,
    from: [stator, statorNoLog],
  })
}

/** A message of a charging transaction with three samples, of both generations. */
function eventCpu({ stator, stator201 }: Rounds): Verdict {
  return ratio('CPU of Stator per durable TransactionEvent of OCPP 2.0.1 against MeterValues of 1.6', {
    of: perMeter('server', stator201),
    to: perMeter('server', stator),
    unit: ' µs',
    atMost: 1.5,
    from: [stator201, stator],
  })
}

/** Stator with its workers, on cores that it shares with generator and database. */
function onAllCores({ stator, statorUnpinned }: Rounds): Verdict[] {
  const mainThreadUs = (rounds: Measurements): number =>
    middle(rounds, (m) => mainThreadShare(m) * (cpuUsPerMessage(m, 'server', metersOf(m)) ?? Number.NaN))
  const from = [statorUnpinned, stator]
  const figures = [
    ratio('durable MeterValues/s on all cores against on one core', {
      of: meters(statorUnpinned),
      to: meters(stator),
      unit: '/s',
      from,
    }),
    ratio('CPU of the main thread per durable MeterValues, the same', {
      of: mainThreadUs(statorUnpinned),
      to: mainThreadUs(stator),
      unit: ' µs',
      from,
    }),
  ]
  return figures.map((verdict) => ({ ...verdict, ...reported }))
}

/** Stator with its workers and without, while some stations send long messages and others heartbeats. */
function besideLongMessages({ longMessages: { workers, noWorkers } }: StandardResults): Verdict[] {
  const mainThreadUs = (rounds: readonly LongRound[]): number =>
    median(
      rounds.map(({ others, messagesPerSecond }) => {
        const ms = (others.server?.cpuMs ?? Number.NaN) * mainThreadShare(others)
        return (ms * 1_000) / others.seconds / (messagesPerSecond + others.messagesPerSecond)
      }),
    )
  const othersOf = (rounds: readonly LongRound[]): Measurement[] => rounds.map(({ others }) => others)
  const p99 = (rounds: readonly LongRound[]): number =>
    middle(othersOf(rounds), ({ latencyMs }) => latencyMs?.p99 ?? null)
  const from = [othersOf(workers), othersOf(noWorkers)]
  return [
    ratio('long messages on all cores: CPU of the main thread per message, with workers against without', {
      of: mainThreadUs(workers),
      to: mainThreadUs(noWorkers),
      unit: ' µs',
      atMost: 1,
      from,
    }),
    ratio('the same: p99 of heartbeats of other stations', {
      of: p99(workers),
      to: p99(noWorkers),
      unit: ' ms',
      atMost: 1,
      from,
    }),
    share("the same: workers' share of the CPU", othersOf(workers), workersShare),
  ]
}

function latencyAtHalf(results: StandardResults, half: readonly Measurement[], suffix: string): Verdict[] {
  const ms = (percentile: 'p50' | 'p99'): number => middle(half, ({ latencyMs }) => latencyMs?.[percentile] ?? null)
  const bareMs = median(results.bareCommitMs.map(({ p50 }) => p50))
  const name = 'latency of durable MeterValues at half of saturation'
  return [
    absolute(`${name}, p50${suffix}`, ms('p50'), 'ms', 4, [half]),
    absolute(`${name}, p99${suffix}`, ms('p99'), 'ms', 15, [half]),
    {
      ...ratio(`that p50 against one bare commit${suffix}`, {
        of: ms('p50'),
        to: bareMs,
        unit: ' ms',
        from: [half],
      }),
      ...reported,
    },
  ]
}

/** All tables, their indexes, and the message log as it is after its merge. */
function bytesOnDisk(what: string, result: BytesResult | undefined, suffix: string): Verdict {
  const measure = `bytes on disk per ${what} of three samples${suffix}`
  const reach = '≤ 350'
  if (result === undefined || result.messages === 0) return unmeasured(measure, reach)
  const { tables } = result
  const total = tables.reduce((sum, { bytes, indexBytes }) => sum + bytes + indexBytes, 0)
  const parts = tables
    .flatMap(({ table, bytes, indexBytes }): [string, number][] => [
      [table, bytes],
      [`indexes of ${table}`, indexBytes],
    ])
    .filter(([, bytes]) => bytes >= 1)
    .map(([name, bytes]) => `${name} ${bytes.toFixed(0)}`)
  const figure = `${total.toFixed(0)}   (${parts.join(', ')})`
  return { measure, reach, figure, isReached: total <= 350, invalid: null }
}

function kibPerStation(memory: StandardResults['memory']): number {
  return memory === null ? Number.NaN : (memory.residentKibAfter - memory.residentKibBefore) / memory.stations
}

/** The figure of a part that was not measured. */
export const notMeasured = 'not measured'

interface Ratio {
  readonly of: number
  readonly to: number
  readonly unit: string
  readonly atLeast?: number
  readonly atMost?: number
  /** The measurements that it is computed from. */
  readonly from: readonly Measurements[]
}

function ratio(measure: string, { of, to, unit, atLeast, atMost, from }: Ratio): Verdict {
  const value = of / to
  const reach = atLeast === undefined ? `≤ ${plain(atMost ?? Number.NaN)}×` : `≥ ${plain(atLeast)}×`
  if (!Number.isFinite(value)) return unmeasured(measure, reach)
  const isReached = value >= (atLeast ?? 0) && value <= (atMost ?? Number.POSITIVE_INFINITY)
  const figure = `${plain(value)}×   (${amount(of)}${unit} : ${amount(to)}${unit})`
  return judged({ measure, reach, figure, isReached, invalid: invalidityOf(from) })
}

function absolute(
  measure: string,
  value: number,
  unit: string,
  atMost: number,
  from: readonly Measurements[] = [],
): Verdict {
  const reach = `≤ ${atMost} ${unit}`
  if (!Number.isFinite(value)) return unmeasured(measure, reach)
  const figure = `${plain(value)} ${unit}`
  return judged({ measure, reach, figure, isReached: value <= atMost, invalid: invalidityOf(from) })
}

function share(measure: string, rounds: Measurements, figure: (measurement: Measurement) => number): Verdict {
  const value = middle(rounds, figure)
  if (!Number.isFinite(value)) return unmeasured(measure, reported.reach)
  return { measure, figure: `${(value * 100).toFixed(0)} %`, ...reported, invalid: invalidityOf([rounds]) }
}

function unmeasured(measure: string, reach: string): Verdict {
  return { measure, reach, figure: notMeasured, isReached: null, invalid: null }
}

/** An invalid figure neither reaches nor misses its target. */
function judged(verdict: Verdict): Verdict {
  return verdict.invalid === null ? verdict : { ...verdict, isReached: null }
}

function stormVerdict(storm: StandardResults['storm']): Verdict {
  const reach = 'no error'
  if (storm === null) return unmeasured('storm', reach)
  const measure = `storm: ${storm.stations} stations reconnect, authenticate, boot`
  const errors = Object.values(storm.errors).reduce((sum, count) => sum + count, 0)
  const time = storm.readyMs === null ? 'never all' : `${(storm.readyMs / 1_000).toFixed(1)} s`
  const peak = `peak ${(storm.residentKibPeak / 1_024).toFixed(0)} MiB`
  return {
    measure,
    reach,
    figure: `${time}, ${peak}, ${errors} errors`,
    isReached: errors === 0 && storm.readyMs !== null,
    invalid: null,
  }
}

function auditVerdict({ audits }: StandardResults): Verdict {
  const measure = 'audit: acknowledged facts missing, duplicated or altered'
  const list = Object.values(audits)
  if (list.length === 0) return unmeasured(measure, '0')
  const { facts, missing, duplicated, altered, unexpected } = sumOf(list)
  return {
    measure,
    reach: '0',
    figure: `${missing + duplicated + altered + unexpected} of ${facts}`,
    isReached: list.every(isClean),
    invalid: null,
  }
}

function mainThreadShare({ server }: Measurement): number {
  const main = server?.threads.find((thread) => thread.isMain)
  return server === null || main === undefined ? Number.NaN : main.cpuMs / server.cpuMs
}

function workersShare({ server }: Measurement): number {
  if (server === null) return Number.NaN
  const ms = server.threads.reduce((sum, { name, cpuMs }) => (name === 'Worker' ? sum + cpuMs : sum), 0)
  return ms / server.cpuMs
}

function plain(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3)
}

function amount(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : plain(value)
}
