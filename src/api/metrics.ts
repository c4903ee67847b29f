// GET /metrics: what this process has counted since its start, in the text format of Prometheus. For operators, like everything
// that tells of all charge points together.

import type { Hono } from 'hono'
import { type Counters, counterTable } from '../base/counters.ts'
import { anomalyKinds } from '../csms/anomalies.ts'
import { authenticated, operatorOnly } from './access.ts'
import type { ApiDeps } from './deps.ts'
import type { ApiEnv } from './env.ts'

/** Adds the route; the OpenAPI document does not list it, since what it answers with is no JSON. */
export function addMetrics(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get('/metrics', authenticated(deps), operatorOnly, (c) =>
    c.text(metricsText(deps.counters), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )
}

/** The name of a counter there. */
export function metricName(counter: string): string {
  return `stator_${counter.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`
}

/** The anomalies that were stored, by kind. */
export const anomalyMetric = { name: metricName('anomalies'), meaning: 'Anomalies that were stored, by their `kind`.' }

function metricsText(counters: Counters): string {
  const names = Object.keys(counterTable).filter((name): name is keyof typeof counterTable => name in counterTable)
  const plain = names.flatMap((name) => [
    ...head(metricName(name), counterTable[name]),
    `${metricName(name)} ${counters[name]}`,
  ])
  const anomalies = anomalyKinds.map(
    (kind) => `${anomalyMetric.name}{kind="${kind}"} ${counters.anomalies.get(kind) ?? 0}`,
  )
  return `${[...plain, ...head(anomalyMetric.name, anomalyMetric.meaning), ...anomalies].join('\n')}\n`
}

function head(name: string, meaning: string): string[] {
  return [`# HELP ${name} ${meaning}`, `# TYPE ${name} counter`]
}
