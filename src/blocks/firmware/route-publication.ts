// POST /api/chargepoints/{chargePointId}/publish-firmware and …/unpublish-firmware: firmware that a local controller
// has for the charge points behind it.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { answerCommand } from '../../api/answer-command.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, integer } from '../../api/fields.ts'
import { answerWithJob, jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { body, errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, CommandOutcome } from '../../api/send-command.ts'
import { withDefined } from '../../base/with-defined.ts'
import {
  firmwarePublication,
  publishFirmwareCommand,
  unpublishFirmwareCommand,
  unpublishOutcome,
} from './publication.ts'

const checksum = z
  .string({ error: 'Checksum must be an MD5 in 32 hexadecimal digits' })
  .regex(/^[0-9a-fA-F]{32}$/, { error: 'Checksum must be an MD5 in 32 hexadecimal digits' })
  .openapi({ description: 'MD5 of the file, in hexadecimal digits.', example: 'd41d8cd98f00b204e9800998ecf8427e' })

const PublishFirmware = z
  .strictObject({
    location: z
      .url({ error: 'Location must be a URL from which the charge point can fetch the firmware' })
      .max(512, { error: 'Location must be no longer than 512 characters' })
      .openapi({ example: 'https://firmware.example.com/firmware-v1.2.3.bin' }),
    checksum,
    retries: integer('Retries', 0).optional().openapi({ example: 3 }),
    retryInterval: integer('Retry interval', 0).optional().openapi({ description: 'Seconds.', example: 300 }),
    ...queueFields,
  })
  .openapi('PublishFirmware')

const publishRoute = routeFor('command:firmware', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/publish-firmware',
  operationId: 'publishFirmware',
  tags: ['Commands'],
  summary: 'Publish firmware',
  description:
    'PublishFirmware of 2.x: a local controller fetches the file and offers it to the charge points behind it. It is a job; its history has the URLs to use in `update-firmware`.',
  request: { params: ChargePointParams, body: body(PublishFirmware, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

const UnpublishFirmware = z.strictObject({ checksum }).openapi('UnpublishFirmware')

const unpublishRoute = routeFor('command:firmware', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/unpublish-firmware',
  operationId: 'unpublishFirmware',
  tags: ['Commands'],
  summary: 'Take published firmware back',
  description: 'UnpublishFirmware of 2.x.',
  request: { params: ChargePointParams, body: body(UnpublishFirmware, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

/** Firmware that local controllers publish. */
export function publicationRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(publishRoute, async (c) => {
    const wish = c.req.valid('json')
    const { location, checksum: digest, retries, retryInterval } = wish
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const request = { location, checksum: digest, ...withDefined({ retries, retryIntervalSeconds: retryInterval }) }
    return answerWithJob(
      deps,
      c,
      chargePoint,
      {
        kind: firmwarePublication,
        commandOf: (version, requestId) => publishFirmwareCommand(version, { ...request, requestId }),
        startsAtMs: null,
      },
      wish,
    )
  })

  app.openapi(unpublishRoute, async (c) => {
    const { checksum: digest } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    return answerCommand(deps, c, chargePoint, (version) => unpublishFirmwareCommand(version, digest), unpublishOutcome)
  })

  return app
}
