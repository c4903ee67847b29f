// POST /api/chargepoints/{chargePointId}/unlock-connector and …/trigger-message.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { answerCommand } from '../../api/answer-command.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import {
  ChargePointParams,
  connectorIdOfEvse,
  evseId,
  evsePlace,
  hasEvse,
  needsEvse,
  oneOf,
  text,
} from '../../api/fields.ts'
import { body, errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, CommandOutcome } from '../../api/send-command.ts'
import { triggerCommand, triggerOutcome, triggers, unlockCommand, unlockOutcome } from './operations.ts'

const Unlock = z
  .strictObject({ evseId, connectorId: connectorIdOfEvse.optional() })
  .openapi('UnlockConnector', { example: { evseId: 1, connectorId: 1 } })

const unlockRoute = routeFor('command:unlock', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/unlock-connector',
  operationId: 'unlockConnector',
  tags: ['Commands'],
  summary: 'Unlock a connector',
  description:
    'UnlockConnector. `status` is `Unlocked` if the cable is free. Without `connectorId` it is connector 1 of the EVSE.',
  request: { params: ChargePointParams, body: body(Unlock, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const Trigger = z
  .strictObject({
    requestedMessage: oneOf('Requested message', triggers),
    ...evsePlace,
    customTrigger: text('Custom trigger', 50)
      .optional()
      .openapi({ description: 'OCPP 2.1, with CustomTrigger: what the charge point is to do.' }),
  })
  .refine(hasEvse, needsEvse)
  .openapi('TriggerMessage', { example: { requestedMessage: 'StatusNotification', evseId: 1 } })

const triggerRoute = routeFor('command:trigger', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/trigger-message',
  operationId: 'triggerMessage',
  tags: ['Commands'],
  summary: 'Trigger a message',
  description:
    'Asks the charge point to send a message now. The words of all versions are known: DiagnosticsStatusNotification becomes LogStatusNotification in OCPP 2.x, and SignChargePointCertificate is the same as SignChargingStationCertificate. In 1.6 LogStatusNotification and certificates are triggered by ExtendedTriggerMessage. What the version cannot trigger is refused with 409.',
  request: { params: ChargePointParams, body: body(Trigger, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

/** Unlocking connectors, and triggering messages. */
export function remoteOperationRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(unlockRoute, async (c) => {
    const request = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    return answerCommand(deps, c, chargePoint, (version) => unlockCommand(version, request), unlockOutcome)
  })

  app.openapi(triggerRoute, async (c) => {
    const request = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    return answerCommand(deps, c, chargePoint, (version) => triggerCommand(version, request), triggerOutcome)
  })

  return app
}
