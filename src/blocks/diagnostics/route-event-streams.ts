// /api/chargepoints/{chargePointId}/event-streams: periodic event streams.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { answerCommand, commandIn } from '../../api/answer-command.ts'
import { noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, integer, integerText } from '../../api/fields.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, CommandOutcome, requireConnected, sendCommand } from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { integerMax } from '../../base/limits.ts'
import type { Fact } from '../facts.ts'
import { entries } from '../provisioning/answer-values.ts'
import { adjustStreamCommand, adjustStreamOutcome, listStreamsCommand } from './event-streams.ts'
import { anyStream, streamState } from './stream-state.ts'

const path = '/api/chargepoints/{chargePointId}/event-streams'
const tags = ['Monitoring']

const StreamParams = ChargePointParams.extend({
  streamId: integerText('Stream ID', 0, integerMax).openapi({
    param: { name: 'streamId', in: 'path' },
    description: 'The id that the charge point gave the stream.',
    example: 1,
  }),
})

const readRoute = routeFor('configuration:read', {
  method: 'post',
  path: `${path}/read`,
  operationId: 'readEventStreams',
  tags,
  summary: 'Ask for the open event streams',
  description:
    'GetPeriodicEventStream of OCPP 2.1; older versions do not have it (409). The list shows what was answered: streams that are not in the answer are closed.',
  request: { params: ChargePointParams },
  responses: {
    200: json(
      z.object({ streams: z.int().openapi({ description: 'How many are open.', example: 2 }) }).openapi('OpenStreams'),
      'What the charge point answered.',
    ),
    ...errors(...commandErrorCodes),
  },
})

const adjustRoute = routeFor('configuration:write', {
  method: 'post',
  path: `${path}/{streamId}/adjust`,
  operationId: 'adjustEventStream',
  tags,
  summary: 'Adjust an event stream',
  description:
    'AdjustPeriodicEventStream of OCPP 2.1; older versions do not have it (409). It is sent for every id, also for one that Stator does not know.',
  request: {
    params: StreamParams,
    body: body(
      z
        .strictObject({
          intervalSeconds: integer('Interval seconds', 0).optional().openapi({
            description: 'The charge point sends at least this often.',
          }),
          values: integer('Values', 0).optional().openapi({
            description: 'The charge point sends as soon as it has this many values.',
          }),
        })
        .openapi('AdjustEventStream', { example: { intervalSeconds: 60 } }),
      true,
    ),
  },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const EventStream = z
  .object({
    streamId: z.int().openapi({ example: 1 }),
    state: z.enum(['open', 'closed']).openapi({ example: 'open' }),
    monitorId: z.int().nullable().openapi({ description: 'The monitor whose values it sends.', example: 7 }),
    params: z.record(z.string(), z.unknown()).openapi({
      description: 'PeriodicEventStreamParamsType, with the last adjustment.',
      example: { interval: 60 },
    }),
    openedAt: Time.openapi({ description: 'When it was opened, or listed last.' }),
    pending: z.int().nullable().openapi({
      description: 'How many values the charge point still had to send with its last message; null: there was none.',
      example: 0,
    }),
    notifiedAt: Time.nullable().openapi({ description: 'When values came last.' }),
  })
  .openapi('EventStream')

const listRoute = routeFor('configuration:read', {
  method: 'get',
  path,
  operationId: 'listEventStreams',
  tags,
  summary: 'List event streams',
  description:
    'Those that the charge point has opened, or listed, the newest first. Their values are events of the charge point (NotifyPeriodicEventStream).',
  request: { params: ChargePointParams, query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, eventStreams: z.array(EventStream) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** Periodic event streams. */
export function eventStreamRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(readRoute, async (c) => {
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandIn(version, (spoken) => listStreamsCommand[spoken])
    const { payload } = await sendCommand(deps, chargePoint, version, command)
    const streams = entries(payload['constantStreamData']).length
    noteChange(c, { after: { streams } })
    return c.json({ streams }, 200)
  })

  app.openapi(adjustRoute, async (c) => {
    const { chargePointId, streamId } = c.req.valid('param')
    const params = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, chargePointId)
    const commandOf = (version: Parameters<typeof adjustStreamCommand>[0]) =>
      adjustStreamCommand(version, streamId, params)
    return answerCommand(deps, c, chargePoint, commandOf, adjustStreamOutcome)
  })

  app.openapi(listRoute, async (c) => {
    const page = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const listed = await queries.factsOf('eventStreams', key, {}, page)
    const ids = [anyStream, ...listed.items.map(({ streamId }) => streamId)]
    const events = await queries.factsAbout('eventStreamEvents', key, 'streamId', ids)
    const eventStreams = listed.items.map((one) =>
      streamView(
        one,
        events.filter(({ streamId }) => streamId === one.streamId || streamId === anyStream),
      ),
    )
    return c.json({ ...pageOf(listed, page), eventStreams }, 200)
  })

  return app
}

function streamView(
  stream: Fact<'eventStreams'>,
  events: readonly Fact<'eventStreamEvents'>[],
): z.infer<typeof EventStream> {
  const { streamId, monitorId, receivedAtMs } = stream
  const { state, params, pending, notifiedAtMs } = streamState(stream, events)
  return {
    streamId,
    state,
    monitorId,
    params: { ...params },
    openedAt: isoTime(receivedAtMs),
    pending,
    notifiedAt: notifiedAtMs === null ? null : isoTime(notifiedAtMs),
  }
}
