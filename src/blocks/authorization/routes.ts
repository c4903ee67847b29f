// /api/id-tags: the stored id tags. Case is ignored. Expired and blocked id tags can be stored, too.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { isoTime } from '../../base/clock.ts'
import { idTokenCharactersMax, parentIdTagCharactersMax } from '../../base/limits.ts'
import type { IdTokenInput, IdTokenRecord } from '../records.ts'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { notFound } from '../../api/errors.ts'
import { change, oneOf, text, time } from '../../api/fields.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { Time, body, errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'

const statuses = ['Accepted', 'Blocked', 'Expired', 'Invalid'] as const

// IdTokenEnumType of 2.0.1, then what 2.1 added.
const types = [
  'Central',
  'eMAID',
  'ISO14443',
  'ISO15693',
  'KeyCode',
  'Local',
  'MacAddress',
  'NoAuthorization',
  'DirectPayment',
  'EVCCID',
  'VIN',
] as const

const idTag = text('ID tag', idTokenCharactersMax).openapi({
  description: 'OCPP 1.6 charge points take at most 20 characters.',
  example: 'USER123',
})

const settings = {
  type: oneOf('Type', types).nullish().openapi({ description: 'OCPP 2.x; null is any type.' }),
  status: oneOf('Status', statuses).optional(),
  expiryDate: time('Expiry date')
    .nullish()
    .openapi({ type: ['string', 'null'], format: 'date-time' }),
  parentIdTag: text('Parent ID tag', parentIdTagCharactersMax).nullish().openapi({ example: 'PARENT001' }),
}

/** An id tag to store. In a batch, also one to change. */
export const NewIdTag = z
  .strictObject({ idTag, ...settings, status: settings.status.openapi({ default: 'Accepted' }) })
  .openapi('NewIdTag')
const IdTagChange = change(settings).openapi('IdTagChange', {
  description: 'A field that is left out stays unchanged; null removes its value. At least one field is required.',
})

const IdTag = z
  .object({
    idTag: z.string(),
    type: z.string().nullable(),
    status: z.enum(statuses),
    expiryDate: Time.nullable(),
    parentIdTag: z.string().nullable(),
    createdAt: Time,
  })
  .openapi('IdTag')

export const idTagFilter = {
  status: oneOf('Status', statuses)
    .optional()
    .openapi({ param: { name: 'status', in: 'query' }, description: 'Only those of this status.' }),
}

export const IdTagParams = z.object({
  idTag: z.string().openapi({ param: { name: 'idTag', in: 'path' }, example: 'USER123' }),
})

const listRoute = routeFor('idtag:read', {
  method: 'get',
  path: '/api/id-tags',
  operationId: 'listIdTags',
  tags: ['ID tags'],
  summary: 'List all id tags',
  description: 'In alphabetical order.',
  request: {
    query: z.strictObject({
      ...idTagFilter,
      ...pageQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, idTags: z.array(IdTag) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const newRoute = routeFor('idtag:write', {
  method: 'post',
  path: '/api/id-tags',
  operationId: 'createIdTag',
  tags: ['ID tags'],
  summary: 'Store an id tag',
  description:
    'Charge points that ask about this id tag get its status from now on. No two id tags may differ in letter case only.',
  request: { body: body(NewIdTag, true) },
  responses: {
    201: json(IdTag, 'The id tag is stored.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const getRoute = routeFor('idtag:read', {
  method: 'get',
  path: '/api/id-tags/{idTag}',
  operationId: 'getIdTag',
  tags: ['ID tags'],
  summary: 'Get an id tag',
  description: 'Letter case is ignored.',
  request: { params: IdTagParams },
  responses: { 200: json(IdTag, 'The id tag.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
})

const changeRoute = routeFor('idtag:write', {
  method: 'patch',
  path: '/api/id-tags/{idTag}',
  operationId: 'changeIdTag',
  tags: ['ID tags'],
  summary: 'Change an id tag',
  description:
    'The change counts from the next question of a charge point about this id tag. Running transactions go on.',
  request: { params: IdTagParams, body: body(IdTagChange, true) },
  responses: {
    200: json(IdTag, 'The id tag as it is now.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'REQUEST_TOO_LARGE'),
  },
})

const deleteRoute = routeFor('idtag:write', {
  method: 'delete',
  path: '/api/id-tags/{idTag}',
  operationId: 'deleteIdTag',
  tags: ['ID tags'],
  summary: 'Delete an id tag',
  description: 'The id tag is unknown from now on. Transactions that used it keep it.',
  request: { params: IdTagParams },
  responses: { 204: { description: 'The id tag is deleted.' }, ...errors('FORBIDDEN', 'NOT_FOUND') },
})

/** Reading and changing id tags. */
export function idTagRoutes({ queries }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(listRoute, async (c) => {
    const { status, ...page } = c.req.valid('query')
    const listed = await queries.listIdTokens(status === undefined ? page : { status, ...page })
    return c.json({ ...pageOf(listed, page), idTags: listed.items.map(idTagView) }, 200)
  })

  app.openapi(newRoute, async (c) => {
    const { idTag, ...wanted } = c.req.valid('json')
    const record = await queries.createIdToken(idTag, idTokenInput(wanted))
    noteChange(c, { after: idTagView(record) })
    c.header('Location', `/api/id-tags/${encodeURIComponent(idTag)}`)
    return c.json(idTagView(record), 201)
  })

  app.openapi(getRoute, async (c) => {
    const { idTag } = c.req.valid('param')
    return c.json(idTagView(found(await queries.idTokenRecord(idTag), idTag)), 200)
  })

  app.openapi(changeRoute, async (c) => {
    const { idTag } = c.req.valid('param')
    const before = found(await queries.idTokenRecord(idTag), idTag)
    const record = found(await queries.updateIdToken(idTag, idTokenInput(c.req.valid('json'))), idTag)
    noteChange(c, { before: idTagView(before), after: idTagView(record) })
    return c.json(idTagView(record), 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const { idTag } = c.req.valid('param')
    const before = found(await queries.idTokenRecord(idTag), idTag)
    if (!(await queries.deleteIdToken(idTag))) throw notFound('ID tag', idTag)
    noteChange(c, { before: idTagView(before) })
    return c.body(null, 204)
  })

  return app
}

function found(record: IdTokenRecord | null, idTag: string): IdTokenRecord {
  if (record === null) throw notFound('ID tag', idTag)
  return record
}

/** What is stored of a request. */
export function idTokenInput({ type, status, expiryDate, parentIdTag }: z.infer<typeof IdTagChange>): IdTokenInput {
  return {
    ...(type === undefined ? {} : { type }),
    ...(status === undefined ? {} : { status }),
    ...(expiryDate === undefined ? {} : { expiryDateMs: expiryDate }),
    ...(parentIdTag === undefined ? {} : { parentIdTag }),
  }
}

/** An id tag in a response. */
export function idTagView(record: IdTokenRecord): z.infer<typeof IdTag> {
  return {
    idTag: record.idToken,
    type: record.type,
    status: record.status,
    expiryDate: record.expiryDateMs === null ? null : isoTime(record.expiryDateMs),
    parentIdTag: record.parentIdTag,
    createdAt: isoTime(record.createdAtMs),
  }
}
