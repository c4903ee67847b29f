// What a run has to reach, and whether it did. Figures are ratios of medians from one run wherever an absolute figure would
// only describe the machine.

import { isClean, sumOf } from '../audit/comparison.ts'
import { cpuUsPerMessage, type Measurement } from '../measure.ts'
import { median, type StandardResults } from './results.ts'

export interface Verdict {
  readonly measure: string
  readonly reach: string
  readonly figure: string
  /** Null where nothing is demanded, or nothing was measured. */
  readonly isReached: boolean | null
}

/** Messages of a measurement that are meter samples. */
export function metersOf({ byAction }: Measurement): number {
  return byAction['MeterValues'] ?? byAction['TransactionEvent'] ?? 0
}

export function metersPerSecond(measurement: Measurement): number {
  return metersOf(measurement) / measurement.seconds
}

/** Every line of the table of a run; a line whose parts were not measured says so. */
export function verdicts(results: StandardResults): Verdict[] {
  const { heartbeat, meter, half, few, many, memory, storm, startMs } = results
  const perSecond = (rounds?: readonly Measurement[]): number => median((rounds ?? []).map((m) => m.messagesPerSecond))
  const meters = (rounds?: readonly Measurement[]): number => median((rounds ?? []).map(metersPerSecond))
  const perMeter = (whose: 'server' | 'both', rounds?: readonly Measurement[]): number =>
    median((rounds ?? []).map((m) => cpuUsPerMessage(m, whose, metersOf(m)) ?? Number.NaN))
  const perMessage = (rounds?: readonly Measurement[]): number =>
    median((rounds ?? []).map((m) => cpuUsPerMessage(m, 'server', m.messages) ?? Number.NaN))

  const bareMs = median(results.bareCommitMs.map(({ p50 }) => p50))
  const halfMs = (percentile: 'p50' | 'p99'): number =>
    median(half.map(({ latencyMs }) => latencyMs?.[percentile] ?? Number.NaN))
  const kibPerStation =
    memory === null ? Number.NaN : (memory.residentKibAfter - memory.residentKibBefore) / memory.stations

  return [
    ratio('heartbeats/s, closed loop, against the floor', {
      of: perSecond(heartbeat.stator),
      to: perSecond(heartbeat.floor),
      unit: '/s',
      atLeast: 0.85,
    }),
    {
      ...ratio("CPU of Stator per heartbeat against the floor's", {
        of: perMessage(heartbeat.stator),
        to: perMessage(heartbeat.floor),
        unit: ' µs',
      }),
      // What the line above would say if the generator could always saturate the floor.
      reach: 'reported',
      isReached: null,
    },
    ratio('durable MeterValues/s against the peer', {
      of: meters(meter.stator),
      to: meters(meter.peer),
      unit: '/s',
      atLeast: 6,
    }),
    ratio('CPU of server + database per durable MeterValues against the peer', {
      of: perMeter('both', meter.stator),
      to: perMeter('both', meter.peer),
      unit: ' µs',
      atMost: 1 / 6,
    }),
    ratio("CPU of Stator per durable MeterValues against the floor's per message", {
      of: perMeter('server', meter.stator),
      to: perMessage(meter.floor),
      unit: ' µs',
      atMost: 2,
    }),
    share("main thread's share of that CPU", median((meter.stator ?? []).map(mainThreadShare))),
    absolute('latency of durable MeterValues at half of saturation, p50', halfMs('p50'), 'ms', 10),
    absolute('latency of durable MeterValues at half of saturation, p99', halfMs('p99'), 'ms', 30),
    ratio('that p50 against one bare commit', { of: halfMs('p50'), to: bareMs, unit: ' ms', atMost: 3 }),
    absolute(`memory per connected, booted station, ${memory?.stations ?? 0} stations`, kibPerStation, 'KiB', 16),
    ratio(`CPU per message with ${many[0]?.stations ?? 0} stations against ${few[0]?.stations ?? 0}, same rate`, {
      of: perMessage(many),
      to: perMessage(few),
      unit: ' µs',
      atMost: 1.3,
    }),
    stormVerdict(storm),
    absolute('start on PostgreSQL', median(startMs.PostgreSQL) / 1_000, 's', 1),
    absolute('start on an existing embedded database', median(startMs.Embedded) / 1_000, 's', 2.5),
    auditVerdict(results),
  ]
}

/** Whether nothing that was measured misses what it has to reach. */
export function allReached(list: readonly Verdict[]): boolean {
  return list.every(({ isReached }) => isReached !== false)
}

const notMeasured = 'not measured'

function ratio(
  measure: string,
  { of, to, unit, atLeast, atMost }: { of: number; to: number; unit: string; atLeast?: number; atMost?: number },
): Verdict {
  const value = of / to
  const reach = atLeast === undefined ? `≤ ${plain(atMost ?? Number.NaN)}×` : `≥ ${plain(atLeast)}×`
  if (!Number.isFinite(value)) return { measure, reach, figure: notMeasured, isReached: null }
  const isReached = value >= (atLeast ?? 0) && value <= (atMost ?? Number.POSITIVE_INFINITY)
  return { measure, reach, figure: `${plain(value)}×   (${amount(of)}${unit} : ${amount(to)}${unit})`, isReached }
}

function absolute(measure: string, value: number, unit: string, atMost: number): Verdict {
  const reach = `≤ ${atMost} ${unit}`
  if (!Number.isFinite(value)) return { measure, reach, figure: notMeasured, isReached: null }
  return { measure, reach, figure: `${plain(value)} ${unit}`, isReached: value <= atMost }
}

function share(measure: string, value: number): Verdict {
  const figure = Number.isFinite(value) ? `${(value * 100).toFixed(0)} %` : notMeasured
  return { measure, reach: 'reported', figure, isReached: null }
}

function stormVerdict(storm: StandardResults['storm']): Verdict {
  const reach = 'no error'
  if (storm === null) return { measure: 'storm', reach, figure: notMeasured, isReached: null }
  const measure = `storm: ${storm.stations} stations reconnect, authenticate, boot`
  const errors = Object.values(storm.errors).reduce((sum, count) => sum + count, 0)
  const time = storm.readyMs === null ? 'never all' : `${(storm.readyMs / 1_000).toFixed(1)} s`
  const peak = `peak ${(storm.residentKibPeak / 1_024).toFixed(0)} MiB`
  return {
    measure,
    reach,
    figure: `${time}, ${peak}, ${errors} errors`,
    isReached: errors === 0 && storm.readyMs !== null,
  }
}

function auditVerdict({ audits }: StandardResults): Verdict {
  const measure = 'audit: acknowledged facts missing, duplicated or altered'
  const list = Object.values(audits)
  if (list.length === 0) return { measure, reach: '0', figure: notMeasured, isReached: null }
  const { facts, missing, duplicated, altered, unexpected } = sumOf(list)
  return {
    measure,
    reach: '0',
    figure: `${missing + duplicated + altered + unexpected} of ${facts}`,
    isReached: list.every(isClean),
  }
}

function mainThreadShare({ server }: Measurement): number {
  const main = server?.threads.find((thread) => thread.isMain)
  return server === null || main === undefined ? Number.NaN : main.cpuMs / server.cpuMs
}

function plain(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3)
}

function amount(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : plain(value)
}
