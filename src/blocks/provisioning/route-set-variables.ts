// PUT /api/chargepoints/{chargePointId}/variables: sets variables. POST …/variables/read: asks for their values. The
// same for all versions; a request is split into messages as the charge point allows.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest } from '../../api/errors.ts'
import { ChargePointParams, oneOf } from '../../api/fields.ts'
import { jobErrorCodes, queueFields, queueJobs } from '../../api/jobs/job-command.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, requireConnected } from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { ownValue } from '../../base/own-value.ts'
import { jobQueueSecondsDefault, variablesPerRequestMax } from '../../base/limits.ts'
import { withDefined } from '../../base/with-defined.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import type { ChargePointRecord } from '../records.ts'
import { asksForAll } from './key-lists.ts'
import { unlimitedMessages } from './message-limits.ts'
import { messageLimits, sendAll, type Told, whyNothing } from './route-split.ts'
import { attributeTypes, ComponentName, named, nameView, placeOf, VariableNameBody } from './route-variable-views.ts'
import {
  notInVersion,
  readingCalls,
  settingCalls,
  type VariableResult,
  variablesActions,
  type VariableSetting,
  type WantedVariable,
} from './variable-commands.ts'
import { variablesSet } from './variables-job.ts'

const wanted = {
  component: ComponentName,
  variable: VariableNameBody,
  attributeType: oneOf('Attribute type', attributeTypes).optional().openapi({ description: 'Actual if left out.' }),
}

const listError = `Variables must be a list of 1 to ${variablesPerRequestMax} variables`

function listOf<T extends z.ZodType>(one: T) {
  return z
    .array(one, { error: listError })
    .min(1, { error: listError })
    .max(variablesPerRequestMax, { error: listError })
}

/** Longest value (2.0.1 SetVariableDataType allows 1,000 characters, 2.1 2,500). */
const valueCharactersMax = 2_500
const valueError = `Value is required; it must be a text of at most ${valueCharactersMax} characters`

const SetVariables = z
  .strictObject({
    variables: listOf(
      z.strictObject({
        ...wanted,
        value: z.string({ error: valueError }).max(valueCharactersMax, { error: valueError }),
      }),
    ),
    ...queueFields,
  })
  .openapi('SetVariables', {
    example: {
      variables: [
        { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' }, value: '300' },
        { component: { name: 'TxCtrlr' }, variable: { name: 'EVConnectionTimeOut' }, value: '60' },
      ],
    },
  })

const ReadVariables = z.strictObject({ variables: listOf(z.strictObject(wanted)) }).openapi('ReadVariables', {
  example: { variables: [{ component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }] },
})

const resultFields = {
  ...named,
  attributeType: z.string().openapi({ example: 'Actual' }),
  status: z.string().nullable().openapi({
    description: 'What the charge point answered; null: nothing about this variable, or it was not asked.',
    example: 'Accepted',
  }),
  message: z.string(),
}

const SettingResults = z
  .object({
    rebootRequired: z.boolean().openapi({ description: 'A value takes effect after a reboot only.' }),
    results: z.array(z.object(resultFields)).openapi({ description: 'In the order of the request.' }),
  })
  .openapi('VariablesSet')

const ReadResults = z
  .object({
    results: z
      .array(
        z.object({
          ...resultFields,
          value: z.string().nullable().openapi({ description: 'Null: there is none.', example: '300' }),
        }),
      )
      .openapi({ description: 'In the order of the request.' }),
  })
  .openapi('VariablesRead')

const QueuedSettings = z
  .object({
    status: z.literal('Queued'),
    message: z.string(),
    jobIds: z.array(z.int()).openapi({ example: [4711, 4712] }),
    expiresAt: Time,
  })
  .openapi('VariablesQueued')

const setRoute = routeFor('configuration:write', {
  method: 'put',
  path: '/api/chargepoints/{chargePointId}/variables',
  operationId: 'setVariables',
  tags: ['Configuration'],
  summary: 'Set variables',
  description:
    'SetVariables, or ChangeConfiguration of 1.6 for each. As many messages are sent as the charge point needs (ItemsPerMessage, BytesPerMessage). What it accepts is stored. With `queue: true` a charge point that is not connected gets them after its next boot, also one whose boot is Pending: as jobs of the kind `setVariables`.',
  request: { params: ChargePointParams, body: body(SetVariables, true) },
  responses: {
    200: json(SettingResults, 'What the charge point answered.'),
    202: json(QueuedSettings, 'Nothing was sent yet.'),
    ...errors(...jobErrorCodes),
  },
})

const readRoute = routeFor('configuration:read', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/variables/read',
  operationId: 'readVariables',
  tags: ['Configuration'],
  summary: 'Ask a charge point for values',
  description:
    'GetVariables, or GetConfiguration of 1.6. As many messages are sent as the charge point needs. What it answers is stored.',
  request: { params: ChargePointParams, body: body(ReadVariables, true) },
  responses: { 200: json(ReadResults, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

type Sent = z.infer<typeof ReadVariables>['variables'][number]

/** Reading and setting variables. */
export function settingRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(setRoute, async (c) => {
    const { variables, queue = false, expiresInSeconds = jobQueueSecondsDefault } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const settings = variables.map((one, index) => ({ ...wantedOf(one, index), value: one.value }))
    const view = deps.live.get(chargePoint)
    if (queue && view?.mayBeSent(variablesActions(view.version).setMessage) !== true) {
      const version = view?.version ?? chargePoint.ocppVersion
      const groups = await queuedTogether(deps, chargePoint, version, settings)
      const jobs = groups.map((group) => ({
        kind: variablesSet,
        commandOf: (of: OcppVersion) => commandOf(of, group),
        startsAtMs: null,
      }))
      const { jobIds, expiresAtMs } = await queueJobs(deps, c, chargePoint, jobs, expiresInSeconds)
      noteChange(c, { after: { jobIds } })
      const message = 'The values are set when the charge point has booted'
      return c.json({ status: 'Queued' as const, message, jobIds, expiresAt: isoTime(expiresAtMs) }, 202)
    }
    const { version } = await requireConnected(deps, chargePoint)
    requireInVersion(version, settings)
    const { setMessage } = variablesActions(version)
    const limits = await messageLimits(deps, chargePoint, version, setMessage)
    const results = await sendAll(deps, chargePoint, version, settingCalls(version, settings, limits))
    const shown = settings.map((one) => settingView(one, results))
    const rebootRequired = shown.some(({ status }) => status === 'RebootRequired')
    noteChange(c, { after: { results: shown.map(({ key, status }) => ({ key, status })) } })
    return c.json({ rebootRequired, results: shown }, 200)
  })

  app.openapi(readRoute, async (c) => {
    const { variables } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const asked = variables.map(wantedOf)
    const { version, treatment } = await requireConnected(deps, chargePoint)
    requireInVersion(version, asked)
    const isForAll = asksForAll(version, treatment)
    const { getMessage } = variablesActions(version)
    const limits = isForAll ? unlimitedMessages : await messageLimits(deps, chargePoint, version, getMessage)
    const calls = readingCalls(version, asked, limits, isForAll)
    const results = await sendAll(deps, chargePoint, version, calls)
    const shown = asked.map((one) => {
      const told = results.get(one.index)
      const value = told !== undefined && 'value' in told ? told.value : null
      return { ...resultView(one, results, readMessages), value: value ?? null }
    })
    return c.json({ results: shown }, 200)
  })

  return app
}

function wantedOf({ component, variable, attributeType }: Sent, index: number): WantedVariable {
  const name = { ...placeOf(component), variableName: variable.name, variableInstance: variable.instance ?? '' }
  return { name, index, ...withDefined({ attributeType }) }
}

/** @throws {StatorError} `BAD_REQUEST` for a variable that the version does not have. */
function requireInVersion(version: OcppVersion, wanted: readonly WantedVariable[]): void {
  const missing = notInVersion(version, wanted)
  if (missing === null) return
  const field = `variables[${missing.index}]`
  throw badRequest(field, `Field "${field}" ${missing.issue}`)
}

type Results = ReadonlyMap<number, Told<VariableResult>>

const setMessages: Readonly<Record<string, string>> = {
  Accepted: 'The value is set',
  RebootRequired: 'The value is set; it takes effect after a reboot',
  Rejected: 'The charge point rejected the value, or the variable is read-only',
  UnknownComponent: 'The charge point does not have this component',
  UnknownVariable: 'The charge point does not have this variable',
  NotSupportedAttributeType: 'The charge point does not have this attribute of the variable',
}

const readMessages: Readonly<Record<string, string>> = {
  Accepted: 'The charge point has told the value',
  Rejected: 'The charge point does not tell the value',
  UnknownComponent: 'The charge point does not have this component',
  UnknownVariable: 'The charge point does not have this variable',
  NotSupportedAttributeType: 'The charge point does not have this attribute of the variable',
}

function resultView({ name, attributeType, index }: WantedVariable, results: Results, messages: typeof setMessages) {
  const told = results.get(index)
  const status = told !== undefined && 'status' in told ? told.status : null
  const message = whyNothing(told) ?? ownValue(messages, status ?? '') ?? `The charge point answered ${status}`
  return { ...nameView(name), attributeType: attributeType ?? 'Actual', status, message }
}

function settingView(one: VariableSetting, results: Results) {
  return resultView(one, results, setMessages)
}

/**
 * The settings in groups, each a job: a charge point that last spoke 2.x gets as many in one message as it allows; one
 * that may speak 1.6 one by one.
 *
 * @throws {StatorError} `BAD_REQUEST` for a variable that its version does not have.
 */
async function queuedTogether(
  deps: ApiDeps,
  chargePoint: ChargePointRecord,
  version: OcppVersion | null,
  settings: readonly VariableSetting[],
): Promise<readonly (readonly VariableSetting[])[]> {
  if (version === null) return settings.map((one) => [one])
  requireInVersion(version, settings)
  const limits = await messageLimits(deps, chargePoint, version, variablesActions(version).setMessage)
  const byIndex = new Map(settings.map((one) => [one.index, one]))
  return settingCalls(version, settings, limits).map(({ indices }) =>
    indices.flatMap((index) => byIndex.get(index) ?? []),
  )
}

/** The one CALL that sets these variables; null: the version needs several, or does not have one of them. */
function commandOf(version: OcppVersion, settings: readonly VariableSetting[]) {
  if (notInVersion(version, settings) !== null) return null
  const [call, ...more] = settingCalls(version, settings, { itemsMax: settings.length, bytesMax: Infinity })
  return more.length > 0 ? null : (call?.command ?? null)
}
