// GET /api/audit-log: who changed or commanded what; and the heads of its chains, to be kept elsewhere.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { isoTime } from '../base/clock.ts'
import { identityCharactersMax, tokenClaimCharactersMax } from '../base/limits.ts'
import { withDefined } from '../base/with-defined.ts'
import { headText } from '../operators/audit-entry.ts'
import { auditOutcomes, type AuditRecord } from '../operators/audit-records.ts'
import { scopeOf } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { oneOf, text } from './fields.ts'
import { cursorQuery, pageFields, pageIn, pageOf, periodOf, periodQuery } from './paging.ts'
import { errors, json, Time } from './responses.ts'
import { routeFor } from './route.ts'

const AuditItem = z
  .object({
    node: z.string().openapi({ description: 'The process that served it: host and port.', example: 'csms-1:8080' }),
    sequence: z.int().openapi({ description: 'Number of the entry that it began with.', example: 41 }),
    outcomeSequence: z.int().nullable().openapi({ description: 'Number of the entry about its outcome.', example: 42 }),
    at: Time,
    endedAt: Time.nullable(),
    principalKind: z.enum(['operator', 'chargePoint']).openapi({ example: 'operator' }),
    principal: z.string().openapi({ description: 'Name of the operator, or identity.', example: 'admin' }),
    actingAs: z
      .string()
      .nullable()
      .openapi({ description: 'The charge point that the operator acted as.', example: null }),
    remoteAddress: z.string().openapi({ example: '192.0.2.1' }),
    requestId: z.string().openapi({ example: '7b0c9d5e-6a0f-4a3e-9f0a-5a2b8d2f6f10' }),
    operation: z.string().openapi({ description: 'The operationId.', example: 'changeChargePoint' }),
    chargePointId: z.string().nullable().openapi({ example: 'CP001' }),
    request: z.unknown().openapi({
      description: 'Path parameters, query and body. Secrets are `***`, id tags are digests.',
      example: { params: { chargePointId: 'CP001' }, body: { location: 'Building B' } },
    }),
    before: z.unknown().openapi({
      description: 'What was stored before; null if nothing was, or if it is not a change of something stored.',
      example: { chargePointId: 'CP001', location: 'Building A' },
    }),
    after: z.unknown().openapi({
      description:
        'What is stored now. Of a command: the status that the charge point answered. Of a batch: how many of each result, and which records were changed.',
      example: { chargePointId: 'CP001', location: 'Building B' },
    }),
    outcome: z.enum(auditOutcomes).openapi({
      description:
        '`done`, `refused` (status 4xx), `failed` (5xx), or `unknown`: it is being served, or its process ended, or lost the database, before the outcome was stored.',
      example: 'done',
    }),
    status: z.int().nullable().openapi({ description: 'HTTP status of the answer.', example: 200 }),
    code: z.string().nullable().openapi({ description: 'Error code of the answer.', example: null }),
  })
  .openapi('AuditItem')

const AuditHeadView = z
  .object({
    node: z.string().openapi({ example: 'csms-1:8080' }),
    sequence: z.int().openapi({ example: 42 }),
    hash: z.string().openapi({
      description: 'SHA-256 in hexadecimal digits.',
      example: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
    }),
    head: z.string().openapi({
      description: 'All three, as `bun src/main.ts audit verify --head` takes them.',
      example: 'csms-1:8080:42:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
    }),
  })
  .openapi('AuditHead')

const listRoute = routeFor('audit:read', {
  method: 'get',
  path: '/api/audit-log',
  operationId: 'listAuditLog',
  tags: ['Audit log'],
  summary: 'Who changed or commanded what',
  description:
    'Every request that may change something, newest first, refused ones included, for as long as OCPP.AuditLogDays says. A sender whose scope is some charge points sees the requests about one of these. Requests with wrong credentials are among the security events instead.',
  request: {
    query: z.strictObject({
      principal: text('Principal', tokenClaimCharactersMax + 4)
        .optional()
        .openapi({ param: { name: 'principal', in: 'query' }, description: 'Only requests of this one.' }),
      chargePointId: text('Charge point ID', identityCharactersMax)
        .optional()
        .openapi({ param: { name: 'chargePointId', in: 'query' }, description: 'Only requests about this one.' }),
      operation: text('Operation', 100)
        .optional()
        .openapi({ param: { name: 'operation', in: 'query' }, description: 'Only this operationId.' }),
      outcome: oneOf('Outcome', auditOutcomes)
        .optional()
        .openapi({ param: { name: 'outcome', in: 'query' }, description: 'Only requests with this outcome.' }),
      idTag: text('ID tag', 255)
        .optional()
        .openapi({
          param: { name: 'idTag', in: 'query' },
          description: 'Only requests that this id tag stood in, as a parameter or in the body.',
        }),
      ...periodQuery('received'),
      ...cursorQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, entries: z.array(AuditItem) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const headsRoute = routeFor('audit:read', {
  method: 'get',
  path: '/api/audit-log/heads',
  operationId: 'listAuditHeads',
  tags: ['Audit log'],
  summary: 'The last entry of each chain',
  description:
    'Each node has a chain of its own. Keep the heads outside of the database: with them, `bun src/main.ts audit verify` notices when the newest entries were removed.',
  responses: {
    200: json(z.object({ heads: z.array(AuditHeadView) }), 'One of each node, by its name.'),
    ...errors('FORBIDDEN'),
  },
})

/** Reading the audit log. */
export function auditLogRoutes({ queries, audit }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(listRoute, async (c) => {
    const { principal, chargePointId, operation, outcome, idTag, from, to, ...paged } = c.req.valid('query')
    const page = pageIn(paged)
    const idTagDigests = idTag === undefined ? undefined : audit.digests.allOf(idTag)
    const filter = {
      scope: scopeOf(c),
      ...withDefined({ principal, identity: chargePointId, operation, outcome, idTagDigests }),
      ...periodOf(from, to),
    }
    const listed = await queries.listAuditLog(filter, page)
    return c.json({ ...pageOf(listed, page), entries: listed.items.map(itemView) }, 200)
  })

  app.openapi(headsRoute, async (c) => {
    const heads = await queries.auditHeads()
    const views = heads.map((head) => {
      const { node, sequence, hash } = head
      return { node, sequence, hash: Buffer.from(hash).toString('hex'), head: headText(head) }
    })
    return c.json({ heads: views }, 200)
  })

  return app
}

function itemView(record: AuditRecord): z.infer<typeof AuditItem> {
  const { atMs, endedAtMs, chargePointKey: _, identity, ...rest } = record
  return {
    ...rest,
    at: isoTime(atMs),
    endedAt: endedAtMs === null ? null : isoTime(endedAtMs),
    chargePointId: identity,
  }
}
