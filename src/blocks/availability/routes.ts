// POST /api/chargepoints/{chargePointId}/change-availability.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { answerCommand } from '../../api/answer-command.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, evsePlace, force, hasEvse, needsEvse, oneOf } from '../../api/fields.ts'
import { body, errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import { commandErrorCodes, CommandOutcome } from '../../api/send-command.ts'
import { availabilityCommand, availabilityOutcome, availabilityTypes } from './commands.ts'

const ChangeAvailability = z
  .strictObject({ type: oneOf('Type', availabilityTypes), ...evsePlace, force })
  .refine(hasEvse, needsEvse)
  .openapi('ChangeAvailability', { example: { type: 'Inoperative', evseId: 1 } })

const changeRoute = routeFor('command:availability', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/change-availability',
  operationId: 'changeAvailability',
  tags: ['Commands'],
  summary: 'Change the availability',
  description:
    'Of the charge point, of one EVSE, or of one connector. `Scheduled`: it changes when the transaction under way has ended. The charge point keeps the setting after a reboot.',
  request: { params: ChargePointParams, body: body(ChangeAvailability, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

/** The availability of charge points. */
export function availabilityRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(changeRoute, async (c) => {
    const { force: isForced, ...request } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const commandOf = (version: OcppVersion) => ({ ...availabilityCommand(version, request), isForced })
    return answerCommand(deps, c, chargePoint, commandOf, availabilityOutcome)
  })

  return app
}
