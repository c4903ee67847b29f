// /api/chargepoints/{chargePointId}/priority-charging, …/allowed-energy-transfer and …/afrr-signals.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { answerCommand } from '../../api/answer-command.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { factTransaction, ofTransaction, stationIdOf } from '../../api/fact-list.ts'
import { ChargePointParams, integer, oneOf, time } from '../../api/fields.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, CommandOutcome } from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { integerMax } from '../../base/limits.ts'
import {
  afrrCommand,
  afrrOutcome,
  allowedTransferCommand,
  allowedTransferOutcome,
  priorityCommand,
  priorityOutcome,
} from './energy-commands.ts'

const tags = ['Smart charging']
const priorityPath = '/api/chargepoints/{chargePointId}/priority-charging'
const transferPath = '/api/chargepoints/{chargePointId}/allowed-energy-transfer'
const signalPath = '/api/chargepoints/{chargePointId}/afrr-signals'
const answered = { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) }
const listErrors = errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND')
const ofOneTransaction = z.strictObject({ transactionId: ofTransaction, ...pageQuery })

const transactionId = integer('Transaction ID', 1).openapi({
  description: 'The number that Stator gave the transaction.',
  example: 12345,
})

const priorityRoute = routeFor('charging:write', {
  method: 'post',
  path: priorityPath,
  operationId: 'usePriorityCharging',
  tags,
  summary: 'Switch priority charging',
  description:
    'UsePriorityCharging of OCPP 2.1; older versions do not have it (409). With priority a transaction charges by its PriorityCharging profile.',
  request: {
    params: ChargePointParams,
    body: body(
      z
        .strictObject({ transactionId, activate: z.boolean({ error: 'Activate must be true or false' }) })
        .openapi('UsePriorityCharging', { example: { transactionId: 12345, activate: true } }),
      true,
    ),
  },
  responses: answered,
})

const PriorityCharging = z
  .object({ ...factTransaction, active: z.boolean(), receivedAt: Time.openapi({ description: 'Of the last word.' }) })
  .openapi('PriorityCharging')

const priorityListRoute = routeFor('charging:read', {
  method: 'get',
  path: priorityPath,
  operationId: 'listPriorityCharging',
  tags,
  summary: 'Which transactions charge with priority',
  description:
    'The last word about each transaction, the newest first: UsePriorityCharging that was accepted, or NotifyPriorityCharging. They are kept for OCPP.EventDays.',
  request: { params: ChargePointParams, query: ofOneTransaction },
  responses: {
    200: json(z.object({ ...pageFields, priorityCharging: z.array(PriorityCharging) }), 'A page of them.'),
    ...listErrors,
  },
})

const transferModes = [
  ...(['AC_single_phase', 'AC_two_phase', 'AC_three_phase', 'DC', 'AC_BPT', 'AC_BPT_DER', 'AC_DER'] as const),
  ...(['DC_BPT', 'DC_ACDP', 'DC_ACDP_BPT', 'WPT'] as const),
] as const

const transferRoute = routeFor('charging:write', {
  method: 'post',
  path: transferPath,
  operationId: 'setAllowedEnergyTransfer',
  tags,
  summary: 'Say how energy may flow',
  description:
    'NotifyAllowedEnergyTransfer of OCPP 2.1: in a transaction of a vehicle that can discharge, too; older versions do not have it (409).',
  request: {
    params: ChargePointParams,
    body: body(
      z
        .strictObject({
          transactionId,
          allowedEnergyTransfer: z
            .array(oneOf('Energy transfer mode', transferModes), {
              error: 'Allowed energy transfer must be a list',
            })
            .min(1, { error: 'Allowed energy transfer must have at least one' })
            .max(transferModes.length, { error: `Allowed energy transfer must be at most ${transferModes.length}` }),
        })
        .openapi('AllowedEnergyTransferOf', {
          example: { transactionId: 12345, allowedEnergyTransfer: ['DC', 'DC_BPT'] },
        }),
      true,
    ),
  },
  responses: answered,
})

const AllowedEnergyTransfer = z
  .object({ ...factTransaction, allowedEnergyTransfer: z.array(z.unknown()), setAt: Time })
  .openapi('AllowedEnergyTransfer', {
    example: {
      transactionId: 12345,
      stationTransactionId: 'TX-0001',
      allowedEnergyTransfer: ['DC', 'DC_BPT'],
      setAt: '2025-12-26T12:30:00.000Z',
    },
  })

const transferListRoute = routeFor('charging:read', {
  method: 'get',
  path: transferPath,
  operationId: 'listAllowedEnergyTransfers',
  tags,
  summary: 'How energy may flow',
  description:
    'What charge points have accepted, the last for each transaction, the newest first. They are kept for OCPP.EventDays.',
  request: { params: ChargePointParams, query: ofOneTransaction },
  responses: {
    200: json(z.object({ ...pageFields, allowedEnergyTransfers: z.array(AllowedEnergyTransfer) }), 'A page of them.'),
    ...listErrors,
  },
})

const signalError = { error: `Signal must be an integer from -${integerMax} to ${integerMax}` }

const signalRoute = routeFor('charging:write', {
  method: 'post',
  path: signalPath,
  operationId: 'sendAfrrSignal',
  tags,
  summary: 'Send an aFRR signal',
  description:
    'AFRRSignal of OCPP 2.1: the charge point looks up in its profile what the signal means; older versions do not have it (409).',
  request: {
    params: ChargePointParams,
    body: body(
      z
        .strictObject({
          signal: z.int(signalError).min(-integerMax, signalError).max(integerMax, signalError),
          timestamp: time('Timestamp').optional().openapi({ description: 'When it begins. Left out: now.' }),
        })
        .openapi('SendAfrrSignal', { example: { signal: 3 } }),
      true,
    ),
  },
  responses: answered,
})

const AfrrSignal = z
  .object({
    signal: z.int().openapi({ example: 3 }),
    timestamp: Time.openapi({ description: 'When it begins.' }),
    status: z.string().openapi({ description: 'What the charge point answered.', example: 'Accepted' }),
    sentAt: Time,
  })
  .openapi('AfrrSignal')

const signalListRoute = routeFor('charging:read', {
  method: 'get',
  path: signalPath,
  operationId: 'listAfrrSignals',
  tags,
  summary: 'List aFRR signals',
  description: 'Those that were answered, the newest first. They are kept for OCPP.EventDays.',
  request: { params: ChargePointParams, query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, afrrSignals: z.array(AfrrSignal) }), 'A page of them.'),
    ...listErrors,
  },
})

/** Priority charging, allowed energy transfers, and aFRR signals. */
export function priorityRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { clock } = deps
  const app = apiApp()

  app.openapi(priorityRoute, async (c) => {
    const { transactionId: id, activate } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const stationTransactionId = await stationIdOf(deps, chargePoint.key, id)
    const request = { stationTransactionId, activate }
    return answerCommand(deps, c, chargePoint, (version) => priorityCommand(version, request), priorityOutcome)
  })

  app.openapi(priorityListRoute, async (c) => {
    const { transactionId: id, ...page } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const wanted = id === undefined ? {} : { stationTransactionId: await stationIdOf(deps, key, id) }
    const listed = await deps.queries.factsOf('priorityCharging', key, wanted, page)
    const priorityCharging = listed.items.map((one) => ({
      transactionId: one.transactionId,
      stationTransactionId: one.stationTransactionId,
      active: one.isActive,
      receivedAt: isoTime(one.receivedAtMs),
    }))
    return c.json({ ...pageOf(listed, page), priorityCharging }, 200)
  })

  app.openapi(transferRoute, async (c) => {
    const { transactionId: id, allowedEnergyTransfer } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const stationTransactionId = await stationIdOf(deps, chargePoint.key, id)
    const request = { stationTransactionId, allowedEnergyTransfer }
    const commandOf = (version: Parameters<typeof allowedTransferCommand>[0]) =>
      allowedTransferCommand(version, request)
    return answerCommand(deps, c, chargePoint, commandOf, allowedTransferOutcome)
  })

  app.openapi(transferListRoute, async (c) => {
    const { transactionId: id, ...page } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const wanted = id === undefined ? {} : { stationTransactionId: await stationIdOf(deps, key, id) }
    const listed = await deps.queries.factsOf('allowedEnergyTransfers', key, wanted, page)
    const allowedEnergyTransfers = listed.items.map((one) => ({
      transactionId: one.transactionId,
      stationTransactionId: one.stationTransactionId,
      allowedEnergyTransfer: [...one.allowed],
      setAt: isoTime(one.receivedAtMs),
    }))
    return c.json({ ...pageOf(listed, page), allowedEnergyTransfers }, 200)
  })

  app.openapi(signalRoute, async (c) => {
    const { signal, timestamp } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const request = { signal, atMs: timestamp ?? clock.nowMs() }
    return answerCommand(deps, c, chargePoint, (version) => afrrCommand(version, request), afrrOutcome)
  })

  app.openapi(signalListRoute, async (c) => {
    const page = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const listed = await deps.queries.factsOf('afrrSignals', key, {}, page)
    const afrrSignals = listed.items.map(({ signal, signalAtMs, status, receivedAtMs }) => ({
      signal,
      timestamp: isoTime(signalAtMs),
      status,
      sentAt: isoTime(receivedAtMs),
    }))
    return c.json({ ...pageOf(listed, page), afrrSignals }, 200)
  })

  return app
}
