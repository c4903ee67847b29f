// GET /api/chargepoints/{chargePointId}/composite-schedule.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, integerText, oneOf } from '../../api/fields.ts'
import { errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, invalidAnswer, requireConnected, sendCommand } from '../../api/send-command.ts'
import { integerMax } from '../../base/limits.ts'
import { outcomeOf, statusOf } from '../command.ts'
import { compositeCommand, compositeOf, rateUnits } from './commands.ts'

const durationSecondsDefault = 3_600

const Composite = z
  .object({
    status: z.string().openapi({ description: 'The status in the answer of the charge point.', example: 'Accepted' }),
    message: z.string(),
    schedule: z
      .object({
        evseId: z.int().nullable().openapi({ description: 'OCPP 1.6: the connector.' }),
        duration: z.int().nullable().openapi({ description: 'Seconds.' }),
        scheduleStart: z.string().nullable(),
        chargingRateUnit: z.string().nullable(),
        chargingSchedulePeriod: z.array(z.record(z.string(), z.unknown())),
      })
      .nullable()
      .openapi({ description: 'null if the charge point sends none.' }),
  })
  .openapi('CompositeSchedule', {
    example: {
      status: 'Accepted',
      message: 'The charge point has computed the schedule',
      schedule: {
        evseId: 1,
        duration: 3600,
        scheduleStart: '2025-12-26T12:30:00.000Z',
        chargingRateUnit: 'A',
        chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }],
      },
    },
  })

const compositeRoute = routeFor('command:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/composite-schedule',
  operationId: 'getCompositeSchedule',
  tags: ['Smart charging'],
  summary: 'Ask for the composite schedule',
  description:
    'GetCompositeSchedule: what the charge point will offer, from all its charging profiles and limits together. The answer has the form of OCPP 2.x for all versions.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      evseId: integerText('EVSE ID', 1, integerMax)
        .optional()
        .openapi({
          param: { name: 'evseId', in: 'query' },
          description: 'OCPP 1.6: the connector. Left out: the charge point as a whole.',
          example: 1,
        }),
      duration: integerText('Duration', 1, integerMax)
        .default(durationSecondsDefault)
        .openapi({
          param: { name: 'duration', in: 'query' },
          description: 'Length of the schedule in seconds, from now.',
          example: 3600,
        }),
      chargingRateUnit: oneOf('Charging rate unit', rateUnits)
        .optional()
        .openapi({
          param: { name: 'chargingRateUnit', in: 'query' },
          description: 'Left out: the charge point chooses.',
        }),
    }),
  },
  responses: { 200: json(Composite, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

/** Composite schedules, as charge points compute them. */
export function compositeScheduleRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(compositeRoute, async (c) => {
    const { evseId = 0, duration, chargingRateUnit } = c.req.valid('query')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = compositeCommand(version, { evseId, durationSeconds: duration, chargingRateUnit })
    const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
    const status = statusOf(payload)
    if (status === null) throw invalidAnswer(command.action, payload, problems)
    const said = outcomeOf(status, 'The charge point has computed the schedule', 'request for a composite schedule')
    const schedule = compositeOf(version, payload)
    const shown =
      schedule === null
        ? null
        : { ...schedule, chargingSchedulePeriod: schedule.chargingSchedulePeriod.map((period) => ({ ...period })) }
    return c.json({ ...said, schedule: shown }, 200)
  })

  return app
}
