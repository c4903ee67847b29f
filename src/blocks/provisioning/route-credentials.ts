// POST /api/chargepoints/{chargePointId}/credentials: a new password, made here and set on the charge point.

import type { OpenAPIHono } from '@hono/zod-openapi'
import { findChargePoint } from '../../api/chargepoints.ts'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams } from '../../api/fields.ts'
import { errors, json } from '../../api/responses.ts'
import { rotateCredentials } from '../../api/rotate-credentials.ts'
import { commandErrorCodes, CommandOutcome } from '../../api/send-command.ts'
import { routeFor } from '../../api/route.ts'

const credentialsRoute = routeFor('credential:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/credentials',
  operationId: 'rotateCredentials',
  tags: ['Commands'],
  summary: 'Give the charge point a new password',
  description:
    'Makes a random password of the length that its OCPP version takes, and sets it on the charge point (AuthorizationKey, BasicAuthPassword). Nobody is shown it. Accepted: the new one lets it in, the old one does not any more. Refused: the old one stays. No answer, or it reboots first: both are valid until the new one is used.',
  request: { params: ChargePointParams },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

/** The route that changes the password of one charge point. */
export function credentialRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(credentialsRoute, async (c) => {
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { status, message, outcome } = await rotateCredentials(deps, chargePoint)
    const kept = chargePoint.hasPassword ? 'set' : 'not set'
    const changed = { accepted: 'changed', refused: kept, unknown: 'unknown' }[outcome]
    noteChange(c, { before: { credentials: { basic: kept } }, after: { credentials: { basic: changed } } })
    return c.json({ status, message }, 200)
  })

  return app
}
