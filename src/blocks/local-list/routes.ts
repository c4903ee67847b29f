// /api/chargepoints/{chargePointId}/local-list: the id tags that a charge point accepts while it is offline.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest, notFound } from '../../api/errors.ts'
import { ChargePointParams, oneOf, text, time } from '../../api/fields.ts'
import { jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes } from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { idTokenCharactersMax, localListEntriesMax } from '../../base/limits.ts'
import { jobStates } from '../jobs/job.ts'
import { nameOf } from '../../operators/principal.ts'
import {
  type LocalListEntry,
  type LocalListRecord,
  localListState,
  localListStateMeanings,
  localListStatuses,
  repeatedIn,
} from './local-list.ts'
import { askVersion, sync } from './route-sync.ts'

const statesExplained = Object.entries(localListStateMeanings)
  .map(([state, meaning]) => `\`${state}\`: ${meaning}`)
  .join('; ')

const Entry = z
  .strictObject({
    idTag: text('ID tag', idTokenCharactersMax),
    type: text('Type', 20).optional().openapi({ description: 'OCPP 2.x: IdTokenEnumType. Left out: Central.' }),
    status: oneOf('Status', localListStatuses).default('Accepted'),
    expiryDate: time('Expiry date').optional(),
    parentIdTag: text('Parent ID tag', idTokenCharactersMax).optional(),
  })
  .openapi('LocalListEntry', { example: { idTag: 'USER123', type: 'ISO14443', status: 'Accepted' } })

const EntryShown = z.object({
  idTag: z.string().openapi({ example: 'USER123' }),
  type: z.string().optional(),
  status: z.string().openapi({ example: 'Accepted' }),
  expiryDate: Time.optional(),
  parentIdTag: z.string().optional(),
})

const LocalList = z
  .object({
    state: z
      .enum(['neverSent', 'sending', 'inSync', 'changed', 'drifted', 'unknown'])
      .openapi({ description: `${statesExplained}.`, example: 'inSync' }),
    entries: z.array(EntryShown).openapi({ description: 'As operators want it.' }),
    changedAt: Time,
    changedBy: z.string().openapi({ example: 'admin' }),
    sent: z
      .object({
        version: z.int().openapi({ description: 'Of the last message that was to be sent.', example: 7 }),
        entries: z.int().openapi({ description: 'How many entries the list had.', example: 120 }),
        at: Time,
        jobId: z.int().nullable().openapi({ description: 'The job that sends it, while it is kept.', example: 4711 }),
        jobState: z.enum(jobStates).nullable().openapi({ example: 'succeeded' }),
      })
      .nullable(),
    reported: z
      .object({ version: z.int().openapi({ example: 7 }), at: Time })
      .nullable()
      .openapi({ description: 'What the charge point answered to GetLocalListVersion.' }),
  })
  .openapi('LocalList')

const PutLocalList = z
  .strictObject({
    entries: z
      .array(Entry, { error: 'Entries must be a list' })
      .max(localListEntriesMax, { error: `Entries must be at most ${localListEntriesMax}` }),
  })
  .openapi('PutLocalList')

const Sync = z
  .strictObject({
    updateType: oneOf('Update type', ['Auto', 'Full', 'Differential']).default('Auto').openapi({
      description:
        'Auto: what has changed, if the charge point reports the version that was sent last; else the whole list.',
    }),
    ...queueFields,
  })
  .openapi('SyncLocalList', { example: { updateType: 'Auto' } })

const path = '/api/chargepoints/{chargePointId}/local-list'
const tags = ['Local lists']

const getRoute = routeFor('local-list:read', {
  method: 'get',
  path,
  operationId: 'getLocalList',
  tags,
  summary: 'Get the local list',
  description: 'As operators want it, what was sent of it, and what the charge point last reported. Nothing is sent.',
  request: { params: ChargePointParams },
  responses: { 200: json(LocalList, 'The list.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
})

const putRoute = routeFor('local-list:write', {
  method: 'put',
  path,
  operationId: 'storeLocalList',
  tags,
  summary: 'Store the local list',
  description: `Replaces the whole list. Nothing is sent: \`POST ${path}/sync\` does that.`,
  request: { params: ChargePointParams, body: body(PutLocalList, true) },
  responses: {
    200: json(LocalList, 'The list.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'REQUEST_TOO_LARGE'),
  },
})

const syncRoute = routeFor('local-list:write', {
  method: 'post',
  path: `${path}/sync`,
  operationId: 'syncLocalList',
  tags,
  summary: 'Send the local list',
  description:
    'The charge point is asked for its version and its limits, and gets what it lacks in as many messages as it needs. This is a job. If it reports another version than the one that was sent last, it gets the whole list. One that is queued (`queue`), or has more messages than a request waits for, is answered with 202.',
  request: { params: ChargePointParams, body: body(Sync, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

const checkRoute = routeFor('local-list:write', {
  method: 'post',
  path: `${path}/check`,
  operationId: 'checkLocalList',
  tags,
  summary: 'Ask for the version of the local list',
  description: 'GetLocalListVersion. The answer is stored: `state` is `drifted` if it is not what was sent.',
  request: { params: ChargePointParams },
  responses: { 200: json(LocalList, 'The list.'), ...errors(...commandErrorCodes) },
})

/** Local authorization lists. */
export function localListRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, clock } = deps
  const app = apiApp()

  const listOf = async (chargePointKey: number, identity: string): Promise<LocalListRecord> => {
    const list = await queries.localList(chargePointKey)
    if (list === null) throw notFound('Local list of charge point', identity)
    return list
  }

  app.openapi(getRoute, async (c) => {
    const { key, identity } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    return c.json(listView(await listOf(key, identity)), 200)
  })

  app.openapi(putRoute, async (c) => {
    const entries = c.req.valid('json').entries.map(entryOf)
    const repeated = repeatedIn(entries)
    if (repeated !== undefined) throw badRequest('entries', `Entries has the ID tag '${repeated}' twice`)
    const { key, identity } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const before = await queries.localList(key)
    await queries.storeLocalList(key, entries, nameOf(c.get('principal')), clock.nowMs())
    noteChange(c, {
      ...(before === null ? {} : { before: { entries: before.entries.length } }),
      after: { entries: entries.length },
    })
    return c.json(listView(await listOf(key, identity)), 200)
  })

  app.openapi(syncRoute, async (c) => {
    const wish = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    return sync(deps, c, chargePoint, await listOf(chargePoint.key, chargePoint.identity), wish)
  })

  app.openapi(checkRoute, async (c) => {
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    await listOf(chargePoint.key, chargePoint.identity)
    const version = await askVersion(deps, chargePoint)
    noteChange(c, { after: { version } })
    return c.json(listView(await listOf(chargePoint.key, chargePoint.identity)), 200)
  })

  return app
}

function entryOf({ idTag, type, status, expiryDate, parentIdTag }: z.infer<typeof Entry>): LocalListEntry {
  return {
    idTag,
    ...(type === undefined ? {} : { type }),
    status,
    ...(expiryDate === undefined ? {} : { expiryDate: isoTime(expiryDate) }),
    ...(parentIdTag === undefined ? {} : { parentIdTag }),
  }
}

function listView(list: LocalListRecord): z.infer<typeof LocalList> {
  const { entries, changedAtMs, changedBy, sentVersion, sentEntries, sentAtMs, sentJobId, sentState } = list
  const { reportedVersion, reportedAtMs } = list
  return {
    state: localListState(list),
    entries: entries.map((entry) => ({ ...entry })),
    changedAt: isoTime(changedAtMs),
    changedBy,
    sent:
      sentEntries === null || sentAtMs === null
        ? null
        : {
            version: sentVersion,
            entries: sentEntries.length,
            at: isoTime(sentAtMs),
            jobId: sentJobId,
            jobState: sentState,
          },
    reported:
      reportedVersion === null || reportedAtMs === null
        ? null
        : { version: reportedVersion, at: isoTime(reportedAtMs) },
  }
}
