// POST /api/chargepoints/{chargePointId}/update-firmware.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, integer, text, time } from '../../api/fields.ts'
import { answerWithJob, jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { body, errors } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { withDefined } from '../../base/with-defined.ts'
import { updateFirmwareCommand } from './commands.ts'
import { firmwareUpdate } from './job.ts'

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
    installDate: time('Install date').optional().openapi({
      description: 'When it is installed. In 1.6 only with a signature.',
      example: '2025-12-27T03:00:00Z',
    }),
    signature: text('Signature', 800)
      .optional()
      .openapi({ description: 'Of the file, in Base64: a signed update. Not without `signingCertificate`.' }),
    signingCertificate: z
      .string({ error: 'Signing certificate must be a certificate in PEM' })
      .max(5_500, { error: 'Signing certificate must be no longer than 5500 characters' })
      .optional()
      .openapi({ description: 'The certificate that proves the signature, in PEM.' }),
    retries: integer('Retries', 0).optional().openapi({ example: 3 }),
    retryInterval: integer('Retry interval', 0).optional().openapi({ description: 'Seconds.', example: 300 }),
    ...queueFields,
  })
  .refine(({ signature, signingCertificate }) => (signature === undefined) === (signingCertificate === undefined), {
    error: 'The body must have both signature and signingCertificate, or neither',
  })
  .openapi('UpdateFirmware')

const updateFirmwareRoute = routeFor('command:firmware', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/update-firmware',
  operationId: 'updateFirmware',
  tags: ['Commands'],
  summary: 'Update firmware',
  description:
    'The charge point fetches the file by itself, after `retrieveDate`. The update is a job: its progress and its end come later, and GET /api/jobs/{jobId} shows them.',
  request: { params: ChargePointParams, body: body(UpdateFirmware, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

/** Firmware updates of charge points. */
export function firmwareRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(updateFirmwareRoute, async (c) => {
    const wish = c.req.valid('json')
    const { location, retrieveDate, installDate, signature, signingCertificate, retries, retryInterval } = wish
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const signed =
      signature === undefined || signingCertificate === undefined ? undefined : { signature, signingCertificate }
    const more = withDefined({ installDateMs: installDate, signed, retries, retryIntervalSeconds: retryInterval })
    const request = { location, retrieveDateMs: retrieveDate, ...more }
    return answerWithJob(
      deps,
      c,
      chargePoint,
      {
        kind: firmwareUpdate,
        commandOf: (version, requestId) => updateFirmwareCommand(version, { ...request, requestId }),
        isOfContract: true,
        startsAtMs: Math.max(retrieveDate, installDate ?? retrieveDate),
      },
      wish,
    )
  })

  return app
}
