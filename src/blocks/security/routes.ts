// GET /api/security-events: what charge points report about their security, and whom the central system refused.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { scopeOf } from '../../api/access.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { oneOf, text } from '../../api/fields.ts'
import { pageFields, pageOf, pageQuery, periodOf, periodQuery } from '../../api/paging.ts'
import { errors, json, Time } from '../../api/responses.ts'
import { isoTime } from '../../base/clock.ts'
import { identityCharactersMax } from '../../base/limits.ts'
import { withDefined } from '../../base/with-defined.ts'
import type { SecurityEventRecord } from '../records.ts'
import { securityEventTypes } from './event-types.ts'
import { routeFor } from '../../api/route.ts'

const SecurityEvent = z
  .object({
    source: z.enum(['chargePoint', 'centralSystem']),
    type: z
      .string()
      .nullable()
      .openapi({
        description: `As the charge point reports it, or one of ours: ${Object.keys(securityEventTypes).join(', ')}.`,
        example: 'HandshakeUnauthorized',
      }),
    chargePointId: z.string().nullable().openapi({
      description: 'Of our own events: the identity that was asked for, whether there is such a charge point or not.',
      example: 'CP001',
    }),
    reason: z.string().nullable().openapi({
      description: "Why it was refused; of a charge point's event: its techInfo.",
      example: 'wrong password',
    }),
    remoteAddress: z
      .string()
      .nullable()
      .openapi({ description: 'Where it came from; ours only.', example: '192.0.2.1' }),
    node: z.string().nullable().openapi({ description: 'The process that refused it; ours only.' }),
    count: z.int().openapi({
      description: 'How often this happened between `firstAt` and `receivedAt`: alike ones are counted.',
      example: 12,
    }),
    firstAt: Time.nullable().openapi({ description: "By the clock of Stator; of a charge point's event: by its own." }),
    receivedAt: Time,
  })
  .openapi('SecurityEvent')

const listRoute = routeFor('security:read', {
  method: 'get',
  path: '/api/security-events',
  operationId: 'listSecurityEvents',
  tags: ['Security'],
  summary: 'Security events of charge points, and our own',
  description:
    'SecurityEventNotifications, and the handshakes and requests that were refused; newest first, for as long as OCPP.EventDays says. Ours are stored within seconds.',
  request: {
    query: z.strictObject({
      chargePointId: text('Charge point ID', identityCharactersMax)
        .optional()
        .openapi({ param: { name: 'chargePointId', in: 'query' }, description: 'Only those of this identity.' }),
      source: oneOf('Source', ['chargePoint', 'centralSystem'])
        .optional()
        .openapi({ param: { name: 'source', in: 'query' }, description: 'Only those of this source.' }),
      type: text('Type', 50)
        .optional()
        .openapi({ param: { name: 'type', in: 'query' }, description: 'Only those of this type.' }),
      ...periodQuery('received'),
      ...pageQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, securityEvents: z.array(SecurityEvent) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

/** Reading security events. */
export function securityRoutes({ queries }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(listRoute, async (c) => {
    const { chargePointId, source, type, from, to, ...page } = c.req.valid('query')
    const filter = {
      scope: scopeOf(c),
      ...withDefined({ identity: chargePointId, source, type }),
      ...periodOf(from, to),
    }
    const listed = await queries.listSecurityEvents(filter, page)
    return c.json({ ...pageOf(listed, page), securityEvents: listed.items.map(securityEventView) }, 200)
  })

  return app
}

function securityEventView(record: SecurityEventRecord): z.infer<typeof SecurityEvent> {
  const { source, type, identity, reason, remoteAddress, node, count, firstAtMs, receivedAtMs } = record
  const firstAt = firstAtMs === null ? null : isoTime(firstAtMs)
  const where = { remoteAddress, node, count, firstAt, receivedAt: isoTime(receivedAtMs) }
  return { source, type, chargePointId: identity, reason, ...where }
}
