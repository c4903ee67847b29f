// GET /api/anomalies, also for one charge point: stored facts that break an expectation.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { isoTime } from '../base/clock.ts'
import { withDefined } from '../base/with-defined.ts'
import { identityCharactersMax, integerMax } from '../base/limits.ts'
import { anomalyKinds } from '../blocks/anomalies.ts'
import type { AnomalyFilter, AnomalyRecord } from '../blocks/records.ts'
import { scopeOf } from './access.ts'
import { findChargePoint } from './chargepoints.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { ChargePointParams, integerText, oneOf, text } from './fields.ts'
import { cursorQuery, pageFields, pageIn, pageOf, periodOf, periodQuery } from './paging.ts'
import { Time, errors, json } from './responses.ts'
import { routeFor } from './route.ts'

const Anomaly = z
  .object({
    chargePointId: z.string().openapi({ example: 'CP001' }),
    kind: z.string().openapi({ example: 'unknownTransaction' }),
    transaction: z
      .string()
      .nullable()
      .openapi({ description: 'The transaction it is about, as the charge point named it.' }),
    detail: z.record(z.string(), z.unknown()),
    messageId: z
      .string()
      .nullable()
      .openapi({ description: 'Of the message that showed it; null when a check of what is stored found it.' }),
    receivedAt: Time,
  })
  .openapi('Anomaly')

const AnomalyPage = json(z.object({ ...pageFields, anomalies: z.array(Anomaly) }), 'A page of them.')

const listRoute = routeFor('event:read', {
  method: 'get',
  path: '/api/anomalies',
  operationId: 'listAnomalies',
  tags: ['Anomalies'],
  summary: 'Stored facts that broke an expectation',
  description:
    'Newest first, of every charge point, deleted ones included, for as long as OCPP.AnomalyDays says. A charge point with its own credentials must ask for its own `chargePointId`.',
  request: {
    query: z.strictObject({
      chargePointId: text('Charge point ID', identityCharactersMax)
        .optional()
        .openapi({ param: { name: 'chargePointId', in: 'query' }, description: 'Only those of this charge point.' }),
      kind: oneOf('Kind', anomalyKinds)
        .optional()
        .openapi({ param: { name: 'kind', in: 'query' }, description: 'Only those of this kind.' }),
      transactionId: integerText('Transaction ID', 1, integerMax)
        .optional()
        .openapi({
          param: { name: 'transactionId', in: 'query' },
          description: 'Only those about this transaction, known or not.',
        }),
      ...periodQuery('received'),
      ...cursorQuery,
    }),
  },
  responses: { 200: AnomalyPage, ...errors('BAD_REQUEST', 'FORBIDDEN') },
})

const ofChargePointRoute = routeFor('event:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/anomalies',
  operationId: 'listAnomaliesOfChargePoint',
  tags: ['Anomalies'],
  summary: 'What a charge point did that breaks an expectation',
  description: 'Newest first.',
  request: { params: ChargePointParams, query: z.strictObject(cursorQuery) },
  responses: { 200: AnomalyPage, ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

/** Reading anomalies. */
export function anomalyRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(listRoute, async (c) => {
    const { chargePointId, kind, transactionId, from, to, ...paged } = c.req.valid('query')
    const page = pageIn(paged)
    const filter: AnomalyFilter = {
      scope: scopeOf(c),
      ...withDefined({ identity: chargePointId, kind, transactionId }),
      ...periodOf(from, to),
    }
    const listed = await queries.listAnomalies(filter, page)
    return c.json({ ...pageOf(listed, page), anomalies: listed.items.map(anomalyView) }, 200)
  })

  app.openapi(ofChargePointRoute, async (c) => {
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const page = pageIn(c.req.valid('query'))
    const listed = await queries.listAnomalies({ scope: { chargePointKey: key } }, page)
    return c.json({ ...pageOf(listed, page), anomalies: listed.items.map(anomalyView) }, 200)
  })

  return app
}

function anomalyView({ identity, receivedAtMs, detail, ...rest }: AnomalyRecord): z.infer<typeof Anomaly> {
  return { chargePointId: identity, ...rest, detail: { ...detail }, receivedAt: isoTime(receivedAtMs) }
}
