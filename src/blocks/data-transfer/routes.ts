// POST /api/chargepoints/{chargePointId}/data-transfer.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { noteAnswer } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, text } from '../../api/fields.ts'
import { body, errors, json, jsonText } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import {
  commandErrorCodes,
  CommandOutcome,
  invalidAnswer,
  requireConnected,
  sendCommand,
} from '../../api/send-command.ts'
import { transferCommand, transferOutcome } from './commands.ts'

const Transfer = z
  .strictObject({
    vendorId: text('Vendor ID', 255),
    messageId: text('Message ID', 50).optional(),
    data: z.unknown().optional().openapi({
      description: 'Any JSON. OCPP 1.6 has texts only: another value is sent there as JSON text.',
    }),
  })
  .openapi('DataTransfer', { example: { vendorId: 'com.example', messageId: 'Tariff', data: { price: 30 } } })

const TransferOutcome = CommandOutcome.extend({
  data: z.unknown().optional().openapi({ description: 'What the charge point answered, as it sent it.' }),
}).openapi('DataTransferOutcome')

const transferRoute = routeFor('command:data-transfer', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/data-transfer',
  operationId: 'transferData',
  tags: ['Commands'],
  summary: 'Send data to a charge point',
  description: 'DataTransfer: a message that a vendor has added to OCPP. The same request for every version.',
  request: { params: ChargePointParams, body: body(Transfer, true) },
  responses: { 200: json(TransferOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

/** Data for charge points. */
export function dataTransferRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(transferRoute, async (c) => {
    const request = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = transferCommand(version, request)
    const answer = await sendCommand(deps, chargePoint, version, command)
    const { status, payload, problems } = answer
    if (status === null) throw invalidAnswer(command.action, payload, problems)
    noteAnswer(c, status, JSON.stringify(command.payload))
    const outcome = { ...transferOutcome(status), data: payload.data }
    return jsonText<z.infer<typeof TransferOutcome>>(c, JSON.stringify(outcome))
  })

  return app
}
