// /api/chargepoints/{chargePointId}/tariffs: the tariffs by which a charge point of 2.1 computes costs itself.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { type CommandOf, commandIn } from '../../api/answer-command.ts'
import { noteAnswer, noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest, notFound } from '../../api/errors.ts'
import { ChargePointParams, integer, text } from '../../api/fields.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import {
  commandErrorCodes,
  CommandOutcome,
  invalidAnswer,
  requireConnected,
  requireSendable,
  requireValid,
  sendCommand,
  sendForStatus,
} from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { nameOf } from '../../operators/principal.ts'
import { statusOf } from '../command.ts'
import type { ChargePointRecord } from '../records.ts'
import {
  assignmentsOf,
  changeTariffCommand,
  clearedTariffs,
  clearTariffsCommand,
  getTariffsCommand,
  noLongerThere,
  setDefaultTariffCommand,
  tariffOutcome,
} from './commands.ts'
import type { TariffAssignment } from './cost-records.ts'
import { type ReportedTariffsRecord, type StationTariffRecord, tariffState, tariffStateMeanings } from './registry.ts'
import { tariffBody } from './route-fields.ts'

const statesExplained = Object.entries(tariffStateMeanings)
  .map(([state, meaning]) => `\`${state}\`: ${meaning}`)
  .join('; ')

const evseOrAll = integer('EVSE ID', 0).openapi({ description: '0: all EVSEs.', example: 1 })
const tariffIdLength = 60

const SetDefault = z.strictObject({ evseId: evseOrAll.default(0), tariff: tariffBody }).openapi('SetDefaultTariff')

const Change = z
  .strictObject({
    transactionId: integer('Transaction ID', 1).openapi({
      description: 'The number that Stator gave the transaction. It is open.',
      example: 12345,
    }),
    tariff: tariffBody,
  })
  .openapi('ChangeTransactionTariff')

const Clear = z
  .strictObject({
    tariffIds: z
      .array(text('Tariff ID', tariffIdLength), { error: 'Tariff IDs must be a list' })
      .min(1, { error: 'Tariff IDs must have at least one' })
      .max(100, { error: 'Tariff IDs must be at most 100' })
      .optional(),
    evseId: evseOrAll.optional(),
  })
  .openapi('ClearTariffs', { example: { tariffIds: ['day-2025'] } })

const Ask = z.strictObject({ evseId: evseOrAll.default(0) }).openapi('GetTariffs', { example: { evseId: 0 } })

const Assignment = z
  .object({
    tariffId: z.string().openapi({ example: 'day-2025' }),
    tariffKind: z.string().openapi({ example: 'DefaultTariff' }),
    validFrom: z.string().nullable(),
    evseIds: z.array(z.int()).openapi({ example: [1] }),
    idTokens: z.array(z.string()).openapi({ description: 'Of a DriverTariff.', example: [] }),
  })
  .openapi('TariffAssignment')

const AskOutcome = CommandOutcome.extend({ tariffs: z.array(Assignment) }).openapi('GetTariffsOutcome')

const ClearOutcome = z
  .object({
    results: z.array(
      z.object({
        tariffId: z.string().nullable().openapi({ description: 'null: the charge point names none.' }),
        status: z.string().openapi({ example: 'Accepted' }),
        message: z.string(),
      }),
    ),
  })
  .openapi('ClearTariffsOutcome')

const Tariffs = z
  .object({
    tariffs: z
      .array(
        z.object({
          tariffId: z.string().openapi({ example: 'day-2025' }),
          state: z
            .enum(['requested', 'rejected', 'scheduled', 'active', 'gone', 'ended', 'cleared'])
            .openapi({ description: `${statesExplained}.`, example: 'active' }),
          evseId: z.int().openapi({ description: '0: all EVSEs.', example: 0 }),
          transactionId: z.int().nullable().openapi({ description: 'null: a default tariff.', example: null }),
          tariff: z.record(z.string(), z.unknown()).openapi({ example: { tariffId: 'day-2025', currency: 'EUR' } }),
          status: z
            .string()
            .nullable()
            .openapi({ description: 'What the charge point answered.', example: 'Accepted' }),
          setAt: Time,
          setBy: z.string().openapi({ example: 'admin' }),
          clearedAt: Time.nullable(),
        }),
      )
      .openapi({ description: 'Those that were set over this API, the newest 1,000, newest first.' }),
    reported: z
      .array(
        z.object({
          evseId: z.int().openapi({ description: 'The EVSE that was asked about; 0: all.', example: 0 }),
          at: Time,
          tariffs: z.array(Assignment),
        }),
      )
      .openapi({ description: 'What the charge point answered last to GetTariffs.' }),
  })
  .openapi('StationTariffs')

const path = '/api/chargepoints/{chargePointId}/tariffs'
const tags = ['Tariffs']
const only21 = 'OCPP 2.1; older versions do not have it (409).'

const setRoute = routeFor('tariff:write', {
  method: 'post',
  path,
  operationId: 'setDefaultTariff',
  tags,
  summary: 'Set a default tariff',
  description: `SetDefaultTariff of ${only21} The tariff is stored with what becomes of it.`,
  request: { params: ChargePointParams, body: body(SetDefault, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const changeRoute = routeFor('tariff:write', {
  method: 'post',
  path: `${path}/change-transaction`,
  operationId: 'changeTransactionTariff',
  tags,
  summary: 'Change the tariff of a transaction',
  description: `ChangeTransactionTariff of ${only21}`,
  request: { params: ChargePointParams, body: body(Change, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const clearRoute = routeFor('tariff:write', {
  method: 'post',
  path: `${path}/clear`,
  operationId: 'clearTariffs',
  tags,
  summary: 'Clear default tariffs',
  description: `ClearTariffs of ${only21} Without criteria: all default tariffs. Ids that Stator does not know reach the charge point, too.`,
  request: { params: ChargePointParams, body: body(Clear, true) },
  responses: { 200: json(ClearOutcome, 'What became of each tariff.'), ...errors(...commandErrorCodes) },
})

const askRoute = routeFor('tariff:write', {
  method: 'post',
  path: `${path}/report`,
  operationId: 'reportTariffs',
  tags,
  summary: 'Ask for tariffs',
  description: `GetTariffs of ${only21} The answer is stored.`,
  request: { params: ChargePointParams, body: body(Ask, true) },
  responses: { 200: json(AskOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const listRoute = routeFor('tariff:read', {
  method: 'get',
  path,
  operationId: 'listTariffs',
  tags,
  summary: 'List tariffs',
  description: 'Nothing is sent.',
  request: { params: ChargePointParams },
  responses: { 200: json(Tariffs, 'The tariffs.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
})

/** Tariffs that charge points have. */
export function tariffRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, clock } = deps
  const app = apiApp()

  /** Stores a tariff, sends it, and stores what was answered. */
  const send = async (
    c: Context<ApiEnv>,
    chargePoint: ChargePointRecord,
    tariff: Readonly<Record<string, unknown>>,
    place: { readonly evseId: number; readonly transactionId: number },
    commandOf: CommandOf,
  ) => {
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandIn(version, commandOf)
    requireSendable(deps, chargePoint, command.action)
    requireValid(version, command)
    const { tariffId, validFrom } = tariff
    if (typeof tariffId !== 'string') throw badRequest('tariff.tariffId', 'Field "tariff.tariffId" must be a text')
    const nowMs = clock.nowMs()
    const setBy = nameOf(c.get('principal'))
    const made = { chargePointKey: chargePoint.key, tariffId, ...place, tariff, setAtMs: nowMs, setBy }
    await queries.storeStationTariff(made)
    noteChange(c, { after: { tariffId, evseId: place.evseId } })
    const status = await sendForStatus(deps, chargePoint, version, command)
    const isLater = typeof validFrom === 'string' && Date.parse(validFrom) > nowMs
    await queries.answerStationTariff(made, status, !isLater, clock.nowMs())
    noteChange(c, { after: { tariffId, evseId: place.evseId, status } })
    return c.json(tariffOutcome(status), 200)
  }

  app.openapi(setRoute, async (c) => {
    const { evseId, tariff } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const place = { evseId, transactionId: 0 }
    return send(c, chargePoint, tariff, place, (version) => setDefaultTariffCommand(version, evseId, tariff))
  })

  app.openapi(changeRoute, async (c) => {
    const { transactionId, tariff } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const transaction = await queries.transaction(transactionId, { chargePointKey: chargePoint.key })
    if (transaction === null) throw notFound('Transaction', transactionId)
    if (!transaction.open) throw badRequest('transactionId', `Transaction '${transactionId}' has stopped`)
    const station = transaction.stationTransactionId ?? transactionId.toString()
    const place = { evseId: transaction.evseId, transactionId }
    return send(c, chargePoint, tariff, place, (version) => changeTariffCommand(version, station, tariff))
  })

  app.openapi(clearRoute, async (c) => {
    const wanted = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandIn(version, (spoken) => clearTariffsCommand(spoken, wanted))
    const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
    const results = clearedTariffs(payload)
    if (results.length === 0) throw invalidAnswer(command.action, payload, problems)
    noteAnswer(c, [...new Set(results.map(({ status }) => status))].join(', '))
    const gone = noLongerThere(results, wanted)
    if (gone !== null) await queries.clearStationTariffs(chargePoint.key, gone, clock.nowMs())
    return c.json({ results: results.map((result) => ({ ...result })) }, 200)
  })

  app.openapi(askRoute, async (c) => {
    const { evseId } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandIn(version, (spoken) => getTariffsCommand(spoken, evseId))
    const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
    const status = statusOf(payload)
    if (status === null) throw invalidAnswer(command.action, payload, problems)
    noteAnswer(c, status)
    const { message } =
      status === 'Accepted' ? { message: 'The charge point has these tariffs' } : tariffOutcome(status)
    return c.json({ status, message, tariffs: assignmentsOf(payload).map(assignmentView) }, 200)
  })

  app.openapi(listRoute, async (c) => {
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const [set, reports] = await Promise.all([queries.stationTariffsOf(key), queries.reportedTariffsOf(key)])
    const nowMs = clock.nowMs()
    return c.json(
      { tariffs: set.map((one) => tariffView(one, reports, nowMs)), reported: reports.map(reportView) },
      200,
    )
  })

  return app
}

function assignmentView(assignment: TariffAssignment): z.infer<typeof Assignment> {
  const { tariffId, tariffKind, validFrom = null, evseIds = [], idTokens = [] } = assignment
  return { tariffId, tariffKind, validFrom, evseIds: [...evseIds], idTokens: [...idTokens] }
}

function reportView({ evseId, assignments, receivedAtMs }: ReportedTariffsRecord) {
  return { evseId, at: isoTime(receivedAtMs), tariffs: assignments.map(assignmentView) }
}

function tariffView(record: StationTariffRecord, reports: readonly ReportedTariffsRecord[], nowMs: number) {
  const { tariffId, evseId, transactionId, tariff, status, setAtMs, setBy, clearedAtMs } = record
  return {
    tariffId,
    state: tariffState(record, reports, nowMs),
    evseId,
    transactionId: transactionId === 0 ? null : transactionId,
    tariff: { ...tariff },
    status,
    setAt: isoTime(setAtMs),
    setBy,
    clearedAt: clearedAtMs === null ? null : isoTime(clearedAtMs),
  }
}
