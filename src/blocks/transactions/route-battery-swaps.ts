// /api/chargepoints/{chargePointId}/battery-swaps: swaps of batteries.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { commandIn } from '../../api/answer-command.ts'
import { noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, integer, integerText, text } from '../../api/fields.ts'
import { newWireId } from '../../api/new-wire-id.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, CommandOutcome, requireConnected, sendForStatus } from '../../api/send-command.ts'
import { storedIdTag } from '../../api/stored-id-tag.ts'
import { isoTime } from '../../base/clock.ts'
import { idTokenCharactersMax, integerMax } from '../../base/limits.ts'
import { swapCommand, swapOutcome } from './battery-swap.ts'

const path = '/api/chargepoints/{chargePointId}/battery-swaps'
const tags = ['Battery swaps']

const requestRoute = routeFor('command:start', {
  method: 'post',
  path,
  operationId: 'requestBatterySwap',
  tags,
  summary: 'Have batteries swapped',
  description:
    'RequestBatterySwap of OCPP 2.1; older versions do not have it (409). What the charge point then reports has the same `requestId`.',
  request: {
    params: ChargePointParams,
    body: body(
      z
        .strictObject({
          idTag: text('ID tag', idTokenCharactersMax).openapi({ description: 'Who swaps.' }),
          requestId: integer('Request ID', 1).optional().openapi({ description: 'Left out: a new one.' }),
        })
        .openapi('RequestBatterySwap', { example: { idTag: 'USER123' } }),
      true,
    ),
  },
  responses: {
    200: json(
      CommandOutcome.extend({ requestId: z.int().openapi({ example: 4711 }) }).openapi('BatterySwapOutcome'),
      'What the charge point answered.',
    ),
    ...errors(...commandErrorCodes),
  },
})

const BatterySwap = z
  .object({
    requestId: z.int().openapi({ description: 'What belongs to one swap has one of them.', example: 4711 }),
    event: z.string().openapi({ description: 'BatteryIn, BatteryOut or BatteryOutTimeout.', example: 'BatteryIn' }),
    idTag: z.string().openapi({ example: 'USER123' }),
    message: z.record(z.string(), z.unknown()).openapi({
      description: 'As it was sent, with the batteries.',
      example: { batteryData: [{ evseId: 1, serialNumber: 'B-1', soC: 20, soH: 95 }] },
    }),
    receivedAt: Time,
  })
  .openapi('BatterySwap')

const listRoute = routeFor('transaction:read', {
  method: 'get',
  path,
  operationId: 'listBatterySwaps',
  tags,
  summary: 'List battery swaps',
  description:
    'What the charge point reported with BatterySwap, the newest first. It is kept for OCPP.TransactionMonths.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      requestId: integerText('Request ID', 0, integerMax)
        .optional()
        .openapi({ param: { name: 'requestId', in: 'query' }, description: 'Only those of this swap.' }),
      ...pageQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, batterySwaps: z.array(BatterySwap) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** Battery swaps. */
export function batterySwapRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(requestRoute, async (c) => {
    const { idTag, requestId = newWireId() } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const idTokenType = (await storedIdTag(queries, idTag))?.type ?? null
    const command = commandIn(version, (spoken) => swapCommand(spoken, { requestId, idTag, idTokenType }))
    const status = await sendForStatus(deps, chargePoint, version, command)
    noteChange(c, { after: { requestId, status } })
    return c.json({ ...swapOutcome(status), requestId }, 200)
  })

  app.openapi(listRoute, async (c) => {
    const { requestId, ...page } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const listed = await queries.factsOf('batterySwaps', key, requestId === undefined ? {} : { requestId }, page)
    const batterySwaps = listed.items.map((one) => ({
      requestId: one.requestId,
      event: one.event,
      idTag: one.idToken,
      message: { ...one.payload },
      receivedAt: isoTime(one.receivedAtMs),
    }))
    return c.json({ ...pageOf(listed, page), batterySwaps }, 200)
  })

  return app
}
