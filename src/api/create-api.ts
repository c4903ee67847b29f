// The REST API as one Hono app: who asks, how large, which resource, and what an error looks like.

import { OpenAPIHono } from '@hono/zod-openapi'
import { requestId } from 'hono/request-id'
import type { ApiDeps } from './deps.ts'
import { answerError, notFound } from './errors.ts'
import { healthRoutes } from './health.ts'

/**
 * The app that answers everything but the WebSocket upgrades of charge points; give its `fetch` to the HTTP server.
 *
 * Every answer carries X-Request-Id; every error is `{error, message, details?}` with a status of the error table.
 */
export function createApi(deps: ApiDeps): OpenAPIHono {
  const app = new OpenAPIHono()
  app.use(requestId())
  app.onError((error, c) => answerError(error, c, deps.log))
  app.notFound((c) => answerError(notFound('Endpoint', `${c.req.method} ${c.req.path}`), c, deps.log))
  app.route('/', healthRoutes(deps))
  return app
}
