// /api/chargepoints/{chargePointId}/configuration (configuration keys of 1.6, and the device model of 2.x with the same
// field names) and …/reset.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { configurationKeysMax, pageSizeMax } from '../../base/limits.ts'
import {
  changeConfigurationCommand,
  changeConfigurationOutcome,
  configurationOf,
  configurationOfVariables,
  getConfigurationCommand,
  isReported,
  onlyKeys,
} from './configuration-commands.ts'
import type { Configuration, ConfigurationKey } from './configuration-commands.ts'
import { asksForAll } from './key-lists.ts'
import { messageLimits } from './route-split.ts'
import { variablesActions } from './variable-commands.ts'
import { standardKeys2x } from './variable-name.ts'
import { resetCommand, resetOutcome, resetTypes } from './reset-command.ts'
import type { VariableRecord } from './records.ts'
import type { ChargePointRecord } from '../records.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import { answerCommand } from '../../api/answer-command.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import { noteAnswer } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest } from '../../api/errors.ts'
import { ChargePointParams, integer, oneOf, text, textPattern } from '../../api/fields.ts'
import { body, errors, json } from '../../api/responses.ts'
import {
  commandErrorCodes,
  CommandOutcome,
  invalidAnswer,
  requireConnected,
  sendCommand,
} from '../../api/send-command.ts'
import { routeFor } from '../../api/route.ts'

const keyCharactersMax = 500
const key = text('Key', keyCharactersMax)

const ConfigurationAnswer = z
  .object({
    configurationKey: z.array(
      z.object({
        key: z.string().openapi({ example: 'HeartbeatInterval' }),
        readonly: z.boolean(),
        value: z
          .string()
          .optional()
          .openapi({ description: 'Missing if the charge point does not send it.', example: '300' }),
      }),
    ),
    unknownKey: z
      .array(z.string())
      .optional()
      .openapi({ description: 'Requested keys that the charge point does not know.' }),
  })
  .openapi('Configuration')

const ChangeConfiguration = z
  .strictObject({
    key: key.openapi({ example: 'HeartbeatInterval' }),
    value: z
      .string({
        error: (issue) => (issue.input === undefined ? 'Value is required; it must be a text' : 'Value must be a text'),
      })
      .openapi({ example: '600' }),
  })
  .openapi('ChangeConfiguration')

const ChangeOutcome = z.object({ status: z.string(), message: z.string() }).openapi('ChangeOutcome', {
  example: { status: 'Accepted', message: 'Configuration updated successfully' },
})

const keyForms =
  'OCPP 2.x: a key is `Component.Variable`, or `Component[instance]@evse/connector.Variable[instance]`. Standard keys of 1.6 that still exist in 2.x work, too.'

const readErrorCodes = [
  'BAD_REQUEST',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'REFUSED_BY_PROFILE',
  'NOT_CONNECTED',
  'CONNECTED_ELSEWHERE',
  'CALL_ERROR',
  'CALL_ANSWER_INVALID',
  'CALL_TIMEOUT',
  'CALL_QUEUE_FULL',
] as const
const readErrors = errors(...readErrorCodes)
const changeErrors = errors(...commandErrorCodes)

const getRoute = routeFor('configuration:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/configuration',
  operationId: 'getConfiguration',
  tags: ['Configuration'],
  summary: 'Get configuration',
  description: `OCPP 1.6: asks the charge point. OCPP 2.x: without keys, returns the last reported device model; if there is none, asks the charge point for the standard variables. With keys, asks the charge point. ${keyForms}`,
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      key: z
        .union([key, z.array(key)], { error: `Key must be a text of 1 to ${keyCharactersMax} characters` })
        .optional()
        .openapi({
          param: { name: 'key', in: 'query' },
          type: 'array',
          items: { type: 'string', minLength: 1, maxLength: keyCharactersMax, pattern: textPattern },
          description: 'Only this key. Repeat it for several keys. Some charge points mishandle lists of keys.',
        }),
    }),
  },
  responses: { 200: json(ConfigurationAnswer, 'The configuration.'), ...readErrors },
})

const changeRoute = routeFor('configuration:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/configuration',
  operationId: 'changeConfiguration',
  tags: ['Configuration'],
  summary: 'Change configuration',
  description: `${keyForms} AuthorizationKey is the password of the charge point: once it has accepted a new password, it can only connect with that one.`,
  request: { params: ChargePointParams, body: body(ChangeConfiguration, true) },
  responses: { 200: json(ChangeOutcome, 'What the charge point answered.'), ...changeErrors },
})

const Reset = z
  .strictObject({
    type: oneOf('Type', resetTypes).openapi({ example: 'Soft' }),
    evseId: integer('EVSE ID', 1).optional().openapi({ description: 'OCPP 2.x: reset this EVSE only.' }),
  })
  .openapi('Reset', { example: { type: 'Soft' } })

const resetRoute = routeFor('command:reset', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/reset',
  operationId: 'resetChargePoint',
  tags: ['Commands'],
  summary: 'Reset charge point',
  description:
    'Soft and OnIdle are the same, and so are Hard and Immediate: OCPP 1.6 gets the first word, 2.x the second. OnIdle waits until nothing is charging. ImmediateAndResume of 2.1 continues transactions after the reset. What the version does not have is refused with 409.',
  request: { params: ChargePointParams, body: body(Reset, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...changeErrors },
})

/** The configuration of a charge point, and its reset. */
export function provisioningRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(getRoute, async (c) => {
    const asked = c.req.valid('query').key ?? []
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const found = await getConfiguration(deps, chargePoint, typeof asked === 'string' ? [asked] : asked)
    const { configurationKey, unknownKey } = found
    return c.json(
      { configurationKey: [...configurationKey], ...(unknownKey.length === 0 ? {} : { unknownKey: [...unknownKey] }) },
      200,
    )
  })

  app.openapi(changeRoute, async (c) => {
    const { key: changed, value } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = changeConfigurationCommand(version, changed, value)
    if (command === null) throw badKey(changed)
    const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
    const outcome = changeConfigurationOutcome(version, payload)
    if (outcome === null) throw invalidAnswer(command.action, payload, problems)
    noteAnswer(c, outcome.status, value)
    return c.json(outcome, 200)
  })

  app.openapi(resetRoute, async (c) => {
    const reset = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    return answerCommand(deps, c, chargePoint, (version) => resetCommand(version, reset), resetOutcome)
  })

  return app
}

async function getConfiguration(
  deps: ApiDeps,
  chargePoint: ChargePointRecord,
  keys: readonly string[],
): Promise<Configuration> {
  const version = deps.live.get(chargePoint)?.version ?? chargePoint.ocppVersion
  const stored = version !== null && isReported[version] ? await storedVariables(deps, chargePoint.key) : []
  const reported = configurationOfVariables(stored)
  // Answers about some variables are no report.
  if (keys.length === 0 && stored.some((variable) => variable.isReported))
    return { configurationKey: reported, unknownKey: [] }

  const live = await requireConnected(deps, chargePoint)
  if (!isReported[live.version] || keys.length > 0) return ask(deps, chargePoint, live.version, keys, reported)
  // It never reported its device model, so ask for the standard variables.
  const { configurationKey } = await ask(deps, chargePoint, live.version, standardKeys2x, [])
  return { configurationKey, unknownKey: [] }
}

async function ask(
  deps: ApiDeps,
  chargePoint: ChargePointRecord,
  version: OcppVersion,
  keys: readonly string[],
  reported: readonly ConfigurationKey[],
): Promise<Configuration> {
  // All keys come with one answer.
  if (keys.length > 0 && asksForAll(version, deps.live.get(chargePoint)?.treatment)) {
    return onlyKeys(keys, await ask(deps, chargePoint, version, [], reported))
  }
  const size = keys.length > 1 ? await keysPerCall(deps, chargePoint, version) : 1
  const configurationKey: ConfigurationKey[] = []
  const unknownKey: string[] = []
  for (let from = 0; from === 0 || from < keys.length; from += size) {
    const some = keys.slice(from, from + size)
    const command = getConfigurationCommand(version, some)
    if ('badKey' in command) throw badKey(command.badKey)
    const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
    const found = configurationOf(version, some, payload, reported)
    if (found === null) throw invalidAnswer(command.action, payload, problems)
    configurationKey.push(...found.configurationKey)
    unknownKey.push(...found.unknownKey)
  }
  return { configurationKey, unknownKey }
}

function badKey(key: string) {
  return badRequest(
    'key',
    `Key '${key}' must have the form Component.Variable, such as OCPPCommCtrlr.HeartbeatInterval, because the charge point speaks OCPP 2.x`,
  )
}

async function storedVariables({ queries }: ApiDeps, chargePointKey: number): Promise<VariableRecord[]> {
  const stored: VariableRecord[] = []
  for (let page = 1; stored.length < configurationKeysMax; page++) {
    const { items } = await queries.variablesOf({ chargePointKey }, { page, pageSize: pageSizeMax })
    stored.push(...items)
    if (items.length < pageSizeMax) break
  }
  return stored
}

async function keysPerCall(deps: ApiDeps, chargePoint: ChargePointRecord, version: OcppVersion): Promise<number> {
  const { getMessage } = variablesActions(version)
  return (await messageLimits(deps, chargePoint, version, getMessage)).itemsMax
}
