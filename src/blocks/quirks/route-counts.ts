// GET /api/quirks: how often charge points have shown quirks, and what quirk profiles have done for them.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { scopeOf } from '../../api/access.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { oneOf, text } from '../../api/fields.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { isoTime } from '../../base/clock.ts'
import { identityCharactersMax } from '../../base/limits.ts'
import { withDefined } from '../../base/with-defined.ts'
import { quirkGroupings } from './quirks.ts'

const QuirkCount = z
  .object({
    quirk: z
      .string()
      .openapi({ description: 'A code of the table of quirks in the documentation.', example: 'timeFormat' }),
    profile: z
      .string()
      .nullable()
      .openapi({ description: "'' where no profile applied; null: summed up.", example: '' }),
    vendor: z.string().nullable(),
    model: z.string().nullable(),
    chargePointId: z.string().nullable(),
    count: z.int().openapi({ example: 12 }),
    firstAt: Time,
    lastAt: Time,
  })
  .openapi('QuirkCount')

const listRoute = routeFor('event:read', {
  method: 'get',
  path: '/api/quirks',
  operationId: 'listQuirkCounts',
  tags: ['Quirks'],
  summary: 'Count quirks',
  description:
    'How often charge points have shown each quirk, and what quirk profiles have done for them, the most frequent first. Stored within a minute; a count is kept until the quirk has not been seen for OCPP.EventDays.',
  request: {
    query: z.strictObject({
      groupBy: oneOf('Group by', quirkGroupings)
        .default('quirk')
        .openapi({ param: { name: 'groupBy', in: 'query' }, description: 'What the counts are summed up by.' }),
      quirk: text('Quirk', 50)
        .optional()
        .openapi({ param: { name: 'quirk', in: 'query' }, description: 'Only this quirk.' }),
      profile: text('Profile', 50, 0)
        .optional()
        .openapi({
          param: { name: 'profile', in: 'query' },
          description: 'Only where this profile applied; empty: none.',
        }),
      chargePointId: text('Charge point ID', identityCharactersMax)
        .optional()
        .openapi({ param: { name: 'chargePointId', in: 'query' }, description: 'Only of this charge point.' }),
      ...pageQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, quirks: z.array(QuirkCount) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

/** Counts of quirks. */
export function quirkCountRoutes({ queries }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(listRoute, async (c) => {
    const { groupBy, quirk, profile, chargePointId: identity, ...page } = c.req.valid('query')
    const filter = { scope: scopeOf(c), groupBy, ...withDefined({ quirk, profile, identity }) }
    const found = await queries.listQuirkCounts(filter, page)
    const quirks = found.items.map(({ identity: chargePointId, firstAtMs, lastAtMs, ...rest }) => ({
      ...rest,
      chargePointId,
      firstAt: isoTime(firstAtMs),
      lastAt: isoTime(lastAtMs),
    }))
    return c.json({ ...pageOf(found, page), quirks }, 200)
  })

  return app
}
