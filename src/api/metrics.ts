// GET /metrics: counters and measurements of this process, in the Prometheus text format. For operators only, since it
// covers all charge points.

import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { counterTable, type PartCounts } from '../base/counters.ts'
import type { Timings } from '../base/timings.ts'
import { anomalyKinds } from '../blocks/anomalies.ts'
import { authenticated, operatorOnly } from './access.ts'
import type { ApiDeps } from './deps.ts'
import type { ApiEnv } from './env.ts'
import { errors } from './responses.ts'

interface Measure {
  readonly meaning: string
  readonly read: (counts: PartCounts) => number
}

/** Counters since the start of this process, by metric name. */
const partCounters = {
  stator_calls_sent_total: { meaning: 'CALLs that were sent to charge points.', read: ({ calls }) => calls.sent },
  stator_calls_answered_total: { meaning: 'CALLs that charge points answered.', read: ({ calls }) => calls.answered },
  stator_calls_timed_out_total: {
    meaning: 'CALLs that were not answered in time.',
    read: ({ calls }) => calls.timedOut,
  },
  stator_answers_late_total: {
    meaning: 'Answers to CALLs that had timed out.',
    read: ({ calls }) => calls.late,
  },
  stator_answers_unknown_total: {
    meaning: 'Answers to CALLs that were never sent.',
    read: ({ calls }) => calls.unknown,
  },
  stator_commits_total: { meaning: 'Transactions of the writer.', read: ({ writer }) => writer.transactions },
  stator_messages_committed_total: {
    meaning: 'Messages that were committed; each part of a large one counts.',
    read: ({ writer }) => writer.changeSets,
  },
  stator_messages_decided_again_total: {
    meaning: 'Messages decided again, because another node had changed the stored state since the first decision.',
    read: ({ writer }) => writer.outdated,
  },
  stator_messages_refused_total: {
    meaning: 'Messages that the database refused for what they hold.',
    read: ({ writer }) => writer.refused,
  },
  stator_meter_values_stored_total: {
    meaning: 'Meter values that were committed.',
    read: ({ writer }) => writer.meterRows,
  },
  stator_commit_retries_total: {
    meaning: 'Transactions of the writer that were begun again.',
    read: ({ writer }) => writer.retries,
  },
  stator_message_log_lines_total: {
    meaning: 'Lines that were written to the message log.',
    read: ({ writer }) => writer.messageLogLines,
  },
  stator_message_log_lines_dropped_total: {
    meaning: 'Lines of the message log that were dropped, because too many waited.',
    read: ({ writer }) => writer.messageLogLinesDropped,
  },
  process_cpu_seconds_total: {
    meaning: 'CPU time of this process.',
    read: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
  },
} as const satisfies Readonly<Record<string, Measure>>

/** Gauges (current values), by metric name. */
const partGauges = {
  stator_connections: { meaning: 'Charge points that are connected.', read: ({ connections }) => connections },
  stator_database_available: {
    meaning: '1 while the database takes what it is given, else 0.',
    read: ({ isDatabaseAvailable }) => (isDatabaseAvailable ? 1 : 0),
  },
  stator_messages_waiting: {
    meaning: 'Messages that wait for their COMMIT.',
    read: ({ writer }) => writer.waiting,
  },
  stator_message_log_lines_waiting: {
    meaning: 'Lines of the message log that wait to be written.',
    read: ({ writer }) => writer.messageLogLinesWaiting,
  },
  stator_received_bytes_waiting: {
    meaning: 'Bytes of messages that were read and are not served yet.',
    read: ({ gateway }) => gateway.receivedBytes,
  },
  stator_handshakes_waiting: {
    meaning: 'Charge points that wait to be let in.',
    read: ({ gateway }) => gateway.handshakes,
  },
  process_resident_memory_bytes: { meaning: 'Memory of this process.', read: () => process.memoryUsage.rss() },
} as const satisfies Readonly<Record<string, Measure>>

const anomalyMetric = { name: metricName('anomalies'), meaning: 'Anomalies that were stored, by their `kind`.' }

const lagMetric = {
  name: 'stator_event_loop_lag_seconds',
  meaning: 'How late the event loop was since the last scrape, by `quantile` (0.5, 0.99, 1).',
}

/** The metric name of a counter. */
function metricName(counter: string): string {
  return `stator_${counter.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`
}

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  tags: ['Metrics'],
  summary: 'Counters and measurements of this process',
  description: 'In the text format of Prometheus. For operators only.',
  responses: {
    200: {
      description: 'Every metric.',
      content: { 'text/plain': { schema: z.string().openapi({ example: 'stator_connections 3' }) } },
    },
    ...errors('FORBIDDEN'),
  },
})

/** Adds the route. */
export function addMetrics(app: OpenAPIHono<ApiEnv>, deps: ApiDeps): void {
  const registry = metricsRegistry(deps)
  app.openAPIRegistry.registerPath(metricsRoute)
  app.get('/metrics', authenticated(deps), operatorOnly, async (c) =>
    c.text(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
  )
}

/** Every metric. Values are read when the text is requested. */
export function metricsRegistry({
  counters,
  timings,
  partCounts,
}: Pick<ApiDeps, 'counters' | 'timings' | 'partCounts'>): Registry {
  const registry = new Registry()
  const registers = [registry]
  const count = (name: string, help: string, read: () => number): void => {
    const counter: Counter = new Counter({ name, help, registers, collect: () => restart(counter, read()) })
  }
  for (const name of Object.keys(counterTable).filter(isCounterName)) {
    count(metricName(name), counterTable[name], () => counters[name])
  }
  for (const [name, { meaning, read }] of Object.entries<Measure>(partCounters)) {
    count(name, meaning, () => read(partCounts()))
  }
  for (const [name, { meaning: help, read }] of Object.entries<Measure>(partGauges)) {
    const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read(partCounts())) })
  }
  const anomalies: Counter<'kind'> = new Counter({
    name: anomalyMetric.name,
    help: anomalyMetric.meaning,
    labelNames: ['kind'],
    registers,
    collect: () => {
      anomalies.reset()
      for (const kind of anomalyKinds) anomalies.inc({ kind }, counters.anomalies.get(kind) ?? 0)
    },
  })
  const lag: Gauge<'quantile'> = new Gauge({
    name: lagMetric.name,
    help: lagMetric.meaning,
    labelNames: ['quantile'],
    registers,
    collect: () => {
      const { p50, p99, max } = timings.takeEventLoopLag()
      lag.set({ quantile: '0.5' }, p50)
      lag.set({ quantile: '0.99' }, p99)
      lag.set({ quantile: '1' }, max)
    },
  })
  for (const histogram of [timings.commits, timings.groups]) registry.registerMetric(histogram)
  registry.registerMetric(new AnswerHistogram(timings))
  return registry
}

/** Durations of answers, from `Timings`. A Gauge, because a Histogram of prom-client writes its own buckets only. */
class AnswerHistogram extends Gauge<'action' | 'le'> {
  readonly #timings: Pick<Timings, 'answers'>
  readonly #histogram: Histogram

  constructor(timings: Pick<Timings, 'answers'>) {
    const name = 'stator_answer_seconds'
    const help = 'From the arrival of CALLs to their answers, in seconds, by their `action`.'
    super({ name, help, registers: [] })
    this.#timings = timings
    this.#histogram = new Histogram({ name, help, registers: [] })
  }

  override async get(): ReturnType<Gauge<'action' | 'le'>['get']> {
    const histogram = await this.#histogram.get()
    const { name } = histogram
    const values = [...this.#timings.answers].flatMap(([action, { buckets, seconds, count }]) => [
      ...buckets.map(([le, value]) => ({ metricName: `${name}_bucket`, labels: { action, le }, value })),
      { metricName: `${name}_sum`, labels: { action }, value: seconds },
      { metricName: `${name}_count`, labels: { action }, value: count },
    ])
    return { ...histogram, values }
  }
}

function isCounterName(name: string): name is keyof typeof counterTable {
  return name in counterTable
}

/** The count is kept elsewhere. */
function restart(counter: Counter, value: number): void {
  counter.reset()
  counter.inc(value)
}
