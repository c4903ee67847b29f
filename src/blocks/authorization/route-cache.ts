// POST /api/chargepoints/{chargePointId}/clear-cache.

import type { OpenAPIHono } from '@hono/zod-openapi'
import { answerCommand } from '../../api/answer-command.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams } from '../../api/fields.ts'
import { errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, CommandOutcome } from '../../api/send-command.ts'
import { outcomeOf } from '../command.ts'

const clearRoute = routeFor('command:cache', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/clear-cache',
  operationId: 'clearCache',
  tags: ['Commands'],
  summary: 'Clear the authorization cache',
  description: 'The charge point forgets which id tags it may accept without asking. Its local list stays as it is.',
  request: { params: ChargePointParams },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

/** The authorization cache of charge points (1.6 §5.4, 2.0.1 C11). */
export function cacheRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(clearRoute, async (c) => {
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const command = { action: 'ClearCache', payload: {}, fields: {} }
    const outcome = (status: string) => outcomeOf(status, 'The cache is cleared', 'clearing of the cache')
    return answerCommand(deps, c, chargePoint, () => command, outcome)
  })

  return app
}
