// GET /api/chargepoints/{chargePointId}/history: every status of its connectors, and every connection.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { statusesByWeight } from '../blocks/availability/connector-status.ts'
import { type ExportFormat, exportFormats } from '../blocks/exports.ts'
import { findChargePoint } from './chargepoints.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { endings, exportAnswer, exportQuery, exportResponse, exportTexts } from './export.ts'
import { ChargePointParams } from './fields.ts'
import { historyItem } from './history-item.ts'
import { pageFields, pageOf, pageQuery, periodOf, periodQuery } from './paging.ts'
import { Time, errors, json } from './responses.ts'
import { routeFor } from './route.ts'

const ConnectorEntry = z
  .object({
    kind: z.literal('connector'),
    time: Time.openapi({ description: 'When it was received.' }),
    occurredAt: Time.openapi({ description: 'By the clock of the charge point.' }),
    evseId: z.int().openapi({ description: 'OCPP 1.6: the connector; 0: the charge point itself.' }),
    connectorId: z.int().openapi({ description: 'On its EVSE; OCPP 1.6: 1.' }),
    status: z.enum([...statusesByWeight, 'Unknown']).openapi({ example: 'Available' }),
    errorCode: z.string().nullable().openapi({ example: 'NoError' }),
    vendorErrorCode: z.string().nullable(),
  })
  .openapi('ConnectorHistoryEntry')

const ConnectionEntry = z
  .object({
    kind: z.literal('connection'),
    time: Time,
    event: z.enum(['opened', 'closed']),
    epoch: z.int().openapi({ description: 'Number of the connection; a later one has a greater number.' }),
    node: z.string().nullable().openapi({ description: 'The process that held it.', example: 'csms-1:8080' }),
    closedBy: z.enum(['chargePoint', 'centralSystem', 'lost']).nullable().openapi({
      description: '`lost`: neither side closed it. Null for one that opened, as are the next two.',
    }),
    closeCode: z.int().nullable().openapi({
      description: 'Of the WebSocket, RFC 6455, section 7.4; null if no close was seen.',
      example: 1000,
    }),
    reason: z.string().nullable(),
    remoteAddress: z.string().nullable().openapi({
      description: 'Where the charge point connected from; null for connections from before this was stored.',
      example: '192.0.2.1',
    }),
  })
  .openapi('ConnectionHistoryEntry')

const historyRoute = routeFor('event:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/history',
  operationId: 'listHistory',
  tags: ['Charge points'],
  summary: 'Connections of a charge point, and changes of its connectors',
  description:
    'Every change of the status or error of a connector, and every connection that opened or was closed; newest first, for as long as OCPP.HistoryMonths says. While a charge point is not connected, no change of its connectors is recorded.',
  request: { params: ChargePointParams, query: z.strictObject({ ...periodQuery('received'), ...pageQuery }) },
  responses: {
    200: json(
      z.object({ ...pageFields, history: z.array(z.discriminatedUnion('kind', [ConnectorEntry, ConnectionEntry])) }),
      'A page of them.',
    ),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

const exportRoute = (format: ExportFormat) =>
  routeFor('event:read', {
    method: 'get',
    path: `/api/chargepoints/{chargePointId}/history.${format}`,
    operationId: `exportHistory${endings[format]}`,
    tags: ['Charge points'],
    ...exportTexts(format, 'Connections of a charge point, and changes of its connectors,', 'Oldest first.'),
    request: {
      params: ChargePointParams,
      query: z.strictObject({ ...periodQuery('received'), ...exportQuery(format) }),
    },
    responses: { 200: exportResponse(format), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
  })

/** Routes that read the history from which uptime is computed. */
export function historyRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(historyRoute, async (c) => {
    const { from, to, ...page } = c.req.valid('query')
    const period = periodOf(from, to)
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const listed = await queries.listHistory({ chargePointKey: key, ...period }, page)
    return c.json({ ...pageOf(listed, page), history: listed.items.map(historyItem) }, 200)
  })

  for (const format of exportFormats) {
    app.openapi(exportRoute(format), async (c) => {
      const { from, to, ...query } = c.req.valid('query')
      const period = periodOf(from, to)
      const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
      const exported = { kind: 'history', filter: { chargePointKey: key, ...period } } as const
      return exportAnswer(c, deps, 'history', format, exported, query)
    })
  }

  return app
}
