// /api/chargepoints/{chargePointId}/der-controls: controls of distributed energy resources.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { answerCommand, commandIn } from '../../api/answer-command.ts'
import { noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, object, oneOf, text } from '../../api/fields.ts'
import { answerWithJob, jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, CommandOutcome, requireConnected, sendForStatus } from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import type { Fact } from '../facts.ts'
import {
  clearDerCommand,
  derControlTypes,
  derOutcome,
  derReport,
  getDerCommand,
  setDerCommand,
} from './der-controls.ts'
import { derState, derStateMeanings } from './der-registry.ts'

const path = '/api/chargepoints/{chargePointId}/der-controls'
const tags = ['Smart charging']

const statesExplained = Object.entries(derStateMeanings)
  .map(([state, meaning]) => `\`${state}\`: ${meaning}`)
  .join('; ')

const controlId = text('Control ID', 36).openapi({ example: 'volt-var-1' })
const controlType = oneOf('Control type', derControlTypes).openapi({ example: 'VoltVar' })
const isDefault = z.boolean({ error: 'Is default must be true or false' }).openapi({
  description: 'true: a default, which counts while no scheduled control does.',
  example: false,
})

const setRoute = routeFor('charging:write', {
  method: 'post',
  path,
  operationId: 'setDerControl',
  tags,
  summary: 'Set a DER control',
  description:
    'SetDERControl of OCPP 2.1; older versions do not have it (409). A control of this id is replaced, and controls that this one supersedes are shown as such.',
  request: {
    params: ChargePointParams,
    body: body(
      z
        .strictObject({
          controlType,
          controlId: controlId.optional().openapi({ description: 'Left out: a new one.' }),
          isDefault: isDefault.default(false),
          control: object('Control').openapi({
            description:
              'The parameters of this type: of EnterService, FreqDroop, FixedPFAbsorb, FixedPFInject, FixedVar, Gradients and LimitMaxDischarge what SetDERControl calls the same, of all others a curve.',
          }),
        })
        .openapi('SetDerControl', {
          example: {
            controlType: 'LimitMaxDischarge',
            control: { priority: 0, pctMaxDischargePower: 50 },
          },
        }),
      true,
    ),
  },
  responses: {
    200: json(
      CommandOutcome.extend({ controlId: z.string().openapi({ example: 'volt-var-1' }) }).openapi('SetDerOutcome'),
      'What the charge point answered.',
    ),
    ...errors(...commandErrorCodes),
  },
})

const clearRoute = routeFor('charging:write', {
  method: 'post',
  path: `${path}/clear`,
  operationId: 'clearDerControls',
  tags,
  summary: 'Clear DER controls',
  description:
    'ClearDERControl: the one with `controlId`, or all defaults (`isDefault: true`) or scheduled ones (false), of one type or of all. Ids that Stator does not know reach the charge point, too.',
  request: {
    params: ChargePointParams,
    body: body(
      z
        .strictObject({ isDefault, controlType: controlType.optional(), controlId: controlId.optional() })
        .openapi('ClearDerControls', { example: { isDefault: false, controlType: 'VoltVar' } }),
      true,
    ),
  },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const Report = z
  .strictObject({
    isDefault: isDefault.optional(),
    controlType: controlType.optional(),
    controlId: controlId.optional(),
    ...queueFields,
  })
  .openapi('ReportDerControls', { example: { controlType: 'VoltVar' } })

const reportRoute = routeFor('charging:write', {
  method: 'post',
  path: `${path}/report`,
  operationId: 'reportDerControls',
  tags,
  summary: 'Have DER controls reported',
  description:
    'GetDERControl of OCPP 2.1; older versions do not have it (409). This is a job: it ends with the last part of the report (ReportDERControl). The list shows what was reported. Of a report about everything, what it lacks counts as cleared, unless a part of such a report was refused on this connection.',
  request: { params: ChargePointParams, body: body(Report, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

const DerControl = z
  .object({
    controlId: z.string().openapi({ description: 'As on the wire.', example: 'volt-var-1' }),
    state: z
      .enum(['accepted', 'started', 'stopped', 'superseded', 'cleared'])
      .openapi({ description: `${statesExplained}.`, example: 'started' }),
    controlType: z.string().openapi({ example: 'VoltVar' }),
    isDefault: z.boolean(),
    control: z.record(z.string(), z.unknown()).openapi({ description: 'Its parameters.', example: { priority: 0 } }),
    setAt: Time.nullable().openapi({ description: 'When the charge point accepted it; null: it reported it since.' }),
    reportedAt: Time.nullable(),
    startedAt: Time.nullable().openapi({ description: 'When the charge point last began to follow it, by its clock.' }),
    stoppedAt: Time.nullable().openapi({ description: 'When it last ceased to, by its clock.' }),
    supersededBy: z.string().nullable().openapi({ description: 'The control in its place.', example: null }),
  })
  .openapi('DerControl')

const listRoute = routeFor('charging:read', {
  method: 'get',
  path,
  operationId: 'listDerControls',
  tags,
  summary: 'List DER controls',
  description:
    'Those that the charge point has accepted, or reported, the newest first. Its alarms about them (NotifyDERAlarm) are among the alarms.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      controlType: oneOf('Control type', derControlTypes)
        .optional()
        .openapi({ param: { name: 'controlType', in: 'query' }, description: 'Only those of this type.' }),
      ...pageQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, derControls: z.array(DerControl) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** More clearings are not stored: one of each type, defaults and others. */
const everyClearing = { page: 1, pageSize: 2 * (derControlTypes.length + 1) }

/** DER controls. */
export function derControlRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(setRoute, async (c) => {
    const wanted = c.req.valid('json')
    const id = wanted.controlId ?? crypto.randomUUID()
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandIn(version, (spoken) => setDerCommand(spoken, { ...wanted, controlId: id }))
    const status = await sendForStatus(deps, chargePoint, version, command)
    noteChange(c, { after: { controlId: id, status } })
    return c.json({ ...derOutcome(status), controlId: id }, 200)
  })

  app.openapi(clearRoute, async (c) => {
    const criteria = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    return answerCommand(deps, c, chargePoint, (version) => clearDerCommand(version, criteria), derOutcome)
  })

  app.openapi(reportRoute, async (c) => {
    const wish = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const commandOf = (version: Parameters<typeof getDerCommand>[0], requestId: number) =>
      getDerCommand(version, { ...wish, requestId })
    return answerWithJob(deps, c, chargePoint, { kind: derReport, commandOf, startsAtMs: null }, wish)
  })

  app.openapi(listRoute, async (c) => {
    const { controlType: type, ...page } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const listed = await queries.factsOf('derControls', key, type === undefined ? {} : { controlType: type }, page)
    const ids = listed.items.map((one) => one.controlId)
    const [events, clearings] = await Promise.all([
      queries.factsAbout('derControlEvents', key, 'controlId', ids),
      queries.factsOf('derClearings', key, {}, everyClearing),
    ])
    const derControls = listed.items.map((one) =>
      controlView(
        one,
        events.filter((event) => event.controlId === one.controlId),
        clearings.items,
      ),
    )
    return c.json({ ...pageOf(listed, page), derControls }, 200)
  })

  return app
}

function controlView(
  control: Fact<'derControls'>,
  events: readonly Fact<'derControlEvents'>[],
  clearings: readonly Fact<'derClearings'>[],
): z.infer<typeof DerControl> {
  const { isReported, receivedAtMs } = control
  const state = derState(control, events, clearings)
  const last = (event: 'started' | 'stopped'): string | null => {
    const found = events.find((one) => one.event === event)
    return found === undefined ? null : isoTime(found.occurredAtMs ?? found.receivedAtMs)
  }
  return {
    controlId: control.controlId,
    state,
    controlType: control.controlType,
    isDefault: control.isDefault,
    control: { ...control.control },
    setAt: isReported ? null : isoTime(receivedAtMs),
    reportedAt: isReported ? isoTime(receivedAtMs) : null,
    startedAt: last('started'),
    stoppedAt: last('stopped'),
    supersededBy: state === 'superseded' ? (events.find(({ event }) => event === 'superseded')?.otherId ?? null) : null,
  }
}
