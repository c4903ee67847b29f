// POST /api/chargepoints/{chargePointId}/logs: a charge point uploads one of its logs.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, integer, oneOf, time } from '../../api/fields.ts'
import { answerWithJob, jobErrorCodes, jobResponses, queueFields, type WantedJob } from '../../api/jobs/job-command.ts'
import { periodOf } from '../../api/paging.ts'
import { badRequest } from '../../api/errors.ts'
import { body, errors } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { withDefined } from '../../base/with-defined.ts'
import { logCommand, logJobs, logTypes } from './log-job.ts'

const UploadLog = z
  .strictObject({
    type: oneOf('Type', logTypes).openapi({
      description: 'DataCollectorLog in 2.1 only.',
      example: 'DiagnosticsLog',
    }),
    location: z
      .url({
        error: 'Location must be a URL to which the charge point can upload the log',
      })
      .max(512, { error: 'Location must be no longer than 512 characters' })
      .optional()
      .openapi({
        description:
          'Left out: the charge point uploads it to Stator, if that has an upload server (Uploads.PublicUrl), and GET /api/jobs/{jobId}/file has it.',
        example: 'https://logs.example.com/CP001',
      }),
    from: time('From').optional().openapi({ description: 'Only what was logged then or later.' }),
    to: time('To').optional().openapi({ description: 'Only what was logged then or earlier.' }),
    retries: integer('Retries', 0).optional().openapi({ example: 3 }),
    retryInterval: integer('Retry interval', 0).optional().openapi({ description: 'Seconds.', example: 300 }),
    ...queueFields,
  })
  .openapi('UploadLog')

const uploadLogRoute = routeFor('command:diagnostics', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/logs',
  operationId: 'uploadLog',
  tags: ['Commands'],
  summary: 'Have a log uploaded',
  description:
    'GetLog, or GetDiagnostics for the diagnostics of 1.6. The upload is a job: its end comes later, and GET /api/jobs/{jobId} shows it, with the name of the file.',
  request: { params: ChargePointParams, body: body(UploadLog, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

/** Logs of charge points. */
export function diagnosticsRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(uploadLogRoute, async (c) => {
    const wish = c.req.valid('json')
    const { type, location, from, to, retries, retryInterval } = wish
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const more = withDefined({ retries, retryIntervalSeconds: retryInterval })
    const upload = location === undefined ? ownUpload(deps) : undefined
    const request = { type, location: location ?? upload?.url ?? '', ...periodOf(from, to), ...more }
    return answerWithJob(
      deps,
      c,
      chargePoint,
      {
        kind: logJobs[type],
        commandOf: (version, requestId) => logCommand(version, { ...request, requestId }),
        startsAtMs: null,
        ...withDefined({ upload }),
      },
      wish,
    )
  })

  return app
}

/** A URL of ours. @throws {StatorError} `BAD_REQUEST` if there is no upload server. */
function ownUpload({ newUploadUrl }: ApiDeps): NonNullable<WantedJob['upload']> {
  if (newUploadUrl !== null) return newUploadUrl()
  const message =
    'Location is required: this Stator has no upload server. Give a URL of yours, or set Uploads.PublicUrl and restart'
  throw badRequest('location', message)
}
