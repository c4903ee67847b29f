// The REST API as one Hono app: authentication, limits, routes, and error responses, in this order.

import type { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { requestId } from 'hono/request-id'
import type { Principal } from '../operators/principal.ts'
import type { LogFields } from '../base/log.ts'
import { authenticated } from './access.ts'
import { anomalyRoutes } from './anomalies.ts'
import { auditLogRoutes } from './audit-log.ts'
import { auditing } from './audited.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { requestBody } from './body.ts'
import { callRoutes } from './calls.ts'
import { chargePointBatchRoutes } from './chargepoint-batch.ts'
import { chargePointRoutes } from './chargepoints.ts'
import { allowedPages, notForeign } from './cross-origin.ts'
import type { ApiDeps } from './deps.ts'
import { addDocs } from './docs.ts'
import { apiApp, type ApiEnv, remoteAddressOf } from './env.ts'
import { answerError } from './errors.ts'
import { eventRoutes } from './events.ts'
import { groupRoutes } from './groups.ts'
import { historyRoutes } from './history.ts'
import { healthRoutes } from './health.ts'
import { limited } from './limited.ts'
import { messageRoutes } from './messages.ts'
import { isRead } from './methods.ts'
import { addMetrics, timed } from './metrics.ts'
import { unserved } from './not-found.ts'
import { shownPath } from './shown-path.ts'
import { roleRoutes } from './roles.ts'

/** The REST resources of the blocks of OCPP. */
type BlockRoutes = (deps: ApiDeps) => readonly OpenAPIHono<ApiEnv>[]

/**
 * The app that answers every request except the WebSocket upgrades of charge points. The HTTP server calls its `fetch`.
 *
 * Every response has X-Request-Id. Every error is `{error, code, message, details?}` with a status of the error table.
 */
export function createApi(deps: ApiDeps, blockRoutes: BlockRoutes): OpenAPIHono<ApiEnv> {
  const app = apiApp()
  app.onError((error, c) => answerError(error, c, deps.log))
  app.notFound((c) => answerError(unserved(app, c), c, deps.log))

  app.use(requestId(), allowedPages(deps))
  app.use('/api/*', timed(deps))
  app.use('/api/*', logged(deps), notForeign(deps), authenticated(deps), limited(deps), requestBody(deps.clock))
  app.use('/api/*', auditing(deps))

  app.route('/', chargePointRoutes(deps))
  app.route('/', chargePointBatchRoutes(deps))
  app.route('/', groupRoutes(deps))
  for (const routes of blockRoutes(deps)) app.route('/', routes)
  app.route('/', callRoutes(deps))
  app.route('/', messageRoutes(deps))
  app.route('/', eventRoutes(deps))
  app.route('/', historyRoutes(deps))
  app.route('/', anomalyRoutes(deps))
  app.route('/', auditLogRoutes(deps))
  app.route('/', apiKeyRoutes(deps))
  app.route('/', roleRoutes(deps))
  app.route('/', healthRoutes(deps))
  addMetrics(app, deps)
  addDocs(app)
  return app
}

// One log line per request, with principal and charge point. Reads are logged at debug level.
function logged({ log, clock }: ApiDeps): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const startedAtMs = clock.nowMs()
    await next()
    const code = c.get('errorCode')
    const fields = {
      requestId: c.get('requestId'),
      method: c.req.method,
      path: shownPath(c.req.path),
      status: c.res.status,
      ...(code === undefined ? {} : { code }),
      durationMs: clock.nowMs() - startedAtMs,
      remoteAddress: remoteAddressOf(c),
      ...senderOf(c.get('principal')),
    }
    if (isRead(c.req.method)) log.debug(fields, 'A REST request was answered.')
    else log.info(fields, 'A REST request was answered.')
  }
}

/** Who sent it: of an operator that acts as a charge point both names. */
function senderOf(principal: Principal | undefined): LogFields {
  if (principal === undefined) return {}
  if (principal.kind === 'operator') return { principal: principal.name }
  const { identity, operator = identity } = principal
  return { principal: operator, identity }
}
