// /api/credential-rotations: new passwords for many charge points, paced, with a report for each.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { nameOf } from '../../operators/principal.ts'
import { scopeOf } from '../../api/access.ts'
import { chargePointFilterInBody, filterOf } from '../../api/chargepoint-filter.ts'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { notFound } from '../../api/errors.ts'
import { integerText, oneOf, text } from '../../api/fields.ts'
import { cursorQuery, pageFields, pageIn, pageOf, pageQuery } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { logEnd } from '../../api/rotation-runner.ts'
import { isoTime } from '../../base/clock.ts'
import {
  identityCharactersMax,
  integerMax,
  rotationHoursDefault,
  rotationHoursMax,
  rotationIdentitiesMax,
  rotationPerMinuteDefault,
  rotationPerMinuteMax,
} from '../../base/limits.ts'
import {
  type CredentialRotationRecord,
  itemStateMeanings,
  type RotationItemRecord,
  rotationItemStates,
  rotationStates,
} from './credential-rotation.ts'
import { routeFor } from '../../api/route.ts'

const hourMs = 3_600_000

const statesExplained = rotationItemStates.map((state) => `\`${state}\`: ${itemStateMeanings[state]}`).join('; ')

const Filter = z
  .strictObject({
    all: z
      .literal(true, { error: 'All must be true, or left out' })
      .optional()
      .openapi({ description: 'Every charge point; without other fields.' }),
    ...chargePointFilterInBody,
  })
  .refine((filter) => Object.keys(filter).length > 0, {
    error: 'Filter must have a field; to select every charge point, say "all": true',
  })
  .refine((filter) => filter.all === undefined || Object.keys(filter).length === 1, {
    error: 'Filter must have no other field beside all',
  })
  .openapi('ChargePointFilter', {
    description: 'Charge points as GET /api/chargepoints selects them, at the time of the request.',
    minProperties: 1,
    example: { vendor: 'VendorName', connected: true },
  })

function positive(name: string, max: number, fallback: number) {
  const error = `${name} must be an integer from 1 to ${max}`
  return z.int({ error }).min(1, { error }).max(max, { error }).default(fallback)
}

const NewRotation = z
  .strictObject({
    chargePointIds: z
      .array(text('Charge point ID', identityCharactersMax), { error: 'Charge point IDs must be a list of texts' })
      .min(1, { error: 'Charge point IDs must not be empty' })
      .max(rotationIdentitiesMax, { error: `Charge point IDs must be at most ${rotationIdentitiesMax}` })
      .optional()
      .openapi({ description: 'Which charge points; instead of `filter`.', example: ['CP001', 'CP002'] }),
    filter: Filter.optional(),
    perMinute: positive('Per minute', rotationPerMinuteMax, rotationPerMinuteDefault).openapi({
      description: 'How many charge points are sent a new password in a minute, by all nodes together.',
    }),
    expiresInHours: positive('Expires in hours', rotationHoursMax, rotationHoursDefault).openapi({
      description: 'How long charge points that are not connected are waited for.',
    }),
  })
  .refine(({ chargePointIds, filter }) => (chargePointIds === undefined) !== (filter === undefined), {
    error: 'The body must have either chargePointIds or filter',
  })
  .openapi('NewCredentialRotation', {
    example: { chargePointIds: ['CP001', 'CP002'], perMinute: 60, expiresInHours: 24 },
  })

const count = z.int().openapi({ example: 0 })

const Rotation = z
  .object({
    id: z.int().openapi({ example: 7 }),
    createdAt: Time,
    createdBy: z.string().openapi({ description: "Name of the operator's key.", example: 'admin' }),
    perMinute: z.int().openapi({ example: 60 }),
    expiresAt: Time,
    state: z.enum(rotationStates).openapi({ description: 'Only a running one sends anything.', example: 'running' }),
    endedAt: Time.nullable().openapi({ description: 'null while it runs.' }),
    counts: z
      .object({
        waiting: count,
        sending: count,
        accepted: count,
        refused: count,
        unknown: count,
        failed: count,
        expired: count,
        cancelled: count,
      })
      .openapi({ description: `How many charge points are in each state. ${statesExplained}.` }),
  })
  .openapi('CredentialRotation')

const Item = z
  .object({
    chargePointId: z.string().openapi({ example: 'CP001' }),
    state: z.enum(rotationItemStates).openapi({ description: `${statesExplained}.`, example: 'accepted' }),
    status: z.string().nullable().openapi({ description: 'The status that it answered.', example: 'Accepted' }),
    errorCode: z.string().nullable().openapi({ description: 'What went wrong, for programs.', example: null }),
    error: z.string().nullable().openapi({ description: 'The same as a sentence.', example: null }),
    changedAt: Time,
  })
  .openapi('CredentialRotationItem')

const RotationParams = z.object({
  rotationId: integerText('Rotation ID', 1, integerMax).openapi({
    param: { name: 'rotationId', in: 'path' },
    example: 7,
  }),
})

const tags = ['Provisioning']

const newRoute = routeFor('credential:write', {
  method: 'post',
  path: '/api/credential-rotations',
  operationId: 'createCredentialRotation',
  tags,
  summary: 'Give many charge points new passwords',
  description:
    'Each is sent a random password of its own, as POST /api/chargepoints/{chargePointId}/credentials does. One that is not connected gets it when it connects, within the time that `expiresInHours` gives. No charge point is sent two passwords by one rotation. If two rotations have a charge point, the later one waits for the earlier.',
  request: { body: body(NewRotation, true) },
  responses: {
    202: json(Rotation, 'It runs; the header Location says where to read how far it is.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const listRoute = routeFor('credential:read', {
  method: 'get',
  path: '/api/credential-rotations',
  operationId: 'listCredentialRotations',
  tags,
  summary: 'List credential rotations',
  description: 'Newest first. Those that ended are kept for as long as OCPP.EventDays says.',
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, credentialRotations: z.array(Rotation) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const getRoute = routeFor('credential:read', {
  method: 'get',
  path: '/api/credential-rotations/{rotationId}',
  operationId: 'getCredentialRotation',
  tags,
  summary: 'How far a credential rotation is',
  description: 'With the number of charge points in each state.',
  request: { params: RotationParams },
  responses: { 200: json(Rotation, 'The rotation.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

const itemsRoute = routeFor('credential:read', {
  method: 'get',
  path: '/api/credential-rotations/{rotationId}/items',
  operationId: 'listCredentialRotationItems',
  tags,
  summary: 'What became of each charge point of a credential rotation',
  description: 'In the order in which the charge points were created.',
  request: {
    params: RotationParams,
    query: z.strictObject({
      state: oneOf('State', rotationItemStates)
        .optional()
        .openapi({ param: { name: 'state', in: 'query' }, description: 'Only those in this state.' }),
      ...cursorQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, items: z.array(Item) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

const cancelRoute = routeFor('credential:write', {
  method: 'delete',
  path: '/api/credential-rotations/{rotationId}',
  operationId: 'cancelCredentialRotation',
  tags,
  summary: 'Cancel a credential rotation',
  description:
    'Charge points that wait are sent nothing. Those that were sent a password are finished with. A rotation that has ended stays as it is.',
  request: { params: RotationParams },
  responses: { 200: json(Rotation, 'As it is now.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

/** The routes of credential rotations. */
export function credentialRotationRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { clock, log, queries, wakeRotations } = deps
  const app = apiApp()
  const find = async (c: Context<ApiEnv>, id: number): Promise<CredentialRotationRecord> =>
    found(await queries.credentialRotation(id, scopeOf(c)), id)

  app.openapi(newRoute, async (c) => {
    const { chargePointIds, filter, perMinute, expiresInHours } = c.req.valid('json')
    const createdAtMs = clock.nowMs()
    const rotation = await queries.createCredentialRotation({
      scope: scopeOf(c),
      chargePoints: chargePointIds ?? withoutAll(filter ?? {}),
      createdAtMs,
      createdBy: nameOf(c.get('principal')),
      perMinute,
      expiresAtMs: createdAtMs + expiresInHours * hourMs,
    })
    noteChange(c, { after: rotationView(rotation) })
    wakeRotations()
    c.header('Location', `/api/credential-rotations/${rotation.id}`)
    return c.json(rotationView(rotation), 202)
  })

  app.openapi(listRoute, async (c) => {
    const page = c.req.valid('query')
    const listed = await queries.listCredentialRotations(scopeOf(c), page)
    return c.json({ ...pageOf(listed, page), credentialRotations: listed.items.map(rotationView) }, 200)
  })

  app.openapi(getRoute, async (c) => c.json(rotationView(await find(c, c.req.valid('param').rotationId)), 200))

  app.openapi(itemsRoute, async (c) => {
    const { id } = await find(c, c.req.valid('param').rotationId)
    const { state, ...paged } = c.req.valid('query')
    const page = pageIn(paged)
    const listed = await queries.credentialRotationItems(id, state, page)
    return c.json({ ...pageOf(listed, page), items: listed.items.map(itemView) }, 200)
  })

  app.openapi(cancelRoute, async (c) => {
    const { rotationId } = c.req.valid('param')
    const before = await find(c, rotationId)
    const { rotation, isCancelled } = found(
      await queries.cancelCredentialRotation(rotationId, scopeOf(c), clock.nowMs()),
      rotationId,
    )
    noteChange(c, { before: rotationView(before), after: rotationView(rotation) })
    if (isCancelled) logEnd(log, rotation)
    return c.json(rotationView(rotation), 200)
  })

  return app
}

function withoutAll({ all: _, ...filter }: z.infer<typeof Filter>) {
  return filterOf(filter)
}

function found<T>(rotation: T | null, id: number): T {
  if (rotation === null) throw notFound('Credential rotation', id)
  return rotation
}

function rotationView(record: CredentialRotationRecord): z.infer<typeof Rotation> {
  const { id, createdBy, perMinute, state, counts, createdAtMs, expiresAtMs, endedAtMs } = record
  const times = { createdAt: isoTime(createdAtMs), expiresAt: isoTime(expiresAtMs) }
  return { id, createdBy, perMinute, state, counts, ...times, endedAt: endedAtMs === null ? null : isoTime(endedAtMs) }
}

function itemView({ identity, changedAtMs, ...item }: RotationItemRecord): z.infer<typeof Item> {
  return { chargePointId: identity, ...item, changedAt: isoTime(changedAtMs) }
}
