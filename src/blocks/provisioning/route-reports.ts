// POST /api/chargepoints/{chargePointId}/base-report and …/report: a charge point reports its device model, as a job.
// GET …/reports: which parts of its reports have come.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest } from '../../api/errors.ts'
import { ChargePointParams, oneOf } from '../../api/fields.ts'
import { answerWithJob, jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { isoTime } from '../../base/clock.ts'
import { reportedVariablesMax, reportsShownMax } from '../../base/limits.ts'
import type { ChargePointRecord } from '../records.ts'
import type { ReportRecord } from './records.ts'
import { messageLimits } from './route-split.ts'
import { missingParts, type PartRange, reportStatus } from './report-parts.ts'
import {
  baseReport,
  baseReportCommand,
  report,
  reportBases,
  reportCommand,
  reportCriteria,
  type ReportedVariable,
} from './report-jobs.ts'
import { ComponentName, placeOf, VariableNameBody } from './route-variable-views.ts'

const BaseReport = z
  .strictObject({
    reportBase: oneOf('Report base', reportBases).default('FullInventory').openapi({
      description:
        'FullInventory: everything. ConfigurationInventory: what operators can set. SummaryInventory: what is faulted or not available. In 1.6 there is one inventory, its configuration.',
      example: 'FullInventory',
    }),
    ...queueFields,
  })
  .openapi('BaseReport')

const baseReportRoute = routeFor('configuration:read', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/base-report',
  operationId: 'requestBaseReport',
  tags: ['Configuration'],
  summary: 'Have the device model reported',
  description:
    'GetBaseReport, or GetConfiguration of 1.6. The report is a job: it ends with the last part of the report, which GET /api/jobs/{jobId} shows; in 1.6 with the answer. GET …/variables has what was reported.',
  request: { params: ChargePointParams, body: body(BaseReport, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

const variablesError = `Variables must be a list of at most ${reportedVariablesMax} components and variables`

/** Components and variables that a report is to have. */
export const ReportedVariables = z
  .array(z.strictObject({ component: ComponentName, variable: VariableNameBody.optional() }), { error: variablesError })
  .max(reportedVariablesMax, { error: variablesError })
  .optional()
  .openapi({
    description: 'Only these variables; without `variable` all of the component. In 1.6 each must be a key.',
    example: [{ component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }],
  })

const Report = z
  .strictObject({
    variables: ReportedVariables,
    criteria: z
      .array(oneOf('Criterion', reportCriteria), { error: 'Criteria must be a list of criteria' })
      .max(reportCriteria.length, { error: `Criteria must be no more than ${reportCriteria.length}` })
      .optional()
      .openapi({ description: 'Only components in one of these states. Not in 1.6.', example: ['Problem'] }),
    ...queueFields,
  })
  .openapi('ReportRequest')

const reportRoute = routeFor('configuration:read', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/report',
  operationId: 'requestReport',
  tags: ['Configuration'],
  summary: 'Have a part of the device model reported',
  description: 'GetReport, or GetConfiguration of 1.6 with keys. The report is a job, as that of `POST …/base-report`.',
  request: { params: ChargePointParams, body: body(Report, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

const Range = z.object({ from: z.int().openapi({ example: 3 }), to: z.int().openapi({ example: 4 }) })

const DeviceReport = z
  .object({
    kind: z
      .enum(['variables', 'monitors', 'chargingProfiles', 'derControls', 'displayMessages', 'customerInformation'])
      .openapi({ description: 'What it is about.', example: 'variables' }),
    requestId: z.int().openapi({ description: 'Of the request; the job of it has the same.', example: 815 }),
    status: z.enum(['Receiving', 'PartsMissing', 'Complete']).openapi({
      description:
        'Receiving: the last part has not come. PartsMissing: it has, but not all before it. Complete: all have.',
      example: 'PartsMissing',
    }),
    lastSeqNo: z.int().nullable().openapi({ description: 'Of the last part; null: it has not come.', example: 6 }),
    missing: z.array(Range).openapi({ description: 'The numbers (seqNo) of parts that have not come.' }),
    generatedAt: Time.openapi({ description: 'Of its newest part, by the clock of the charge point.' }),
    beganAt: Time.openapi({ description: 'When its first part arrived.' }),
    updatedAt: Time.openapi({ description: 'When its last one arrived.' }),
  })
  .openapi('DeviceReport')

const reportsRoute = routeFor('configuration:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/reports',
  operationId: 'listReports',
  tags: ['Configuration'],
  summary: 'How far the reports of a charge point have come',
  description: `Reports in parts of a 2.x charge point, asked for or not; the newest ${reportsShownMax}. They are kept for as long as OCPP.JobDays says; what they reported stays.`,
  request: { params: ChargePointParams },
  responses: {
    200: json(z.object({ reports: z.array(DeviceReport) }), 'Those that were added to last first.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** Reports of charge points. */
export function reportRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(baseReportRoute, async (c) => {
    const wish = c.req.valid('json')
    const { reportBase } = wish
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const wanted = {
      kind: baseReport,
      commandOf: (version: Parameters<typeof baseReportCommand>[0], requestId: number) =>
        baseReportCommand(version, requestId, reportBase),
      startsAtMs: null,
    }
    return answerWithJob(deps, c, chargePoint, wanted, wish)
  })

  app.openapi(reportRoute, async (c) => {
    const wish = c.req.valid('json')
    const variables = reportedVariables(wish.variables ?? [])
    const criteria = wish.criteria ?? []
    if (variables.length + criteria.length === 0) {
      throw badRequest('variables', 'Give Variables or Criteria; `POST …/base-report` reports everything')
    }
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    await requireTaken(deps, chargePoint, variables.length)
    const wanted = {
      kind: report,
      commandOf: (version: Parameters<typeof reportCommand>[0], requestId: number) =>
        reportCommand(version, { variables, criteria, requestId }),
      startsAtMs: null,
    }
    return answerWithJob(deps, c, chargePoint, wanted, wish)
  })

  app.openapi(reportsRoute, async (c) => {
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const reports = await deps.queries.reportsOf(key)
    return c.json({ reports: reports.map(reportView) }, 200)
  })

  return app
}

/** A report is one message: @throws {StatorError} `BAD_REQUEST` if the charge point says that it takes fewer. */
async function requireTaken(deps: ApiDeps, chargePoint: ChargePointRecord, wanted: number): Promise<void> {
  const version = deps.live.get(chargePoint)?.version ?? chargePoint.ocppVersion
  if (version === null) return
  const unlimited = { itemsUnknown: reportedVariablesMax }
  const { itemsMax } = await messageLimits(deps, chargePoint, version, 'GetReport', unlimited)
  if (wanted > itemsMax)
    throw badRequest('variables', `Variables must be no more than ${itemsMax} for this charge point`)
}

/** The components and variables of a request as columns. */
export function reportedVariables(wanted: NonNullable<z.infer<typeof ReportedVariables>>): readonly ReportedVariable[] {
  return wanted.map(({ component, variable }) => ({
    ...placeOf(component),
    variableName: variable?.name ?? null,
    variableInstance: variable?.instance ?? '',
  }))
}

function reportView(record: ReportRecord): z.infer<typeof DeviceReport> {
  const { kind, requestId, lastSeqNo } = record
  return {
    kind,
    requestId,
    status: reportStatus(record),
    lastSeqNo,
    missing: missingParts(record).map(([from, to]: PartRange) => ({ from, to })),
    generatedAt: isoTime(record.generatedAtMs),
    beganAt: isoTime(record.beganAtMs),
    updatedAt: isoTime(record.updatedAtMs),
  }
}
