// /api/chargepoints/{chargePointId}/dynamic-schedules: the limits of dynamic charging profiles.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { commandIn } from '../../api/answer-command.ts'
import { noteAnswer, noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, integer, object } from '../../api/fields.ts'
import { afterIdQuery, nextId } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import {
  commandErrorCodes,
  CommandOutcome,
  requireConnected,
  requireSendable,
  requireValid,
  sendStored,
} from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { nameOf } from '../../operators/principal.ts'
import { dynamicScheduleCommand, dynamicScheduleOutcome } from './energy-commands.ts'

const path = '/api/chargepoints/{chargePointId}/dynamic-schedules'
const tags = ['Smart charging']

const profileId = integer('Profile ID', 0).openapi({ description: 'Of the dynamic profile.', example: 4711 })

const setRoute = routeFor('charging:write', {
  method: 'post',
  path,
  operationId: 'setDynamicSchedule',
  tags,
  summary: 'Set the limits of a dynamic profile',
  description:
    'The new limits of a charging profile whose kind is Dynamic (OCPP 2.1; older versions do not have it: 409). They are sent with UpdateDynamicSchedule, and are the answer whenever the charge point asks for them (PullDynamicScheduleUpdate). With `send: false` they wait until it asks; it may be not connected then. Limits that the charge point refuses are not an answer, nor are those that were set before the profile itself was set again or cleared.',
  request: {
    params: ChargePointParams,
    body: body(
      z
        .strictObject({
          profileId,
          scheduleUpdate: object('Schedule update').openapi({
            description: 'ChargingScheduleUpdateType: limit, dischargeLimit, setpoint and setpointReactive, by phase.',
          }),
          send: z
            .boolean({ error: 'Send must be true or false' })
            .default(true)
            .openapi({ description: 'false: they are only stored.' }),
        })
        .openapi('SetDynamicSchedule', { example: { profileId: 4711, scheduleUpdate: { limit: 16 } } }),
      true,
    ),
  },
  responses: {
    200: json(CommandOutcome, 'What the charge point answered; `Stored` if nothing was sent.'),
    ...errors(...commandErrorCodes),
  },
})

const DynamicSchedule = z
  .object({
    profileId: z.int().openapi({ example: 4711 }),
    scheduleUpdate: z.record(z.string(), z.unknown()).openapi({ example: { limit: 16 } }),
    status: z.string().nullable().openapi({
      description: 'What the charge point answered; null: nothing, or it was not sent.',
      example: 'Accepted',
    }),
    setAt: Time,
    setBy: z.string().openapi({ description: "Name of the operator's key.", example: 'admin' }),
  })
  .openapi('DynamicSchedule')

const listRoute = routeFor('charging:read', {
  method: 'get',
  path,
  operationId: 'listDynamicSchedules',
  tags,
  summary: 'List the limits of dynamic profiles',
  description: 'The last ones that were set for each profile, by its id.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      ...afterIdQuery,
    }),
  },
  responses: {
    200: json(
      z.object({
        dynamicSchedules: z.array(DynamicSchedule),
        next: nextId,
      }),
      'A page of them.',
    ),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** The limits of dynamic profiles. */
export function dynamicScheduleRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, clock } = deps
  const app = apiApp()

  app.openapi(setRoute, async (c) => {
    const { send, profileId: id, scheduleUpdate } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const version = send ? (await requireConnected(deps, chargePoint)).version : '2.1'
    const command = commandIn(version, (spoken) => dynamicScheduleCommand(spoken, { profileId: id, scheduleUpdate }))
    if (send) requireSendable(deps, chargePoint, command.action)
    requireValid(version, command)

    const { key: chargePointKey } = chargePoint
    const setBy = nameOf(c.get('principal'))
    const made = { chargePointKey, profileId: id, scheduleUpdate, setAtMs: clock.nowMs(), setBy }
    // The charge point may ask for them before its answer comes.
    await queries.storeDynamicSchedule(made)
    noteChange(c, { after: { profileId: id, scheduleUpdate } })
    if (!send)
      return c.json({ status: 'Stored', message: 'The charge point gets the limits when it asks for them' }, 200)
    const answered = (status: string) => queries.answerDynamicSchedule(made, status)
    const status = await sendStored(deps, chargePoint, version, command, answered)
    noteAnswer(c, status)
    return c.json(dynamicScheduleOutcome(status), 200)
  })

  app.openapi(listRoute, async (c) => {
    const { after, pageSize } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const found = await queries.dynamicSchedulesOf(key, after ?? null, pageSize + 1)
    const shown = found.slice(0, pageSize)
    const dynamicSchedules = shown.map(({ profileId: id, scheduleUpdate, status, setAtMs, setBy }) => ({
      profileId: id,
      scheduleUpdate: { ...scheduleUpdate },
      status,
      setAt: isoTime(setAtMs),
      setBy,
    }))
    return c.json({ dynamicSchedules, next: found.length > pageSize ? (shown.at(-1)?.profileId ?? null) : null }, 200)
  })

  return app
}
