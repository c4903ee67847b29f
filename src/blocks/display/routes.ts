// /api/chargepoints/{chargePointId}/display-messages: what the display of a charge point shows.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { commandIn } from '../../api/answer-command.ts'
import { noteAnswer, noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest, notFound } from '../../api/errors.ts'
import { ChargePointParams, integer, object, oneOf, text, time } from '../../api/fields.ts'
import { answerWithJob, jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { newWireId } from '../../api/new-wire-id.ts'
import { afterIdQuery, nextId } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import {
  commandErrorCodes,
  CommandOutcome,
  requireConnected,
  requireSendable,
  requireValid,
  sendForStatus,
} from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { nameOf } from '../../operators/principal.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import {
  clearMessageCommand,
  clearMessageOutcome,
  displayMessageReport,
  reportMessagesCommand,
  sentMessage,
  setMessageCommand,
  setMessageOutcome,
} from './commands.ts'
import { type DisplayMessageRecord, displayPriorities, displayState, displayStateMeanings } from './registry.ts'

const statesExplained = Object.entries(displayStateMeanings)
  .map(([state, meaning]) => `\`${state}\`: ${meaning}`)
  .join('; ')

const DisplayMessage = z
  .object({
    messageId: z.int().openapi({ description: 'As on the wire.', example: 4711 }),
    state: z
      .enum(['requested', 'rejected', 'scheduled', 'active', 'ended', 'expired', 'cleared'])
      .openapi({ description: `${statesExplained}.`, example: 'active' }),
    priority: z.string().openapi({ example: 'NormalCycle' }),
    transactionId: z.int().nullable().openapi({ description: 'The transaction that it is for.', example: null }),
    message: z
      .record(z.string(), z.unknown())
      .openapi({ description: 'As it was sent, or reported since (MessageInfoType).', example: { id: 4711 } }),
    status: z.string().nullable().openapi({ description: 'What the charge point answered.', example: 'Accepted' }),
    setAt: Time.nullable().openapi({ description: 'null: no operator set it.' }),
    setBy: z.string().nullable().openapi({ description: "Name of the operator's key.", example: 'admin' }),
    clearedAt: Time.nullable(),
    reportedAt: Time.nullable().openapi({ description: 'When the charge point last reported it.' }),
  })
  .openapi('DisplayMessage')

const messageId = integer('Message ID', 1).openapi({ example: 4711 })
const shownIn = text('State', 20).openapi({
  description: 'MessageStateEnumType: Charging, Faulted, Idle or Unavailable; OCPP 2.1 also Suspended or Discharging.',
  example: 'Idle',
})
const content = object('Message').openapi({
  description: 'MessageContentType.',
  example: { format: 'UTF8', language: 'en', content: 'Closed on Sunday' },
})

const SetMessage = z
  .strictObject({
    messageId: messageId.optional().openapi({ description: 'Left out: a new one. One that exists is replaced.' }),
    priority: oneOf('Priority', displayPriorities).default('NormalCycle').openapi({
      description: 'AlwaysFront: it replaces the message that was always in front before.',
    }),
    message: content,
    messageExtra: z
      .array(content, { error: 'Further messages must be a list' })
      .min(1, { error: 'Further messages must have at least one' })
      .max(4, { error: 'Further messages must be at most 4' })
      .optional()
      .openapi({ description: 'OCPP 2.1: the same in other languages.' }),
    state: shownIn.optional().openapi({ description: 'Only while the charge point is in this state.' }),
    startsAt: time('Starts at').optional(),
    endsAt: time('Ends at').optional(),
    transactionId: integer('Transaction ID', 1).optional().openapi({
      description: 'It is shown while this transaction lasts: the number that Stator gave it.',
      example: 12345,
    }),
    display: object('Display')
      .optional()
      .openapi({
        description: 'ComponentType: the display, if there are several.',
        example: { name: 'Display', evse: { id: 1 } },
      }),
  })
  .openapi('SetDisplayMessage')

const SetOutcome = CommandOutcome.extend({ messageId: z.int().openapi({ example: 4711 }) }).openapi(
  'SetDisplayMessageOutcome',
)

const Clear = z.strictObject({ messageId }).openapi('ClearDisplayMessage', { example: { messageId: 4711 } })

const Report = z
  .strictObject({
    messageIds: z
      .array(messageId, { error: 'Message IDs must be a list' })
      .min(1, { error: 'Message IDs must have at least one' })
      .max(100, { error: 'Message IDs must be at most 100' })
      .optional(),
    priority: oneOf('Priority', displayPriorities).optional(),
    state: shownIn.optional(),
    ...queueFields,
  })
  .openapi('ReportDisplayMessages', { example: { priority: 'AlwaysFront' } })

const path = '/api/chargepoints/{chargePointId}/display-messages'
const tags = ['Display messages']

const setRoute = routeFor('display:write', {
  method: 'post',
  path,
  operationId: 'setDisplayMessage',
  tags,
  summary: 'Show a message',
  description:
    'SetDisplayMessage of OCPP 2.x; 1.6 does not have it (409). The message is stored with what becomes of it. One of a transaction needs a transaction that is open.',
  request: { params: ChargePointParams, body: body(SetMessage, true) },
  responses: { 200: json(SetOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const clearRoute = routeFor('display:write', {
  method: 'post',
  path: `${path}/clear`,
  operationId: 'clearDisplayMessage',
  tags,
  summary: 'Clear a message',
  description: 'ClearDisplayMessage of OCPP 2.x. Ids that Stator does not know reach the charge point, too.',
  request: { params: ChargePointParams, body: body(Clear, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const reportRoute = routeFor('display:write', {
  method: 'post',
  path: `${path}/report`,
  operationId: 'reportDisplayMessages',
  tags,
  summary: 'Have messages reported',
  description:
    'GetDisplayMessages of OCPP 2.x; 1.6 does not have it (409). Without criteria: all of them. This is a job: it ends with the last part of the report. The list shows what was reported.',
  request: { params: ChargePointParams, body: body(Report, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

const listRoute = routeFor('display:read', {
  method: 'get',
  path,
  operationId: 'listDisplayMessages',
  tags,
  summary: 'List messages',
  description: 'Those that were set over this API, and those that the charge point has reported, by id.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      ...afterIdQuery,
    }),
  },
  responses: {
    200: json(
      z.object({
        displayMessages: z.array(DisplayMessage),
        next: nextId,
      }),
      'A page of them.',
    ),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** Display messages. */
export function displayRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, clock } = deps
  const app = apiApp()

  app.openapi(setRoute, async (c) => {
    const { transactionId, startsAt, endsAt, ...wanted } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { key } = chargePoint
    const transaction =
      transactionId === undefined ? null : await queries.transaction(transactionId, { chargePointKey: key })
    if (transactionId !== undefined && transaction === null) throw notFound('Transaction', transactionId)
    if (transaction?.open === false) throw badRequest('transactionId', `Transaction '${transactionId}' has stopped`)
    if (startsAt !== undefined && endsAt !== undefined && endsAt <= startsAt) {
      throw badRequest('endsAt', 'Ends at must be after starts at')
    }
    const messageIdOnWire = wanted.messageId ?? newWireId()
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandIn(version, (spoken) =>
      setMessageCommand(spoken, {
        ...wanted,
        messageId: messageIdOnWire,
        startDateTime: startsAt === undefined ? undefined : isoTime(startsAt),
        endDateTime: endsAt === undefined ? undefined : isoTime(endsAt),
        stationTransactionId: transaction?.stationTransactionId ?? transactionId?.toString(),
      }),
    )
    requireSendable(deps, chargePoint, command.action)
    requireValid(version, command)

    const made = { chargePointKey: key, messageId: messageIdOnWire }
    const times = { startsAtMs: startsAt ?? null, endsAtMs: endsAt ?? null, setAtMs: clock.nowMs() }
    const facts = { priority: wanted.priority, transactionId: transactionId ?? null, message: sentMessage(command) }
    await queries.storeDisplayMessage({ ...made, ...facts, ...times, setBy: nameOf(c.get('principal')) })
    noteChange(c, { after: { messageId: messageIdOnWire } })
    const status = await sendForStatus(deps, chargePoint, version, command)
    await queries.answerDisplayMessage(made, status, clock.nowMs())
    noteChange(c, { after: { messageId: messageIdOnWire, status } })
    return c.json({ ...setMessageOutcome(status), messageId: messageIdOnWire }, 200)
  })

  app.openapi(clearRoute, async (c) => {
    const { messageId: cleared } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandIn(version, (spoken) => clearMessageCommand(spoken, cleared))
    const status = await sendForStatus(deps, chargePoint, version, command)
    noteAnswer(c, status)
    // Unknown: the charge point does not have it.
    if (status === 'Accepted' || status === 'Unknown') {
      await queries.clearDisplayMessage(chargePoint.key, cleared, clock.nowMs())
    }
    return c.json(clearMessageOutcome(status), 200)
  })

  app.openapi(reportRoute, async (c) => {
    const wish = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const commandOf = (version: OcppVersion, requestId: number) =>
      reportMessagesCommand(version, { ...wish, requestId })
    return answerWithJob(deps, c, chargePoint, { kind: displayMessageReport, commandOf, startsAtMs: null }, wish)
  })

  app.openapi(listRoute, async (c) => {
    const { after, pageSize } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const found = await queries.displayMessagesOf(key, after ?? null, pageSize + 1)
    const shown = found.slice(0, pageSize)
    const next = found.length > pageSize ? (shown.at(-1)?.messageId ?? null) : null
    return c.json({ displayMessages: shown.map((one) => messageView(one, clock.nowMs())), next }, 200)
  })

  return app
}

function messageView(record: DisplayMessageRecord, nowMs: number): z.infer<typeof DisplayMessage> {
  const { messageId: id, priority, transactionId, message, status, setBy } = record
  const shown = (atMs: number | null): string | null => (atMs === null ? null : isoTime(atMs))
  return {
    messageId: id,
    state: displayState(record, nowMs),
    priority,
    transactionId,
    message: { ...message },
    status,
    setAt: shown(record.setAtMs),
    setBy,
    clearedAt: shown(record.clearedAtMs),
    reportedAt: shown(record.reportedAtMs),
  }
}
