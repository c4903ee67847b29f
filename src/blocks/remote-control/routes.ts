// POST /api/chargepoints/{chargePointId}/start-transaction and …/stop-transaction.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { findChargePoint } from '../../api/chargepoints.ts'
import { noteAnswer } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { notFound } from '../../api/errors.ts'
import { ChargePointParams, integer, object, text } from '../../api/fields.ts'
import { body, errors, json } from '../../api/responses.ts'
import {
  commandErrorCodes,
  CommandOutcome,
  requireConnected,
  requireSendable,
  sendForStatus,
} from '../../api/send-command.ts'
import { StatorError } from '../../base/errors.ts'
import { idTokenCharactersMax, remoteStartPromiseMs } from '../../base/limits.ts'
import { statusOf } from '../authorization/authorization.ts'
import type { ChargePointRecord, IdTokenRecord } from '../records.ts'
import { remoteStart, startAction, startCommand, startOutcome, stopCommand, stopOutcome } from './commands.ts'
import { routeFor } from '../../api/route.ts'
import { storedIdTag } from '../../api/stored-id-tag.ts'

// CONFLICT: the boot of the charge point is not accepted, the tag is not, or the transaction has stopped.
const transactionErrors = errors(...commandErrorCodes)

const StartOutcome = CommandOutcome.extend({
  transactionId: z.int().optional().openapi({
    description: 'The id that the transaction will have once the charge point starts it. Missing unless Accepted.',
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
        description: 'A charging profile in the form of OCPP 1.6. Stator converts it for charge points that use 2.x.',
        example: {
          chargingProfileId: 1,
          stackLevel: 0,
          chargingProfilePurpose: 'TxDefaultProfile',
          chargingProfileKind: 'Absolute',
          chargingSchedule: { chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 32 }] },
        },
      }),
    force: z
      .boolean({ error: 'Force must be true or false' })
      .default(false)
      .openapi({ description: 'true: send the start even if the tag is Blocked or Expired here.' }),
  })
  .openapi('StartTransaction')

const Stop = z
  .strictObject({ transactionId: integer('Transaction ID', 1).openapi({ example: 12345 }) })
  .openapi('StopTransaction')

const startRoute = routeFor('command:start', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/start-transaction',
  operationId: 'startTransaction',
  tags: ['Commands'],
  summary: 'Start remote transaction',
  description: `The \`transactionId\` in the answer is reserved for ${remoteStartPromiseMs / 1_000} seconds: if the charge point starts the transaction within that time, the transaction has this id. If it starts later, it has another id. The reservation survives a restart and a reconnect to another node.

An unknown \`idTag\` is sent, too: the charge point asks Stator whether it is accepted, before the start or with it. One that is Blocked or Expired here is refused with 409, unless \`force\` is true.`,
  request: { params: ChargePointParams, body: body(Start, true) },
  responses: { 200: json(StartOutcome, 'What the charge point answered.'), ...transactionErrors },
})

const stopRoute = routeFor('command:stop', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/stop-transaction',
  operationId: 'stopTransaction',
  tags: ['Commands'],
  summary: 'Stop remote transaction',
  description:
    'Asks the charge point to stop the transaction. The transaction is over once the charge point reports its end. To end one that the charge point has forgotten, close it: `POST /api/transactions/{transactionId}/close`.',
  request: { params: ChargePointParams, body: body(Stop, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...transactionErrors },
})

/** Remote start and stop of transactions. */
export function remoteControlRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, live } = deps
  const app = apiApp()

  app.openapi(startRoute, async (c) => {
    const { connectorId, idTag, chargingProfile, force } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    requireSendable(deps, chargePoint, startAction[version])
    const idToken = await storedIdTag(queries, idTag)
    if (!force && idToken !== null) requireUsable(idToken, deps.clock.nowMs())
    const transactionId = await deps.nextTransactionId()
    const start = {
      connectorId,
      idTag,
      idTokenType: idToken?.type ?? null,
      ...(chargingProfile === undefined ? {} : { chargingProfile }),
      transactionId,
    }

    // The transaction may start before the answer to the command arrives.
    const expected = remoteStart(version, start)
    await live.promiseTransaction(chargePoint, expected, transactionId)
    try {
      const { status, message } = startOutcome(
        await sendForStatus(deps, chargePoint, version, startCommand(version, start)),
      )
      noteAnswer(c, status)
      if (status === 'Accepted') return c.json({ status, transactionId, message }, 200)
      await withdrawPromise(deps, chargePoint, transactionId)
      return c.json({ status, message }, 200)
    } catch (error) {
      // After a timeout the charge point may still start the transaction.
      const isLate = error instanceof StatorError && error.code === 'CALL_TIMEOUT'
      if (!isLate) await withdrawPromise(deps, chargePoint, transactionId)
      throw error
    }
  })

  app.openapi(stopRoute, async (c) => {
    const { transactionId } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const transaction = await queries.transaction(transactionId, { chargePointKey: chargePoint.key })
    if (transaction === null) throw notFound('Transaction', transactionId)
    if (!transaction.open) throw new StatorError('CONFLICT', `Transaction '${transactionId}' has already stopped`)
    const { version } = await requireConnected(deps, chargePoint)
    const status = await sendForStatus(deps, chargePoint, version, stopCommand(version, transaction))
    noteAnswer(c, status)
    return c.json(stopOutcome(status), 200)
  })

  return app
}

/** @throws {StatorError} `CONFLICT` if the tag is Blocked or Expired. */
function requireUsable(idToken: IdTokenRecord, nowMs: number): void {
  const status = statusOf(idToken, nowMs)
  if (status !== 'Blocked' && status !== 'Expired') return
  const what = `ID tag '${idToken.idToken}' is ${status}, so the start is not sent`
  throw new StatorError('CONFLICT', `${what}; set force to true to send it all the same`)
}

/** Withdraws a promise. An error is only logged: the operator still gets the outcome, and the promise expires. */
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
