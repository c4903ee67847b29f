// GET /api/chargepoints/{chargePointId}/charging-limits and …/ev-charging: what charge points of 2.x report.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams } from '../../api/fields.ts'
import { errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { isoTime } from '../../base/clock.ts'

const asSent = z.record(z.string(), z.unknown())

const Limits = z
  .object({
    chargingLimits: z.array(
      z.object({
        evseId: z.int().openapi({ description: '0: the charge point as a whole.', example: 0 }),
        source: z.string().openapi({ description: 'ChargingLimitSourceEnumType.', example: 'EMS' }),
        state: z.enum(['active', 'cleared']).openapi({ example: 'active' }),
        message: asSent.openapi({
          description: 'The message about it, as it was sent.',
          example: { chargingLimit: { chargingLimitSource: 'EMS', isGridCritical: false } },
        }),
        receivedAt: Time,
      }),
    ),
  })
  .openapi('ChargingLimits')

const limitsRoute = routeFor('charging:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/charging-limits',
  operationId: 'getChargingLimits',
  tags: ['Smart charging'],
  summary: 'Limits by others',
  description:
    'The last limit of each source that is not Stator, for each EVSE (NotifyChargingLimit, ClearedChargingLimit of OCPP 2.x). All of them are events.',
  request: { params: ChargePointParams },
  responses: { 200: json(Limits, 'The limits.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
})

const Vehicles = z
  .object({
    evses: z.array(
      z.object({
        evseId: z.int().openapi({ example: 1 }),
        needs: asSent.nullable().openapi({
          description: 'The last NotifyEVChargingNeeds, as it was sent.',
          example: { evseId: 1, chargingNeeds: { requestedEnergyTransfer: 'DC' } },
        }),
        needsAt: Time.nullable(),
        schedule: asSent.nullable().openapi({
          description: 'The last NotifyEVChargingSchedule, as it was sent.',
          example: { evseId: 1, timeBase: '2025-12-26T12:30:00Z' },
        }),
        scheduleAt: Time.nullable(),
      }),
    ),
  })
  .openapi('EvCharging')

const vehiclesRoute = routeFor('charging:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/ev-charging',
  operationId: 'getEvCharging',
  tags: ['Smart charging'],
  summary: 'What vehicles need and have chosen',
  description:
    'The last words of the vehicle at each EVSE (ISO 15118, OCPP 2.x). Stator makes no schedules for vehicles: it rejects their needs, and charge points continue with the profiles that they have.',
  request: { params: ChargePointParams },
  responses: { 200: json(Vehicles, 'By EVSE.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
})

/** What is reported of limits and vehicles. */
export function reportedChargingRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(limitsRoute, async (c) => {
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const chargingLimits = (await queries.chargingLimitsOf(key)).map((limit) => ({
      evseId: limit.evseId,
      source: limit.source,
      state: limit.isCleared ? ('cleared' as const) : ('active' as const),
      message: { ...limit.payload },
      receivedAt: isoTime(limit.receivedAtMs),
    }))
    return c.json({ chargingLimits }, 200)
  })

  app.openapi(vehiclesRoute, async (c) => {
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const evses = (await queries.evChargingOf(key)).map(({ evseId, needs, needsAtMs, schedule, scheduleAtMs }) => ({
      evseId,
      needs: needs === null ? null : { ...needs },
      needsAt: needsAtMs === null ? null : isoTime(needsAtMs),
      schedule: schedule === null ? null : { ...schedule },
      scheduleAt: scheduleAtMs === null ? null : isoTime(scheduleAtMs),
    }))
    return c.json({ evses }, 200)
  })

  return app
}
