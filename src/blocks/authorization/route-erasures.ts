// /api/id-tags/{idTag}/erase and /api/id-token-erasures: an id tag is replaced by a pseudonym wherever it is stored.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { notFound } from '../../api/errors.ts'
import { integerText } from '../../api/fields.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { isoTime } from '../../base/clock.ts'
import { erasureSettleMs, integerMax } from '../../base/limits.ts'
import { nameOf } from '../../operators/principal.ts'
import { type ErasureRecord, erasureStateMeanings, erasureStates } from './erasure.ts'
import { IdTagParams } from './routes.ts'

const statesExplained = erasureStates.map((state) => `\`${state}\`: ${erasureStateMeanings[state]}`).join('; ')

const Erasure = z
  .object({
    id: z.int().openapi({ example: 3 }),
    pseudonym: z.string().openapi({
      description:
        'Stands in the place of the id tag, of this one alone. Its transactions are found by it. An erasure that is asked for again before it is done has the same one.',
      example: 'ERASED-7KQ2M9XWB4TD',
    }),
    state: z.enum(erasureStates).openapi({ description: `${statesExplained}.`, example: 'running' }),
    createdAt: Time,
    createdBy: z.string().openapi({ description: "Name of the operator's key.", example: 'admin' }),
    settlesAt: Time.openapi({ description: 'What arrives with the id tag until then is erased, too.' }),
    endedAt: Time.nullable().openapi({ description: 'null until it is done.' }),
    erased: z.record(z.string(), z.int()).openapi({
      description: 'How many rows of each table were changed so far; of `id_tokens`, changed or deleted.',
      example: { id_tokens: 1, transactions: 12, transaction_facts: 24, message_log: 96 },
    }),
  })
  .openapi('IdTokenErasure')

const ErasureParams = z.object({
  erasureId: integerText('Erasure ID', 1, integerMax).openapi({
    param: { name: 'erasureId', in: 'path' },
    example: 3,
  }),
})

const tags = ['ID tags']

const eraseRoute = routeFor('idtag:erase', {
  method: 'post',
  path: '/api/id-tags/{idTag}/erase',
  operationId: 'eraseIdTag',
  tags,
  summary: 'Erase an id tag',
  description: `For a driver who asks to be forgotten. A random pseudonym takes the place of the id tag, in whatever letter case, in transactions, stored messages, the message log and everything else that is stored. Transactions and their energy stay, and can be listed by the pseudonym. The id tag itself is deleted, so it is unknown from now on; it need not be a stored one. Open transactions must be ended first.

What an index finds is replaced when the answer comes, the rest by a scan in the background. What arrives with the id tag in the first ${erasureSettleMs / 60_000} minutes is erased, too. If the id tag is used later, it is a new one.`,
  request: { params: IdTagParams },
  responses: {
    202: json(Erasure, 'It runs; the header Location says where to read how far it is.'),
    ...errors('FORBIDDEN', 'CONFLICT'),
  },
})

const listRoute = routeFor('idtag:read', {
  method: 'get',
  path: '/api/id-token-erasures',
  operationId: 'listIdTokenErasures',
  tags,
  summary: 'List erasures of id tags',
  description: 'Newest first. None says which id tag it erased. Those that are done are kept as OCPP.EventDays says.',
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, idTokenErasures: z.array(Erasure) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const getRoute = routeFor('idtag:read', {
  method: 'get',
  path: '/api/id-token-erasures/{erasureId}',
  operationId: 'getIdTokenErasure',
  tags,
  summary: 'How far the erasure of an id tag is',
  description: 'With the number of rows that it has changed.',
  request: { params: ErasureParams },
  responses: { 200: json(Erasure, 'The erasure.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

/** The routes of erasures. */
export function erasureRoutes({ clock, erasures }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(eraseRoute, async (c) => {
    const { idTag } = c.req.valid('param')
    const createdBy = nameOf(c.get('principal'))
    const record = await erasures.eraseIdToken({ idToken: idTag, createdAtMs: clock.nowMs(), createdBy })
    noteChange(c, { after: { erasureId: record.id } })
    c.header('Location', `/api/id-token-erasures/${record.id}`)
    return c.json(erasureView(record), 202)
  })

  app.openapi(listRoute, async (c) => {
    const page = c.req.valid('query')
    const listed = await erasures.listErasures(page)
    return c.json({ ...pageOf(listed, page), idTokenErasures: listed.items.map(erasureView) }, 200)
  })

  app.openapi(getRoute, async (c) => {
    const { erasureId } = c.req.valid('param')
    const record = await erasures.erasure(erasureId)
    if (record === null) throw notFound('Erasure', erasureId)
    return c.json(erasureView(record), 200)
  })

  return app
}

function erasureView(record: ErasureRecord): z.infer<typeof Erasure> {
  const { id, pseudonym, state, createdBy, erased, createdAtMs, settlesAtMs, endedAtMs } = record
  const times = { createdAt: isoTime(createdAtMs), settlesAt: isoTime(settlesAtMs) }
  return { id, pseudonym, state, createdBy, erased, ...times, endedAt: endedAtMs === null ? null : isoTime(endedAtMs) }
}
