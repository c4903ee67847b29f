// /api/transactions/{transactionId}/cost: what a transaction costs, by operators, by Stator and by its charge point;
// and the command that tells a charge point of it.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { commandIn } from '../../api/answer-command.ts'
import { noteAnswer, noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { notFound } from '../../api/errors.ts'
import { ChargePointParams, integer, TransactionParams } from '../../api/fields.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, CommandOutcome, requireConnected, sendCommand } from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import { nameOf } from '../../operators/principal.ts'
import type { TransactionRecord } from '../records.ts'
import { findTransaction } from '../transactions/routes.ts'
import { costUpdatedCommand } from './commands.ts'
import type { GivenCost, TransactionCostRecord } from './cost-records.ts'
import { amount, messageContent } from './route-fields.ts'
import { giveCost, requireSayable } from './route-give-cost.ts'

const tags = ['Tariffs']

const UpdateCost = z
  .strictObject({
    transactionId: integer('Transaction ID', 1).openapi({
      description: 'The number that Stator gave the transaction.',
      example: 12345,
    }),
    totalCost: amount('Total cost').openapi({ description: 'So far, including taxes.', example: 3.75 }),
  })
  .openapi('UpdateCost')

const updateRoute = routeFor('tariff:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/update-cost',
  operationId: 'updateCost',
  tags,
  summary: 'Tell the cost so far',
  description:
    'CostUpdated of OCPP 2.x: the charge point shows what an open transaction costs so far. Nothing is stored. OCPP 1.6 has no such message (409).',
  request: { params: ChargePointParams, body: body(UpdateCost, true) },
  responses: { 200: json(CommandOutcome, 'The charge point has taken it.'), ...errors(...commandErrorCodes) },
})

const limit = z
  .strictObject({
    maxCost: amount('Max cost').optional(),
    maxEnergy: amount('Max energy').optional().openapi({ description: 'Wh.' }),
    maxTime: integer('Max time', 1).optional().openapi({ description: 'Seconds.' }),
    maxSoC: integer('Max state of charge', 0).max(100, { error: 'Max state of charge must be at most 100' }).optional(),
  })
  .refine((value) => Object.keys(value).length > 0, { error: 'Transaction limit must have at least one limit' })
  .openapi('TransactionLimit', { example: { maxCost: 25 }, minProperties: 1 })

const GiveCost = z
  .strictObject({
    totalCost: amount('Total cost').optional().openapi({
      description: 'Including taxes, in the currency of the charge point. 0: it is free.',
      example: 3.75,
    }),
    isFinal: z.boolean({ error: 'Is final must be true or false' }).optional().openapi({
      description:
        'true: the charge point is told this cost at the end. Otherwise it is the cost so far, and is not told at the end.',
    }),
    transactionLimit: limit.optional().openapi({ description: 'OCPP 2.1: when the transaction is to end.' }),
    message: messageContent.optional().openapi({ description: 'OCPP 2.x: for the driver (I06).' }),
    send: z.enum(['now', 'withNextAnswer'], { error: 'Send must be now or withNextAnswer' }).default('now').openapi({
      description:
        '`now`: the cost so far is sent at once (CostUpdated), if the charge point is connected; if it is connected to another node, nothing is stored (CONNECTED_ELSEWHERE).',
    }),
  })
  .refine(({ totalCost, transactionLimit, message }) => (totalCost ?? transactionLimit ?? message) !== undefined, {
    error: 'The body must have totalCost, transactionLimit or message',
  })
  .refine(({ totalCost, isFinal }) => isFinal === undefined || totalCost !== undefined, {
    error: 'isFinal needs the totalCost beside it',
    path: ['isFinal'],
  })
  .openapi('GiveCost', { example: { totalCost: 3.75 } })

const deliveries = {
  sent: 'the charge point has taken it (CostUpdated)',
  withNextAnswer: 'the answer to its next TransactionEvent tells it, as far as its version has words for it',
  stored: 'the charge point is not told',
} as const

const Delivery = z
  .object({
    delivery: z.enum(['sent', 'withNextAnswer', 'stored']).openapi({
      description: `${Object.entries(deliveries)
        .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
        .join('; ')}.`,
    }),
    message: z.string().openapi({ example: 'The charge point has taken the cost' }),
  })
  .openapi('CostDelivery')

const giveRoute = routeFor('tariff:write', {
  method: 'put',
  path: '/api/transactions/{transactionId}/cost',
  operationId: 'giveCost',
  tags,
  summary: 'Say what a transaction costs',
  description:
    'For a billing system: it replaces what was said before, and comes before the price that Stator knows. It is stored first. Then the cost so far is sent, or goes with the answer to the next TransactionEvent: `totalCost` (OCPP 2.0.1: at the end only), `transactionLimit` (2.1) and `updatedPersonalMessage`.',
  request: { params: TransactionParams, body: body(GiveCost, true) },
  responses: {
    200: json(Delivery, 'It is stored.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'CONNECTED_ELSEWHERE', 'REQUEST_TOO_LARGE'),
  },
})

const asStored = z.record(z.string(), z.unknown())

const TransactionCost = z
  .object({
    price: z
      .object({ currency: z.string(), perKwh: z.number(), perMinute: z.number(), perSession: z.number() })
      .nullable()
      .openapi({ description: 'OCPP 2.x: the price that applied when it began; null: none.' }),
    given: z
      .object({
        totalCost: z.number().nullable(),
        isFinal: z.boolean(),
        transactionLimit: asStored.nullable(),
        message: asStored.nullable(),
        at: Time,
        by: z.string().openapi({ example: 'billing' }),
        isTold: z.boolean().openapi({ description: 'Whether it was in an answer to the charge point.' }),
      })
      .nullable()
      .openapi({ description: 'What an operator has said last.' }),
    costs: z
      .array(
        z.object({
          source: z.enum(['told', 'station']).openapi({
            description:
              '`told`: what the charge point was told at the end; `station`: what it has computed itself (costDetails of OCPP 2.1).',
          }),
          totalCost: z.number().nullable().openapi({ example: 12.5 }),
          currency: z.string().nullable().openapi({ description: 'null: that of the charge point.', example: 'EUR' }),
          detail: asStored.nullable().openapi({ description: 'How it was computed.' }),
          at: Time,
        }),
      )
      .openapi({ description: 'One of each source at most.' }),
  })
  .openapi('TransactionCost')

const getRoute = routeFor('tariff:read', {
  method: 'get',
  path: '/api/transactions/{transactionId}/cost',
  operationId: 'getTransactionCost',
  tags,
  summary: 'What a transaction costs',
  description: 'By operators, by Stator, and by the charge point.',
  request: { params: TransactionParams },
  responses: { 200: json(TransactionCost, 'All that is known.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

/** Costs of transactions. */
export function costRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, clock } = deps
  const app = apiApp()

  app.openapi(updateRoute, async (c) => {
    const { transactionId, totalCost } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const transaction = await queries.transaction(transactionId, { chargePointKey: chargePoint.key })
    if (transaction === null) throw notFound('Transaction', transactionId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandIn(version, (spoken) =>
      costUpdatedCommand(spoken, { totalCost, stationTransactionId: nameIn(transaction) }),
    )
    if (!transaction.open) throw new StatorError('CONFLICT', `Transaction '${transactionId}' has already stopped`)
    await sendCommand(deps, chargePoint, version, command)
    noteAnswer(c, 'Accepted')
    return c.json({ status: 'Accepted', message: 'The charge point has taken the cost' }, 200)
  })

  app.openapi(giveRoute, async (c) => {
    const { totalCost, isFinal = false, transactionLimit, message, send } = c.req.valid('json')
    const transaction = await findTransaction(deps, c, c.req.valid('param').transactionId)
    const { transactionId, chargePointKey, identity } = transaction
    noteChange(c, { chargePoint: { key: chargePointKey, identity } })
    const chargePoint = await queries.chargePoint(identity, { chargePointKey })
    const version = deps.live.get({ key: chargePointKey, identity })?.version ?? chargePoint?.ocppVersion ?? null
    requireSayable(version, { transactionLimit, message })
    const before = await queries.transactionCost(transactionId)
    const given: GivenCost = {
      totalCost: totalCost ?? null,
      isFinal,
      ...(transactionLimit === undefined ? {} : { transactionLimit }),
      ...(message === undefined ? {} : { message }),
      // It names the cost, too: two of one millisecond differ.
      atMs: Math.max(clock.nowMs(), (before.given?.atMs ?? 0) + 1),
      by: nameOf(c.get('principal')),
    }
    noteChange(c, { before: shownIn(before.given), after: shownIn(given) })
    const delivery = await giveCost(deps, transaction, chargePoint, version, given, send === 'now')
    return c.json(delivery, 200)
  })

  app.openapi(getRoute, async (c) => {
    const { transactionId } = await findTransaction(deps, c, c.req.valid('param').transactionId)
    return c.json(costView(await queries.transactionCost(transactionId)), 200)
  })

  return app
}

/** As the charge point names it. */
function nameIn({ stationTransactionId, transactionId }: TransactionRecord): string {
  return stationTransactionId ?? transactionId.toString()
}

/** A given cost in the audit log. */
function shownIn(given: GivenCost | null) {
  return given === null ? {} : { totalCost: given.totalCost, isFinal: given.isFinal }
}

function costView({ price, given, toldMs, costs }: TransactionCostRecord): z.infer<typeof TransactionCost> {
  return {
    price,
    given:
      given === null
        ? null
        : {
            totalCost: given.totalCost,
            isFinal: given.isFinal,
            transactionLimit: given.transactionLimit === undefined ? null : { ...given.transactionLimit },
            message: given.message === undefined ? null : { ...given.message },
            at: isoTime(given.atMs),
            by: given.by,
            isTold: toldMs === given.atMs,
          },
    costs: costs.map(({ source, totalCost, currency, detail, receivedAtMs }) => ({
      source,
      totalCost,
      currency,
      detail: detail === null ? null : { ...detail },
      at: isoTime(receivedAtMs),
    })),
  }
}
