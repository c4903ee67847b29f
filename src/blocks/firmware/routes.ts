// POST /api/chargepoints/{chargePointId}/update-firmware.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { findChargePoint } from '../../api/chargepoints.ts'
import { noteAnswer } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, integer, time } from '../../api/fields.ts'
import { body, errors, json } from '../../api/responses.ts'
import {
  commandErrorCodes,
  CommandOutcome,
  invalidAnswer,
  requireConnected,
  sendCommand,
} from '../../api/send-command.ts'
import { integerMax } from '../../base/limits.ts'
import { updateFirmwareCommand, updateFirmwareOutcome } from './commands.ts'
import { routeFor } from '../../api/route.ts'

const UpdateFirmware = z
  .strictObject({
    location: z
      .url({
        error: (issue) =>
          `Location ${issue.input === undefined ? 'is required; it ' : ''}must be a URL from which the charge point can fetch the firmware`,
      })
      .max(512, { error: 'Location must be no longer than 512 characters' })
      .openapi({ example: 'https://firmware.example.com/firmware-v1.2.3.bin' }),
    retrieveDate: time('Retrieve date').openapi({ example: '2025-12-27T00:00:00Z' }),
    retries: integer('Retries', 0).optional().openapi({ example: 3 }),
    retryInterval: integer('Retry interval', 0).optional().openapi({ description: 'Seconds.', example: 300 }),
  })
  .openapi('UpdateFirmware')

const updateFirmwareRoute = routeFor('command:firmware', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/update-firmware',
  operationId: 'updateFirmware',
  tags: ['Commands'],
  summary: 'Update firmware',
  description:
    'The charge point fetches the file by itself, after `retrieveDate`. Its progress comes later, as `firmwareStatus` of the charge point and in the list of its events.',
  request: { params: ChargePointParams, body: body(UpdateFirmware, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

/** Firmware updates of charge points. */
export function firmwareRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(updateFirmwareRoute, async (c) => {
    const { location, retrieveDate, retries, retryInterval } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = updateFirmwareCommand(version, {
      location,
      retrieveDateMs: retrieveDate,
      ...(retries === undefined ? {} : { retries }),
      ...(retryInterval === undefined ? {} : { retryIntervalSeconds: retryInterval }),
      requestId: newRequestId(),
    })
    const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
    const outcome = updateFirmwareOutcome(version, payload)
    if (outcome === null) throw invalidAnswer(command.action, payload, problems)
    noteAnswer(c, outcome.status)
    return c.json(outcome, 200)
  })

  return app
}

/** An id for a request whose notifications come later. It is random, so that two requests do not have the same id. */
function newRequestId(): number {
  return 1 + ((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % integerMax)
}
