// GET /api/chargepoints/{chargePointId}/events: what a charge point reported besides transactions.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { isoTime } from '../base/clock.ts'
import { withDefined } from '../base/with-defined.ts'
import type { ChargePointEventRecord, PageOf } from '../blocks/records.ts'
import { chargePointActions } from '../blocks/messages.ts'
import { withoutPrivateFields } from '../blocks/private-fields.ts'
import { mayUse } from './access.ts'
import { findChargePoint } from './chargepoints.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { ChargePointParams, directionQuery, directions, messageIdQuery, oneOf } from './fields.ts'
import { pageFields, pageOf, pageQuery, periodOf, periodQuery } from './paging.ts'
import { Time, errors, json } from './responses.ts'
import { routeFor } from './route.ts'

const ChargePointEvent = z
  .object({
    action: z.string().openapi({ example: 'StatusNotification' }),
    occurredAt: Time.nullable().openapi({
      description: 'By the clock of the charge point; null when the message carries no time.',
    }),
    receivedAt: Time,
    direction: z.enum(directions).openapi({
      description: 'Always `fromChargePoint`: `GET …/messages` has what was sent to it.',
      example: 'fromChargePoint',
    }),
    messageId: z.string(),
    payload: z.record(z.string(), z.unknown()).openapi({
      description: 'As the charge point sent it. `data` of NotifyCustomerInformation is `***` without `job:file`.',
      example: { status: 'Available', connectorId: 1 },
    }),
  })
  .openapi('ChargePointEvent')

const eventsRoute = routeFor('event:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/events',
  operationId: 'listEvents',
  tags: ['Charge points'],
  summary: 'What a charge point reported besides transactions',
  description:
    'Boots, statuses, reports that commands asked for, and whatever else is stored and not about a transaction; newest first, for as long as OCPP.EventDays says.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      action: oneOf('Action', chargePointActions)
        .optional()
        .openapi({ param: { name: 'action', in: 'query' }, description: 'Only messages of this action.' }),
      direction: directionQuery(' There are none `toChargePoint`: `GET …/messages` has these.'),
      messageId: messageIdQuery,
      ...periodQuery('received'),
      ...pageQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, events: z.array(ChargePointEvent) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** Routes that read the events of a charge point. */
export function eventRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(eventsRoute, async (c) => {
    const { action, direction, messageId, from, to, ...page } = c.req.valid('query')
    const period = periodOf(from, to)
    const seesPrivate = mayUse(c.get('principal'), 'job:file')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const filter = { chargePointKey: key, ...period, ...withDefined({ action, messageId }) }
    const listed = direction === 'toChargePoint' ? noEvents : await queries.listEvents(filter, page)
    return c.json({ ...pageOf(listed, page), events: listed.items.map((event) => eventView(event, seesPrivate)) }, 200)
  })

  return app
}

// All that is stored as an event is what a charge point sent.
const noEvents: PageOf<ChargePointEventRecord> = { totalCount: 0, items: [] }

function eventView(record: ChargePointEventRecord, seesPrivate: boolean): z.infer<typeof ChargePointEvent> {
  const { action, messageId, occurredAtMs, receivedAtMs, payload } = record
  return {
    action,
    occurredAt: occurredAtMs === null ? null : isoTime(occurredAtMs),
    receivedAt: isoTime(receivedAtMs),
    direction: 'fromChargePoint',
    messageId,
    payload: { ...(seesPrivate ? payload : withoutPrivateFields(action, payload)) },
  }
}
