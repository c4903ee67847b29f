// POST /api/chargepoints/{chargePointId}/customer-information: a charge point reports or forgets what it knows of a
// customer, as a job. GET and DELETE /api/jobs/{jobId}/customer-information: what it reported.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { scopeOf } from '../../api/access.ts'
import { noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { notFound } from '../../api/errors.ts'
import { ChargePointParams, integerText, object, text } from '../../api/fields.ts'
import { answerWithJob, jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { body, errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { storedIdTag } from '../../api/stored-id-tag.ts'
import { customerPartsMax, idTokenCharactersMax } from '../../base/limits.ts'
import type { JobRecord } from '../jobs/job.ts'
import { customerInformation, customerInformationCommand, type Customer, joinedParts } from './customer-information.ts'

const flag = (name: string) => z.boolean({ error: `${name} must be true or false` })

const CustomerInformation = z
  .strictObject({
    report: flag('Report').default(true).openapi({ description: 'It reports what it knows.' }),
    clear: flag('Clear').default(false).openapi({ description: 'It forgets what it knows, but for its local list.' }),
    idTag: text('ID tag', idTokenCharactersMax).optional().openapi({ description: 'The customer: by an id tag,' }),
    idTagType: text('ID tag type', 20)
      .optional()
      .openapi({ description: 'Its type. Left out: as it is stored, else Central.', example: 'ISO14443' }),
    customerIdentifier: text('Customer identifier', 64)
      .optional()
      .openapi({ description: 'or by an identifier of a vendor,' }),
    customerCertificate: object('Customer certificate')
      .optional()
      .openapi({ description: 'or by the hash data of a certificate, as CertificateHashDataType.' }),
    ...queueFields,
  })
  .refine(({ report, clear }) => report || clear, { error: 'The body must have report or clear, or both' })
  .refine(
    ({ idTag, customerIdentifier, customerCertificate }) =>
      [idTag, customerIdentifier, customerCertificate].filter((one) => one !== undefined).length === 1,
    { error: 'The body must have exactly one of idTag, customerIdentifier and customerCertificate' },
  )
  .openapi('CustomerInformation', { example: { report: true, clear: false, idTag: 'USER123' } })

const requestRoute = routeFor('command:customer', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/customer-information',
  operationId: 'requestCustomerInformation',
  tags: ['Commands'],
  summary: 'Have a customer reported or forgotten',
  description:
    'CustomerInformation of 2.x. It is a job, which ends with the last part of the report; GET /api/jobs/{jobId}/customer-information has the text. A charge point that is to clear only says with one part that it has.',
  request: { params: ChargePointParams, body: body(CustomerInformation, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

const JobParams = z.object({
  jobId: integerText('Job ID', 1, Number.MAX_SAFE_INTEGER).openapi({
    param: { name: 'jobId', in: 'path' },
    example: 4711,
  }),
})

const CustomerReport = z
  .object({
    status: z.enum(['Receiving', 'PartsMissing', 'Complete']).openapi({
      description: 'Whether all of it has come. PartsMissing: the last part has, but not all before it.',
      example: 'Complete',
    }),
    text: z.string().openapi({ description: 'What has come, in the order of the parts.' }),
    missing: z
      .array(z.object({ from: z.int().openapi({ example: 3 }), to: z.int().openapi({ example: 4 }) }))
      .openapi({ description: 'Numbers of parts that have not come.' }),
  })
  .openapi('CustomerReport')

const readRoute = routeFor('job:file', {
  method: 'get',
  path: '/api/jobs/{jobId}/customer-information',
  operationId: 'getCustomerInformation',
  tags: ['Jobs'],
  summary: 'What a charge point has reported of a customer',
  description: `At most ${customerPartsMax} parts. It is kept for as long as OCPP.EventDays says.`,
  request: { params: JobParams },
  responses: { 200: json(CustomerReport, 'The report.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

const deleteRoute = routeFor('command:customer', {
  method: 'delete',
  path: '/api/jobs/{jobId}/customer-information',
  operationId: 'deleteCustomerInformation',
  tags: ['Jobs'],
  summary: 'Delete what a charge point has reported of a customer',
  description: 'The message log has its frames until OCPP.MessageLogDays ends them.',
  request: { params: JobParams },
  responses: {
    200: json(z.object({ deleted: z.int().openapi({ description: 'Parts.', example: 3 }) }), 'It is deleted.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** What charge points know of customers. */
export function customerInformationRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(requestRoute, async (c) => {
    const wish = c.req.valid('json')
    const { report, clear } = wish
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const customer = await customerOf(deps, wish)
    return answerWithJob(
      deps,
      c,
      chargePoint,
      {
        kind: customerInformation,
        commandOf: (version, requestId) => customerInformationCommand(version, { customer, report, clear, requestId }),
        startsAtMs: null,
      },
      wish,
    )
  })

  app.openapi(readRoute, async (c) => {
    const job = foundJob(await queries.job(c.req.valid('param').jobId, scopeOf(c)), c.req.valid('param').jobId)
    const { status, text: joined, missing } = joinedParts(await queries.customerParts(job.jobId, customerPartsMax))
    return c.json({ status, text: joined, missing: missing.map(([from, to]) => ({ from, to })) }, 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const job = foundJob(await queries.job(c.req.valid('param').jobId, scopeOf(c)), c.req.valid('param').jobId)
    const deleted = await queries.deleteCustomerParts(job.jobId)
    noteChange(c, { after: { jobId: job.jobId, deleted } })
    return c.json({ deleted }, 200)
  })

  return app
}

function foundJob(job: JobRecord | null, jobId: number): JobRecord {
  if (job?.kind !== customerInformation.kind) throw notFound('Customer information of job', jobId)
  return job
}

/** @throws {StatorError} those of the look-up of the id tag. */
async function customerOf(
  { queries }: ApiDeps,
  { idTag, idTagType, customerIdentifier, customerCertificate }: z.infer<typeof CustomerInformation>,
): Promise<Customer> {
  if (customerIdentifier !== undefined) return { customerIdentifier }
  if (customerCertificate !== undefined) return { customerCertificate }
  const name = idTag ?? ''
  return { idTag: name, type: idTagType ?? (await storedIdTag(queries, name))?.type ?? null }
}
