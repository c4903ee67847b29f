// GET /health/live and /health/ready, for supervisors and load balancers. They need no credentials, since they reveal
// only whether this process works. What is wrong stands in the log, and in the answer to an operator.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { errorTable, StatorError } from '../base/errors.ts'
import type { Principal } from '../operators/principal.ts'
import { keyCredentials } from '../auth/presented.ts'
import { authenticated } from './access.ts'
import type { ApiDeps, HealthCheck } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { badHost, errors } from './responses.ts'
import { routeFor } from './route.ts'

const Live = z.object({ status: z.enum(['up', 'down']) }).openapi('Live')

const Ready = z
  .object({
    status: z.enum(['ready', 'notReady']),
    checks: z.record(z.string(), z.string()).openapi({
      description: "Per part of Stator: 'ok' or 'fails'. An operator reads a sentence instead of 'fails'.",
      example: { database: 'ok' },
    }),
  })
  .openapi('Ready')

const liveRoute = routeFor('anybody', {
  method: 'get',
  path: '/health/live',
  operationId: 'getLiveness',
  tags: ['Health'],
  summary: 'Whether the process works; restart it when not',
  description: 'For supervisors. 503 means that only a restart helps. No credentials are needed.',
  security: [],
  responses: {
    200: { description: 'It works.', content: { 'application/json': { schema: Live } } },
    ...badHost,
    503: { description: 'Only a restart helps.', content: { 'application/json': { schema: Live } } },
  },
})

const readyRoute = routeFor('anybody', {
  method: 'get',
  path: '/health/ready',
  operationId: 'getReadiness',
  tags: ['Health'],
  summary: 'Whether the process can serve; send it no traffic when not',
  description:
    'For load balancers. 503 while the database does not answer or the process is stopping; `checks` says which. No credentials are needed. With the key of an operator it says what is wrong.',
  security: [{}, { apiKey: [] }],
  responses: {
    200: { description: 'It can serve.', content: { 'application/json': { schema: Ready } } },
    ...errors(),
    ...badHost,
    503: { description: 'It cannot serve now.', content: { 'application/json': { schema: Ready } } },
  },
})

/** Routes of the health checks. */
export function healthRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { health, log } = deps
  const app = apiApp()
  /** Problems that the log has, by check. A balancer asks every second. */
  const logged = new Map<string, string>()
  const note = ({ name, problem }: HealthCheck): void => {
    if (problem === null) logged.delete(name)
    else if (logged.get(name) !== problem) {
      logged.set(name, problem)
      log.info({ reason: problem }, `The readiness check '${name}' fails.`)
    }
  }

  app.openapi(liveRoute, (c) => (health.live() ? c.json({ status: 'up' }, 200) : c.json({ status: 'down' }, 503)))

  const asOperator = authenticated(deps)
  // A charge point is a stranger here: to recognise it takes the database, which may be what fails.
  app.use('/health/ready', async (c, next) => {
    if (keyCredentials(c.req.raw.headers)?.chargePointId !== null) return next()
    // So is an operator whose key is in the database, while that fails.
    await asOperator(c, async () => {}).catch((error: unknown) => {
      if (!(error instanceof StatorError) || errorTable[error.code].status !== 503) throw error
    })
    return next()
  })
  app.openapi(readyRoute, async (c) => {
    const found = await health.ready()
    for (const check of found) note(check)
    const principal: Principal | undefined = c.get('principal')
    const mayKnow = principal?.permissions.has('metrics:read') === true && principal.scope === 'all'
    const shown = (problem: string): string => (mayKnow ? problem : 'fails')
    const checks = Object.fromEntries(
      found.map(({ name, problem }) => [name, problem === null ? 'ok' : shown(problem)]),
    )
    return found.every(({ problem }) => problem === null)
      ? c.json({ status: 'ready', checks }, 200)
      : c.json({ status: 'notReady', checks }, 503)
  })

  return app
}

/** The problem that a check of readiness has; null for none. */
export async function problemOf(check: () => Promise<void>): Promise<string | null> {
  try {
    await check()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
