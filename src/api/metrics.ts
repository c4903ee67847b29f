// GET /metrics: counters and measurements of this process, in the Prometheus text format. For operators and scrapers
// only, since it covers all charge points.

import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { except } from 'hono/combine'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import packageJson from '../../package.json' with { type: 'json' }
import { counterTable, handshakeRefusals, otherWord, tallyTable } from '../base/counters.ts'
import type { Timings } from '../base/timings.ts'
import { anomalyKinds } from '../blocks/anomalies.ts'
import { jobStates } from '../blocks/jobs/job.ts'
import { rotationItemStates } from '../blocks/provisioning/credential-rotation.ts'
import { handshakeQuirkTable } from '../auth/handshake-quirks.ts'
import { commandQuirkTable, quirkTable } from '../ocpp/quirks.ts'
import { callErrorTable } from '../ocpp/call-error.ts'
import { authenticated, permitted } from './access.ts'
import type { ApiDeps } from './deps.ts'
import type { ApiEnv } from './env.ts'
import { dailyLimitKinds } from '../base/limits.ts'
import { methods } from './methods.ts'
import { type Measure, partCounters, partGauges } from './metric-tables.ts'
import { errors } from './responses.ts'

const lagMetric = {
  name: 'stator_event_loop_lag_seconds',
  meaning: 'How late the event loop was since the last scrape, by `percentile` (50, 99, 100).',
}

/** Words of a tally that are shown from the start, so that their first increase is seen. */
const knownWords: Readonly<Record<keyof typeof tallyTable, readonly string[]>> = {
  handshakesRefused: handshakeRefusals,
  framesRefused: Object.keys(callErrorTable),
  resultErrorsSent: Object.keys(callErrorTable),
  resultErrorsReceived: [...Object.keys(callErrorTable), otherWord],
  anomalies: anomalyKinds,
  quirks: [...Object.keys(quirkTable), ...Object.keys(handshakeQuirkTable), ...Object.keys(commandQuirkTable)],
  quirkProfiles: [],
  credentialRotations: rotationItemStates.filter((state) => state !== 'waiting' && state !== 'sending'),
  jobs: jobStates,
  dailyLimitsReached: dailyLimitKinds,
}

/** Methods that the API has; others are shown as `other`, so that a client cannot make up series. */
const knownMethods: ReadonlySet<string> = new Set(methods)

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
  description:
    'In the text format of Prometheus. For operators, and for scrapers with the bearer token `Security.MetricsToken`.',
  // Without `basic`: this is nothing for charge points.
  security: [{ apiKey: [] }, { metricsToken: [] }],
  'x-permission': 'metrics:read',
  responses: {
    200: {
      description: 'Every metric.',
      content: { 'text/plain': { schema: z.string().openapi({ example: 'stator_connections{version="1.6"} 3' }) } },
    },
    ...errors('FORBIDDEN'),
  },
})

/** Adds the route. */
export function addMetrics(app: OpenAPIHono<ApiEnv>, deps: ApiDeps): void {
  const registry = metricsRegistry(deps)
  app.openAPIRegistry.registerPath(metricsRoute)
  const isScraper = (c: Context<ApiEnv>): boolean => deps.isScraper(c.req.raw.headers)
  app.get('/metrics', except(isScraper, authenticated(deps), permitted('metrics:read')), async (c) =>
    c.text(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
  )
}

/** Middleware that measures REST requests, the time in line included. */
export function timed({ timings }: Pick<ApiDeps, 'timings'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const startedAtMs = performance.now()
    await next()
    const method = knownMethods.has(c.req.method) ? c.req.method : 'other'
    timings.requests.observe({ method, status: c.res.status }, (performance.now() - startedAtMs) / 1_000)
  }
}

/** Every metric. Values are read when the text is requested. */
export function metricsRegistry({
  counters,
  timings,
  partCounts,
}: Pick<ApiDeps, 'counters' | 'timings' | 'partCounts'>): Registry {
  const registry = new Registry()
  const registers = [registry]
  const count = (name: string, help: string, read: () => number | Promise<number>): void => {
    const counter: Counter = new Counter({ name, help, registers, collect: async () => restart(counter, await read()) })
  }
  for (const name of Object.keys(counterTable).filter(isCounterName)) {
    count(metricName(name), counterTable[name], () => counters[name])
  }
  for (const [name, { meaning, read }] of Object.entries<Measure>(partCounters)) {
    count(name, meaning, () => read(partCounts()))
  }
  for (const [name, { meaning: help, read }] of Object.entries<Measure>(partGauges)) {
    const gauge: Gauge = new Gauge({ name, help, registers, collect: async () => gauge.set(await read(partCounts())) })
  }
  for (const name of Object.keys(tallyTable).filter(isTallyName)) {
    const { label, meaning: help } = tallyTable[name]
    const tally = counters[name]
    const counter: Counter = new Counter({
      name: metricName(name),
      help,
      labelNames: [label],
      registers,
      collect: () => {
        counter.reset()
        for (const word of new Set([...knownWords[name], ...tally.words]))
          counter.inc({ [label]: word }, tally.of(word))
      },
    })
  }
  byLabel(
    { name: 'stator_connections', help: 'Charge points that are connected, by OCPP `version`.', registers },
    'version',
    () => partCounts().connections,
  )
  byLabel(
    {
      name: 'stator_statements_waiting',
      help: 'Statements that wait for a connection to the database, by `sender`: chargePoints, rest, upkeep.',
      registers,
    },
    'sender',
    () => partCounts().statementsWaiting,
  )
  byLabel(
    {
      name: 'stator_certificate_expiry_timestamp_seconds',
      help: 'When what `certificate` names runs out: server, clientAuthority (the first of them), revocationList (its next update).',
      registers,
    },
    'certificate',
    () => partCounts().certificateExpirySeconds,
  )
  const open: Gauge<'kind' | 'state'> = new Gauge({
    name: 'stator_jobs_open',
    help: 'Open jobs of all charge points, by `kind` and `state`; each node counts all of them, twice a minute.',
    labelNames: ['kind', 'state'],
    registers,
    collect: () => {
      open.reset()
      for (const { kind, state, count: jobs } of partCounts().jobs) open.set({ kind, state }, jobs)
    },
  })
  const info: Gauge = new Gauge({
    name: 'stator_node_info',
    help: 'Always 1: `node` as the history names it, `version` of Stator, `provider` of the database.',
    labelNames: ['node', 'version', 'provider'],
    registers,
    collect: () => {
      const { name, provider } = partCounts().node
      info.set({ node: name, version: packageJson.version, provider }, 1)
    },
  })
  const lag: Gauge<'percentile'> = new Gauge({
    name: lagMetric.name,
    help: lagMetric.meaning,
    labelNames: ['percentile'],
    registers,
    collect: () => {
      const { p50, p99, max } = timings.takeEventLoopLag()
      lag.set({ percentile: '50' }, p50)
      lag.set({ percentile: '99' }, p99)
      lag.set({ percentile: '100' }, max)
    },
  })
  for (const histogram of [timings.commits, timings.groups]) registry.registerMetric(histogram)
  registry.registerMetric(timings.requests)
  registry.registerMetric(new AnswerHistogram(timings))
  return registry
}

/** A gauge with one label, from a record of its values. */
function byLabel(
  options: { readonly name: string; readonly help: string; readonly registers: Registry[] },
  label: string,
  read: () => Readonly<Record<string, number>>,
): void {
  const gauge: Gauge = new Gauge({
    ...options,
    labelNames: [label],
    collect: () => {
      for (const [word, value] of Object.entries(read())) gauge.set({ [label]: word }, value)
    },
  })
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

function isTallyName(name: string): name is keyof typeof tallyTable {
  return name in tallyTable
}

/** The count is kept elsewhere. */
function restart(counter: Counter, value: number): void {
  counter.reset()
  counter.inc(value)
}
