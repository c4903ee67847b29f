// Monitors of the variables of a charge point of 2.x: PUT and GET /api/chargepoints/{chargePointId}/monitors,
// …/monitors/clear, …/monitoring-base, …/monitoring-level and …/monitoring-report.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { noteAnswer, noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, integer, oneOf } from '../../api/fields.ts'
import { answerWithJob, jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, CommandOutcome, requireConnected, sendForStatus } from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import { variablesPerRequestMax } from '../../base/limits.ts'
import { ownValue } from '../../base/own-value.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import { type Command, outcomeOf } from '../command.ts'
import { monitoringComponent } from '../provisioning/message-limits.ts'
import { reportedVariables, ReportedVariables } from '../provisioning/route-reports.ts'
import { messageLimits, sendAll, type Told, whyNothing } from '../provisioning/route-split.ts'
import { ComponentName, named, nameView, placeOf, VariableNameBody } from '../provisioning/route-variable-views.ts'
import type { ChargePointRecord } from '../records.ts'
import {
  monitoringBaseCommand,
  monitoringBases,
  monitoringCriteria,
  monitoringLevelCommand,
  monitoringReport,
  monitoringReportCommand,
} from './monitoring-jobs.ts'
import {
  clearingMonitors,
  type MonitorResult,
  type MonitorsCall,
  monitorTypes,
  settingMonitors,
  severityMax,
} from './monitors.ts'
import type { MonitorRecord } from './records.ts'

const severityError = `Severity must be an integer from 0 to ${severityMax}`
const Severity = z
  .int({ error: severityError })
  .min(0, { error: severityError })
  .max(severityMax, { error: severityError })
  .openapi({ description: 'From 0 (danger) to 9 (debug).', example: 3 })
const MonitorType = oneOf('Type', monitorTypes).openapi({ example: 'UpperThreshold' })
const MonitorId = integer('Monitor ID', 0)
const monitorsError = `Monitors must be a list of 1 to ${variablesPerRequestMax} monitors`
const idsError = `Ids must be a list of 1 to ${variablesPerRequestMax} ids of monitors`

const SetMonitors = z
  .strictObject({
    monitors: z
      .array(
        z.strictObject({
          component: ComponentName,
          variable: VariableNameBody,
          type: MonitorType,
          value: z.number({ error: 'Value is required; it must be a number' }).openapi({
            description: 'The threshold; the change; or the seconds of a period.',
            example: 80,
          }),
          severity: Severity,
          id: MonitorId.optional().openapi({ description: 'Of the monitor to replace; left out: a new one.' }),
          transaction: z
            .boolean({ error: 'Transaction must be true or false' })
            .optional()
            .openapi({ description: 'Only while there is a transaction.' }),
        }),
        { error: monitorsError },
      )
      .min(1, { error: monitorsError })
      .max(variablesPerRequestMax, { error: monitorsError }),
  })
  .openapi('SetMonitors', {
    example: {
      monitors: [
        {
          component: { name: 'EVSE', evse: { id: 1 } },
          variable: { name: 'Temperature' },
          type: 'UpperThreshold',
          value: 80,
          severity: 3,
        },
      ],
    },
  })

const ClearMonitors = z
  .strictObject({
    ids: z
      .array(MonitorId, { error: idsError })
      .min(1, { error: idsError })
      .max(variablesPerRequestMax, { error: idsError }),
  })
  .openapi('ClearMonitors', { example: { ids: [1, 2] } })

const status = z.string().nullable().openapi({
  description: 'What the charge point answered; null: nothing about this monitor, or it was not asked.',
  example: 'Accepted',
})

const MonitorsSet = z
  .object({
    results: z
      .array(
        z.object({
          ...named,
          type: z.string().openapi({ example: 'UpperThreshold' }),
          id: z.int().nullable().openapi({ description: 'That the charge point gave it.', example: 1 }),
          status,
          message: z.string(),
        }),
      )
      .openapi({ description: 'In the order of the request.' }),
  })
  .openapi('MonitorsSet')

const MonitorsCleared = z
  .object({
    results: z
      .array(z.object({ id: z.int().openapi({ example: 1 }), status, message: z.string() }))
      .openapi({ description: 'In the order of the request.' }),
  })
  .openapi('MonitorsCleared')

const tags = ['Monitoring']

const setRoute = routeFor('configuration:write', {
  method: 'put',
  path: '/api/chargepoints/{chargePointId}/monitors',
  operationId: 'setMonitors',
  tags,
  summary: 'Set monitors of variables',
  description:
    'SetVariableMonitoring of 2.x: the charge point then reports events (NotifyEvent), of which alerts are alarms: GET /api/alarms. As many messages are sent as the charge point needs. What it accepts is stored.',
  request: { params: ChargePointParams, body: body(SetMonitors, true) },
  responses: { 200: json(MonitorsSet, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const clearRoute = routeFor('configuration:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/monitors/clear',
  operationId: 'clearMonitors',
  tags,
  summary: 'Clear monitors',
  description: 'ClearVariableMonitoring of 2.x. As many messages are sent as the charge point needs.',
  request: { params: ChargePointParams, body: body(ClearMonitors, true) },
  responses: { 200: json(MonitorsCleared, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const Monitor = z
  .object({
    id: z.int().openapi({ example: 1 }),
    ...named,
    type: z.string().openapi({ example: 'UpperThreshold' }),
    value: z.number().openapi({ example: 80 }),
    severity: z.int().openapi({ example: 3 }),
    transaction: z.boolean().openapi({ description: 'Only while there is a transaction.' }),
    eventNotificationType: z.string().nullable().openapi({
      description: 'CustomMonitor, or what the charge point has by itself; null: not told.',
      example: 'CustomMonitor',
    }),
    generatedAt: Time.nullable().openapi({
      description: 'When the report was generated that had it; null: it was set, and not reported since.',
    }),
    updatedAt: Time,
  })
  .openapi('Monitor')

const listRoute = routeFor('configuration:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/monitors',
  operationId: 'listMonitors',
  tags,
  summary: 'The stored monitors of a charge point',
  description:
    'As it reported them (`POST …/monitoring-report`), and as they were set and cleared over REST since. By id.',
  request: { params: ChargePointParams, query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, monitors: z.array(Monitor) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

const baseRoute = routeFor('configuration:write', {
  method: 'put',
  path: '/api/chargepoints/{chargePointId}/monitoring-base',
  operationId: 'setMonitoringBase',
  tags,
  summary: 'Choose the monitors that a charge point has',
  description:
    'SetMonitoringBase of 2.x. All: those of the manufacturer, and those that were set. FactoryDefault and HardWiredOnly: those that were set are cleared. Have them reported then.',
  request: {
    params: ChargePointParams,
    body: body(
      z
        .strictObject({ monitoringBase: oneOf('Monitoring base', monitoringBases).openapi({ example: 'All' }) })
        .openapi('MonitoringBase'),
      true,
    ),
  },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const levelRoute = routeFor('configuration:write', {
  method: 'put',
  path: '/api/chargepoints/{chargePointId}/monitoring-level',
  operationId: 'setMonitoringLevel',
  tags,
  summary: 'Choose the severity down to which events are reported',
  description: 'SetMonitoringLevel of 2.x: events that are less severe are not reported.',
  request: {
    params: ChargePointParams,
    body: body(z.strictObject({ severity: Severity }).openapi('MonitoringLevel'), true),
  },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const MonitoringReport = z
  .strictObject({
    variables: ReportedVariables,
    criteria: z
      .array(oneOf('Criterion', monitoringCriteria), { error: 'Criteria must be a list of criteria' })
      .max(monitoringCriteria.length, { error: `Criteria must be no more than ${monitoringCriteria.length}` })
      .optional()
      .openapi({ description: 'Only monitors of these kinds.', example: ['ThresholdMonitoring'] }),
    ...queueFields,
  })
  .openapi('MonitoringReportRequest')

const reportRoute = routeFor('configuration:read', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/monitoring-report',
  operationId: 'requestMonitoringReport',
  tags,
  summary: 'Have the monitors reported',
  description:
    'GetMonitoringReport of 2.x: all monitors, or some. The report is a job: it ends with the last part of the report. GET …/monitors has what was reported.',
  request: { params: ChargePointParams, body: body(MonitoringReport, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

const setMessages: Readonly<Record<string, string>> = {
  Accepted: 'The monitor is set',
  UnknownComponent: 'The charge point does not have this component',
  UnknownVariable: 'The charge point does not have this variable',
  UnsupportedMonitorType: 'The charge point does not have such a monitor for this variable',
  Rejected: 'The charge point rejected the monitor',
  Duplicate: 'The variable has a monitor of this type and severity already',
}

const clearMessages: Readonly<Record<string, string>> = {
  Accepted: 'The monitor is cleared',
  Rejected: 'The charge point keeps the monitor',
  NotFound: 'The charge point has no such monitor',
}

/** Monitors of charge points. */
export function monitorRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(setRoute, async (c) => {
    const { monitors } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const wanted = monitors.map(({ component, variable, type, value, severity, id, transaction = false }) => ({
      name: { ...placeOf(component), variableName: variable.name, variableInstance: variable.instance ?? '' },
      ...{ type, value, severity, isOfTransaction: transaction },
      ...(id === undefined ? {} : { id }),
    }))
    const results = await sendSplit(deps, chargePoint, 'SetVariableMonitoring', (version, limits) =>
      settingMonitors(version, wanted, limits),
    )
    const shown = wanted.map(({ name, type }, index) => {
      const told = results.get(index)
      const id = told !== undefined && 'id' in told ? (told.id ?? null) : null
      return { ...nameView(name), type, id, ...resultView(told, setMessages) }
    })
    noteChange(c, { after: { results: shown.map(({ key, id, status }) => ({ key, id, status })) } })
    return c.json({ results: shown }, 200)
  })

  app.openapi(clearRoute, async (c) => {
    const { ids } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const results = await sendSplit(deps, chargePoint, 'ClearVariableMonitoring', (version, limits) =>
      clearingMonitors(version, ids, limits),
    )
    const shown = ids.map((id, index) => ({ id, ...resultView(results.get(index), clearMessages) }))
    noteChange(c, { after: { results: shown.map(({ id, status }) => ({ id, status })) } })
    return c.json({ results: shown }, 200)
  })

  app.openapi(listRoute, async (c) => {
    const page = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const listed = await deps.queries.monitorsOf(key, page)
    return c.json({ ...pageOf(listed, page), monitors: listed.items.map(monitorView) }, 200)
  })

  const sendOne = async (chargePoint: ChargePointRecord, commandOf: (version: OcppVersion) => Command | null) => {
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandOf(version)
    if (command === null) throw hasNone(version)
    return sendForStatus(deps, chargePoint, version, command)
  }

  app.openapi(baseRoute, async (c) => {
    const { monitoringBase } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const answered = await sendOne(chargePoint, (version) => monitoringBaseCommand[version](monitoringBase))
    noteAnswer(c, answered)
    return c.json(outcomeOf(answered, 'The charge point has these monitors now', 'monitoring base'), 200)
  })

  app.openapi(levelRoute, async (c) => {
    const { severity } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const answered = await sendOne(chargePoint, (version) => monitoringLevelCommand[version](severity))
    noteAnswer(c, answered)
    return c.json(outcomeOf(answered, 'The charge point reports events of this severity', 'monitoring level'), 200)
  })

  app.openapi(reportRoute, async (c) => {
    const wish = c.req.valid('json')
    const variables = reportedVariables(wish.variables ?? [])
    const { criteria = [] } = wish
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const wanted = {
      kind: monitoringReport,
      commandOf: (version: OcppVersion, requestId: number) =>
        monitoringReportCommand(version, { variables, criteria, requestId }),
      startsAtMs: null,
    }
    return answerWithJob(deps, c, chargePoint, wanted, wish)
  })

  return app
}

/** Sends a request in as many messages as the charge point needs. */
async function sendSplit(
  deps: ApiDeps,
  chargePoint: ChargePointRecord,
  message: string,
  callsOf: (version: OcppVersion, limits: Awaited<ReturnType<typeof messageLimits>>) => readonly MonitorsCall[] | null,
): Promise<ReadonlyMap<number, Told<MonitorResult>>> {
  const { version } = await requireConnected(deps, chargePoint)
  const limits = await messageLimits(deps, chargePoint, version, message, { component: monitoringComponent })
  const calls = callsOf(version, limits)
  if (calls === null) throw hasNone(version)
  return sendAll(deps, chargePoint, version, calls)
}

function hasNone(version: OcppVersion): StatorError {
  return new StatorError('CONFLICT', `OCPP ${version} has no monitors`)
}

function resultView(told: Told<MonitorResult> | undefined, messages: Readonly<Record<string, string>>) {
  const answered = told !== undefined && 'status' in told ? told.status : null
  const message = whyNothing(told) ?? ownValue(messages, answered ?? '') ?? `The charge point answered ${answered}`
  return { status: answered, message }
}

function monitorView(record: MonitorRecord): z.infer<typeof Monitor> {
  const { monitorId, type, value, severity, isOfTransaction, eventNotificationType, generatedAtMs } = record
  return {
    id: monitorId,
    ...nameView(record),
    type,
    value,
    severity,
    transaction: isOfTransaction,
    eventNotificationType,
    generatedAt: generatedAtMs === null ? null : isoTime(generatedAtMs),
    updatedAt: isoTime(record.updatedAtMs),
  }
}
