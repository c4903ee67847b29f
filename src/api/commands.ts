// POST /api/chargepoints/{chargePointId}/…: start and stop transactions, reset, update firmware, over OCPP 1.6 and 2.x alike.

import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { StatorError } from '../base/errors.ts'
import { idTokenCharactersMax, integerMax, remoteStartPromiseMs } from '../base/limits.ts'
import type { Command, CommandOutcome } from '../csms/command.ts'
import { statusOf } from '../csms/command.ts'
import { updateFirmwareCommand, updateFirmwareOutcome } from '../csms/firmware-commands.ts'
import {
  remoteStart,
  resetCommand,
  resetOutcome,
  startCommand,
  startOutcome,
  stopCommand,
  stopOutcome,
} from '../csms/remote-control.ts'
import type { ChargePointRecord } from '../csms/records.ts'
import { ownChargePoint } from './access.ts'
import { findChargePoint } from './chargepoints.ts'
import type { ApiDeps, LiveView } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { notFound } from './errors.ts'
import { ChargePointParams, integer, object, oneOf, text, time } from './fields.ts'
import { body, errors, json } from './responses.ts'
import { invalidAnswer, requireConnected, sendCommand } from './send-command.ts'

const commandErrorCodes = [
  'BAD_REQUEST',
  'FORBIDDEN',
  'NOT_FOUND',
  'NOT_CONNECTED',
  'CONNECTED_ELSEWHERE',
  'REQUEST_TOO_LARGE',
  'CALL_ERROR',
  'CALL_ANSWER_INVALID',
  'CALL_TIMEOUT',
  'CALL_QUEUE_FULL',
] as const
const commandErrors = errors(...commandErrorCodes)
// Not while the charge point waits for its boot to be accepted, and not for what has stopped.
const transactionErrors = errors(...commandErrorCodes, 'CONFLICT')

const Outcome = z
  .object({
    status: z.string().openapi({ description: 'As the charge point said it.', example: 'Accepted' }),
    message: z.string(),
  })
  .openapi('CommandOutcome')

const StartOutcome = Outcome.extend({
  transactionId: z.int().optional().openapi({
    description: 'The id that the transaction will have once the charge point begins it. Absent unless Accepted.',
    example: 12345,
  }),
}).openapi('StartOutcome', {
  example: { status: 'Accepted', transactionId: 12345, message: 'Remote start request sent successfully' },
})

const Start = z
  .strictObject({
    connectorId: integer('Connector ID', 1).openapi({ description: 'OCPP 2.x: the EVSE.', example: 1 }),
    idTag: text('ID tag', idTokenCharactersMax).openapi({ example: 'USER123' }),
    chargingProfile: object('Charging profile')
      .optional()
      .openapi({
        description:
          'A charging profile as in OCPP 1.6; it is put into the shape of 2.x when the charge point speaks that.',
        example: {
          chargingProfileId: 1,
          stackLevel: 0,
          chargingProfilePurpose: 'TxDefaultProfile',
          chargingProfileKind: 'Absolute',
          chargingSchedule: { chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 32 }] },
        },
      }),
  })
  .openapi('StartTransaction')

const Stop = z
  .strictObject({ transactionId: integer('Transaction ID', 1).openapi({ example: 12345 }) })
  .openapi('StopTransaction')

const Reset = z.strictObject({ type: oneOf('Type', ['Soft', 'Hard']) }).openapi('Reset')

const UpdateFirmware = z
  .strictObject({
    location: z
      .url({
        error: (issue) =>
          `Location ${issue.input === undefined ? 'is required; it ' : ''}must be a URL from which the charge point can fetch the firmware`,
      })
      .max(512, { error: 'Location must be no longer than 512 characters' })
      .openapi({ example: 'https://firmware.example.com/firmware-v1.2.3.bin' }),
    retrieveDate: time('Retrieve date').openapi({ example: '2025-12-27T00:00:00Z' }),
    retries: integer('Retries', 0).optional().openapi({ example: 3 }),
    retryInterval: integer('Retry interval', 0).optional().openapi({ description: 'Seconds.', example: 300 }),
  })
  .openapi('UpdateFirmware')

const startRoute = createRoute({
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/start-transaction',
  tags: ['Commands'],
  summary: 'Start remote transaction',
  description: `The \`transactionId\` of the answer is a promise, kept for ${remoteStartPromiseMs / 1_000} seconds: the transaction that the charge point begins by then has this id, and one that it begins later another. So it is after a restart, and when the charge point has connected to another node.

An \`idTag\` that Stator does not know is sent all the same: the charge point asks Stator whether it is good, before it begins the transaction or with its start.`,
  middleware: [ownChargePoint] as const,
  request: { params: ChargePointParams, body: body(Start, true) },
  responses: { 200: json(StartOutcome, 'What the charge point answered.'), ...transactionErrors },
})

const stopRoute = createRoute({
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/stop-transaction',
  tags: ['Commands'],
  summary: 'Stop remote transaction',
  middleware: [ownChargePoint] as const,
  request: { params: ChargePointParams, body: body(Stop, true) },
  responses: { 200: json(Outcome, 'What the charge point answered.'), ...transactionErrors },
})

const resetRoute = createRoute({
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/reset',
  tags: ['Commands'],
  summary: 'Reset charge point',
  description: 'OCPP 2.x: Soft waits until nothing is charging (OnIdle), Hard does not (Immediate).',
  middleware: [ownChargePoint] as const,
  request: { params: ChargePointParams, body: body(Reset, true) },
  responses: { 200: json(Outcome, 'What the charge point answered.'), ...commandErrors },
})

const updateFirmwareRoute = createRoute({
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/update-firmware',
  tags: ['Commands'],
  summary: 'Update firmware',
  middleware: [ownChargePoint] as const,
  request: { params: ChargePointParams, body: body(UpdateFirmware, true) },
  responses: { 200: json(Outcome, 'What the charge point answered.'), ...commandErrors },
})

/** Commands with an endpoint of their own; POST …/calls sends all others. */
export function commandRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, live } = deps
  const app = apiApp()

  app.openapi(startRoute, async (c) => {
    const { connectorId, idTag, chargingProfile } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c.req.valid('param').chargePointId)
    const { version } = requireBooted(chargePoint, await requireConnected(deps, chargePoint))
    const [idToken, transactionId] = await Promise.all([queries.idTokenRecord(idTag), deps.nextTransactionId()])
    const start = {
      connectorId,
      idTag,
      idTokenType: idToken?.type ?? null,
      ...(chargingProfile === undefined ? {} : { chargingProfile }),
      transactionId,
    }

    // The transaction may begin before the answer to the command arrives.
    const expected = remoteStart(version, start)
    await live.promiseTransaction(chargePoint, expected, transactionId)
    try {
      const { status, message } = startOutcome(
        await sendForStatus(deps, chargePoint, version, startCommand(version, start)),
      )
      if (status === 'Accepted') return c.json({ status, transactionId, message }, 200)
      await withdrawPromise(deps, chargePoint, transactionId)
      return c.json({ status, message }, 200)
    } catch (error) {
      // A charge point that is only late may still begin it.
      const isLate = error instanceof StatorError && error.code === 'CALL_TIMEOUT'
      if (!isLate) await withdrawPromise(deps, chargePoint, transactionId)
      throw error
    }
  })

  app.openapi(stopRoute, async (c) => {
    const { transactionId } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c.req.valid('param').chargePointId)
    const transaction = await queries.transaction(transactionId)
    if (transaction === null || transaction.chargePointKey !== chargePoint.key) {
      throw notFound('Transaction', transactionId)
    }
    if (!transaction.open) throw new StatorError('CONFLICT', `Transaction '${transactionId}' has already stopped`)
    const { version } = requireBooted(chargePoint, await requireConnected(deps, chargePoint))
    const status = await sendForStatus(deps, chargePoint, version, stopCommand(version, transaction))
    return c.json(stopOutcome(status), 200)
  })

  app.openapi(resetRoute, async (c) => {
    const { type } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const status = await sendForStatus(deps, chargePoint, version, resetCommand(version, type))
    return c.json(resetOutcome(status), 200)
  })

  app.openapi(updateFirmwareRoute, async (c) => {
    const { location, retrieveDate, retries, retryInterval } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = updateFirmwareCommand(version, {
      location,
      retrieveDateMs: retrieveDate,
      ...(retries === undefined ? {} : { retries }),
      ...(retryInterval === undefined ? {} : { retryIntervalSeconds: retryInterval }),
      requestId: newRequestId(),
    })
    const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
    const outcome: CommandOutcome | null = updateFirmwareOutcome(version, payload)
    if (outcome === null) throw invalidAnswer(command.action, payload, problems)
    return c.json(outcome, 200)
  })

  return app
}

// What `sendCommand` does, for commands whose answer is a status: without one there is nothing to tell.
async function sendForStatus(
  deps: ApiDeps,
  chargePoint: ChargePointRecord,
  version: LiveView['version'],
  command: Command,
): Promise<string> {
  const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
  const status = statusOf(payload)
  if (status === null) throw invalidAnswer(command.action, payload, problems)
  return status
}

/** The operator gets the outcome of the start in any case; a promise that stays expires. */
async function withdrawPromise(
  { live, log }: ApiDeps,
  chargePoint: ChargePointRecord,
  transactionId: number,
): Promise<void> {
  try {
    await live.withdrawPromise(chargePoint, transactionId)
  } catch (error) {
    const { identity } = chargePoint
    log.info({ identity, transactionId, error }, 'A promised transactionId could not be withdrawn; it expires.')
  }
}

// 1.6 §4.2 and 2.0.1 B02, B03: a charge point that was not accepted must not be told to start or stop transactions.
function requireBooted(chargePoint: ChargePointRecord, view: LiveView): LiveView {
  if (view.bootStatus !== 'Pending' && view.bootStatus !== 'Rejected') return view
  throw new StatorError(
    'CONFLICT',
    `Charge point '${chargePoint.identity}' is not accepted yet: its boot was answered with ${view.bootStatus}`,
  )
}

/** An id for a request whose notifications the charge point will send later: random, so that none is met twice. */
function newRequestId(): number {
  return 1 + ((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % integerMax)
}
