// GET /api/chargepoints/{chargePointId}/transaction-status: what a charge point says about a transaction.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { commandIn } from '../../api/answer-command.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { notFound } from '../../api/errors.ts'
import { ChargePointParams, integerText } from '../../api/fields.ts'
import { errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, invalidAnswer, requireConnected, sendCommand } from '../../api/send-command.ts'
import { integerMax } from '../../base/limits.ts'
import { transactionStatusCommand } from './commands.ts'

const StationStatus = z
  .object({
    ongoing: z.boolean().nullable().openapi({
      description: 'Whether the transaction is under way; null if the charge point does not say so.',
      example: true,
    }),
    messagesInQueue: z.boolean().openapi({
      description: 'Whether the charge point still has messages about transactions to send.',
      example: false,
    }),
  })
  .openapi('StationTransactionStatus')

const statusRoute = routeFor('command:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/transaction-status',
  operationId: 'getTransactionStatus',
  tags: ['Commands'],
  summary: 'Ask for the status of a transaction',
  description:
    'GetTransactionStatus of OCPP 2.x; 1.6 does not have it (409). Without `transactionId`: whether the charge point has messages about any transaction to send.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      transactionId: integerText('Transaction ID', 1, integerMax)
        .optional()
        .openapi({ param: { name: 'transactionId', in: 'query' }, description: 'The number that Stator gave it.' }),
    }),
  },
  responses: { 200: json(StationStatus, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

/** What charge points say about their transactions. */
export function stationStatusRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(statusRoute, async (c) => {
    const { transactionId } = c.req.valid('query')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const scope = { chargePointKey: chargePoint.key }
    const transaction = transactionId === undefined ? null : await deps.queries.transaction(transactionId, scope)
    if (transactionId !== undefined && transaction === null) throw notFound('Transaction', transactionId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandIn(version, (spoken) => transactionStatusCommand(spoken, transaction))
    const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
    const { ongoingIndicator, messagesInQueue } = payload
    if (typeof messagesInQueue !== 'boolean') throw invalidAnswer(command.action, payload, problems)
    return c.json({ ongoing: typeof ongoingIndicator === 'boolean' ? ongoingIndicator : null, messagesInQueue }, 200)
  })

  return app
}
