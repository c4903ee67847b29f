// GET /health/live and /health/ready, for supervisors and load balancers. They need no credentials, since they reveal
// only whether this process works.

import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { badHost } from './responses.ts'

const Live = z.object({ status: z.enum(['up', 'down']) }).openapi('Live')

const Ready = z
  .object({
    status: z.enum(['ready', 'notReady']),
    checks: z.record(z.string(), z.string()).openapi({
      description: "Per part of Stator: 'ok', or a sentence that says what is wrong.",
      example: { database: 'ok' },
    }),
  })
  .openapi('Ready')

const liveRoute = createRoute({
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

const readyRoute = createRoute({
  method: 'get',
  path: '/health/ready',
  operationId: 'getReadiness',
  tags: ['Health'],
  summary: 'Whether the process can serve; send it no traffic when not',
  description:
    'For load balancers. 503 while the database does not answer or the process is stopping; `checks` says which. No credentials are needed.',
  security: [],
  responses: {
    200: { description: 'It can serve.', content: { 'application/json': { schema: Ready } } },
    ...badHost,
    503: { description: 'It cannot serve now.', content: { 'application/json': { schema: Ready } } },
  },
})

/** Routes of the health checks. */
export function healthRoutes({ health }: Pick<ApiDeps, 'health'>): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(liveRoute, (c) => (health.live() ? c.json({ status: 'up' }, 200) : c.json({ status: 'down' }, 503)))

  app.openapi(readyRoute, async (c) => {
    const found = await health.ready()
    const checks = Object.fromEntries(found.map(({ name, problem }) => [name, problem ?? 'ok']))
    return found.every(({ problem }) => problem === null)
      ? c.json({ status: 'ready', checks }, 200)
      : c.json({ status: 'notReady', checks }, 503)
  })

  return app
}
