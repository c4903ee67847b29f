// POST /api/chargepoints/{chargePointId}/calls: any CALL of the charge point's own version, checked against its schema.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { callTimeoutSecondsMax } from '../base/limits.ts'
import { quirkTable } from '../ocpp/quirks.ts'
import { centralSystemActions, tables } from '../blocks/messages.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { findChargePoint } from './chargepoints.ts'
import { noteAnswer } from './audited.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { badRequest } from './errors.ts'
import { ChargePointParams, force, object, text } from './fields.ts'
import { body, errors, json, jsonText } from './responses.ts'
import { type CommandAnswer, commandErrorCodes, requireConnected, sendCommand } from './send-command.ts'
import { routeFor } from './route.ts'

const timeoutError = `Timeout must be a number of seconds, above 0 and at most ${callTimeoutSecondsMax}`

const Call = z
  .strictObject({
    action: text('Action', 50).openapi({
      description: 'One of the version that the charge point speaks.',
      enum: [...centralSystemActions],
      example: 'TriggerMessage',
    }),
    payload: object('Payload')
      .default({})
      .openapi({
        description: 'As in the specification of the version that the charge point speaks.',
        example: { requestedMessage: 'Heartbeat' },
      }),
    timeout: z
      .number({ error: timeoutError })
      .gt(0, { error: timeoutError })
      .max(callTimeoutSecondsMax, { error: timeoutError })
      .optional()
      .openapi({ description: 'Seconds to wait for the answer; OCPP.CallTimeout when left out.', example: 30 }),
    force,
  })
  .openapi('Call')

const CallResult = z
  .object({
    action: z.string().openapi({ example: 'TriggerMessage' }),
    status: z.string().nullable().openapi({
      description: 'The `status` of the answer; null for actions whose answer has none.',
      example: 'Accepted',
    }),
    payload: z.record(z.string(), z.unknown()).openapi({ example: { status: 'Accepted' } }),
    notes: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .openapi({
        description:
          'Where the answer breaks its schema, if the charge point is lenient; `payload` is the repaired answer.',
      }),
  })
  .openapi('CallResult')

const callRoute = routeFor('command:call', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/calls',
  operationId: 'sendCall',
  tags: ['Commands'],
  summary: 'Send any CALL',
  description: 'Every action that a central system may send, of the OCPP version that the charge point speaks.',
  request: { params: ChargePointParams, body: body(Call, true) },
  responses: {
    200: json(CallResult, 'What the charge point answered.'),
    ...errors(...commandErrorCodes),
  },
})

/** Routes that send any CALL of the specification. */
export function callRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(callRoute, async (c) => {
    const { action, payload, timeout, force: isForced } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    requireSendable(version, action)
    const command = { action, payload, fields: { '': 'payload' }, isForced }
    const answer = await sendCommand(
      deps,
      chargePoint,
      version,
      command,
      timeout === undefined ? undefined : timeout * 1_000,
    )
    const { status, text } = answer
    noteAnswer(c, status, JSON.stringify(payload))
    const notes = notesOf(answer)
    const more = notes.length === 0 ? {} : { notes }
    if (text === null) return c.json({ action, status, payload: { ...answer.payload }, ...more }, 200)
    // A long answer is passed on as text, without parsing.
    const rest = JSON.stringify({ action, status, ...more })
    return jsonText<z.infer<typeof CallResult>>(c, `${rest.slice(0, -1)},"payload":${text}}`)
  })

  return app
}

function notesOf({ problems, wasBrokenJson }: CommandAnswer): { path: string; message: string }[] {
  const notes = problems.map(({ path, message }) => ({ path, message }))
  return wasBrokenJson ? [{ path: '', message: quirkTable.brokenJson }, ...notes] : notes
}

function requireSendable(version: OcppVersion, action: string): void {
  const table = tables[version]
  const row = Object.hasOwn(table, action) ? table[action] : undefined
  if (row === undefined) throw badRequest('action', `Action '${action}' is not an action of OCPP ${version}`)
  if (row.direction === 'fromChargePoint') {
    throw badRequest('action', `Action '${action}' is one that charge points send; a central system cannot`)
  }
}
