// GET /api/chargepoints/{chargePointId}/messages: the message log, with every frame on the wire.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { withDefined } from '../base/with-defined.ts'
import { type ExportFormat, exportFormats } from '../blocks/exports.ts'
import { findChargePoint } from './chargepoints.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { endings, exportAnswer, exportQuery, exportResponse, exportTexts } from './export.ts'
import { ChargePointParams, directionQuery, directions, messageIdQuery, text } from './fields.ts'
import { messageItem, messageTypes } from './message-item.ts'
import { pageFields, pageOf, pageQuery, periodOf, periodQuery } from './paging.ts'
import { Time, errors, json } from './responses.ts'
import { routeFor } from './route.ts'

const Message = z
  .object({
    id: z.int(),
    timestamp: Time,
    direction: z.enum(directions),
    messageType: z.enum(messageTypes).nullable().openapi({ description: 'Null when the frame could not be read.' }),
    messageId: z.string().nullable(),
    action: z.string().nullable().openapi({ description: 'Of a CALL; its answer has the same messageId.' }),
    frame: z.string().openapi({
      description: 'The frame as it was on the wire; secrets, and what it reports of customers, are `***`.',
      example: '[2,"msg-004","Heartbeat",{}]',
    }),
  })
  .openapi('Message')

const filterQuery = {
  action: text('Action', 100)
    .optional()
    .openapi({
      param: { name: 'action', in: 'query' },
      description: 'Only CALLs and SENDs of this action. The answer to one has its messageId.',
    }),
  direction: directionQuery(),
  messageId: messageIdQuery,
  ...periodQuery('sent or received'),
}

const messagesRoute = routeFor('message:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/messages',
  operationId: 'listMessages',
  tags: ['Charge points'],
  summary: 'The OCPP messages of a charge point',
  description:
    'Both directions, newest first, while OCPP.MessageLog is on. With `action`, `direction` or `messageId` the newest 10,000 messages are looked at; give a period with `from` and `to` to look further back.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({ ...filterQuery, ...pageQuery }),
  },
  responses: {
    200: json(z.object({ ...pageFields, messages: z.array(Message) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

const exportRoute = (format: ExportFormat) =>
  routeFor('message:read', {
    method: 'get',
    path: `/api/chargepoints/{chargePointId}/messages.${format}`,
    operationId: `exportMessages${endings[format]}`,
    tags: ['Charge points'],
    ...exportTexts(format, 'The OCPP messages of a charge point', 'Oldest first; a filter looks at all of them.'),
    request: { params: ChargePointParams, query: z.strictObject({ ...filterQuery, ...exportQuery(format) }) },
    responses: { 200: exportResponse(format), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
  })

/** Routes that read the message log. */
export function messageRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(messagesRoute, async (c) => {
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { action, direction, messageId, from, to, ...page } = c.req.valid('query')
    const filter = { chargePointKey: key, ...periodOf(from, to), ...withDefined({ action, direction, messageId }) }
    const listed = await queries.messageLog(filter, page)
    return c.json({ ...pageOf(listed, page), messages: listed.items.map(messageItem) }, 200)
  })

  for (const format of exportFormats) {
    app.openapi(exportRoute(format), async (c) => {
      const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
      const { action, direction, messageId, from, to, ...query } = c.req.valid('query')
      const filter = { chargePointKey: key, ...periodOf(from, to), ...withDefined({ action, direction, messageId }) }
      return exportAnswer(c, deps, 'messages', format, { kind: 'messages', filter }, query)
    })
  }

  return app
}
