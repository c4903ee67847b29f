// /api/chargepoints/{chargePointId}/settlements, …/web-payments and …/vat-number-checks: payments at a charge point.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { commandIn } from '../../api/answer-command.ts'
import { noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { factTransaction, ofTransaction, stationIdOf } from '../../api/fact-list.ts'
import { ChargePointParams, evseId, integer, text } from '../../api/fields.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { commandErrorCodes, requireConnected, sendCommand } from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { webPaymentCommand } from './payments.ts'

const tags = ['Payments']
const webPaymentPath = '/api/chargepoints/{chargePointId}/web-payments'
const listErrors = errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND')

const Settlement = z
  .object({
    pspRef: z.string().openapi({ description: 'The reference of the payment service provider.', example: 'PSP-1' }),
    status: z.string().openapi({ description: 'Settled, Canceled, Rejected or Failed.', example: 'Settled' }),
    amount: z.number().openapi({ example: 12.5 }),
    settledAt: Time,
    ...factTransaction,
    message: z.record(z.string(), z.unknown()).openapi({
      description: 'As it was sent, with receipt and VAT number.',
      example: { pspRef: 'PSP-1', status: 'Settled', settlementAmount: 12.5, receiptId: 'R-1' },
    }),
    receivedAt: Time,
  })
  .openapi('Settlement')

const settlementsRoute = routeFor('transaction:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/settlements',
  operationId: 'listSettlements',
  tags,
  summary: 'List settlements of payments',
  description:
    'What a charge point of OCPP 2.1 has reported of payments at its terminal (NotifySettlement), the newest first, with the transaction that it names. They are kept for OCPP.TransactionMonths.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      transactionId: ofTransaction,
      pspRef: text('PSP reference', 255)
        .optional()
        .openapi({ param: { name: 'pspRef', in: 'query' }, description: 'Only those with this reference.' }),
      ...pageQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, settlements: z.array(Settlement) }), 'A page of them.'),
    ...listErrors,
  },
})

const webPaymentRoute = routeFor('command:start', {
  method: 'post',
  path: webPaymentPath,
  operationId: 'notifyWebPaymentStarted',
  tags,
  summary: 'Say that someone pays on a web page',
  description:
    'NotifyWebPaymentStarted of OCPP 2.1; older versions do not have it (409). The charge point shows that the EVSE is about to be paid for, until the time is over or a transaction starts.',
  request: {
    params: ChargePointParams,
    body: body(
      z
        .strictObject({
          evseId,
          timeoutSeconds: integer('Timeout seconds', 0).openapi({ description: 'How long it waits.', example: 300 }),
        })
        .openapi('NotifyWebPaymentStarted', { example: { evseId: 1, timeoutSeconds: 300 } }),
      true,
    ),
  },
  responses: {
    200: json(z.object({ message: z.string() }).openapi('WebPaymentOutcome'), 'The charge point knows it.'),
    ...errors(...commandErrorCodes),
  },
})

const WebPayment = z
  .object({
    evseId: z.int().openapi({ example: 1 }),
    timeoutSeconds: z.int().openapi({ example: 300 }),
    notifiedAt: Time.openapi({ description: 'When the charge point had answered.' }),
  })
  .openapi('WebPayment')

const webPaymentsRoute = routeFor('transaction:read', {
  method: 'get',
  path: webPaymentPath,
  operationId: 'listWebPayments',
  tags,
  summary: 'List payments on a web page',
  description: 'Those of which the charge point was told, the newest first. They are kept for OCPP.EventDays.',
  request: { params: ChargePointParams, query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, webPayments: z.array(WebPayment) }), 'A page of them.'),
    ...listErrors,
  },
})

const VatNumberCheck = z
  .object({
    vatNumber: z.string().openapi({ example: 'NL123456789B01' }),
    evseId: z.int().nullable().openapi({ description: 'null: it named none.', example: 1 }),
    status: z.string().openapi({ description: 'What it was answered.', example: 'Rejected' }),
    receivedAt: Time,
  })
  .openapi('VatNumberCheck')

const vatNumbersRoute = routeFor('transaction:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/vat-number-checks',
  operationId: 'listVatNumberChecks',
  tags,
  summary: 'List VAT numbers that were asked about',
  description:
    'The last time for each number and EVSE (VatNumberValidation), the newest first. Stator knows no register of VAT numbers: it confirms none. They are kept for OCPP.EventDays.',
  request: { params: ChargePointParams, query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, vatNumberChecks: z.array(VatNumberCheck) }), 'A page of them.'),
    ...listErrors,
  },
})

/** Payments at charge points. */
export function paymentRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(settlementsRoute, async (c) => {
    const { transactionId, pspRef, ...page } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const wanted = {
      ...(transactionId === undefined ? {} : { stationTransactionId: await stationIdOf(deps, key, transactionId) }),
      ...(pspRef === undefined ? {} : { pspRef }),
    }
    const listed = await queries.factsOf('settlements', key, wanted, page)
    const settlements = listed.items.map((one) => ({
      pspRef: one.pspRef,
      status: one.status,
      amount: one.amount,
      settledAt: isoTime(one.settledAtMs),
      transactionId: one.transactionId,
      stationTransactionId: one.stationTransactionId,
      message: { ...one.payload },
      receivedAt: isoTime(one.receivedAtMs),
    }))
    return c.json({ ...pageOf(listed, page), settlements }, 200)
  })

  app.openapi(webPaymentRoute, async (c) => {
    const request = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    await sendCommand(
      deps,
      chargePoint,
      version,
      commandIn(version, (spoken) => webPaymentCommand(spoken, request)),
    )
    noteChange(c, { after: { ...request } })
    return c.json({ message: 'The charge point knows that someone pays on a web page' }, 200)
  })

  app.openapi(webPaymentsRoute, async (c) => {
    const page = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const listed = await queries.factsOf('webPayments', key, {}, page)
    const webPayments = listed.items.map((one) => ({
      evseId: one.evseId,
      timeoutSeconds: one.timeoutSeconds,
      notifiedAt: isoTime(one.receivedAtMs),
    }))
    return c.json({ ...pageOf(listed, page), webPayments }, 200)
  })

  app.openapi(vatNumbersRoute, async (c) => {
    const page = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const listed = await queries.factsOf('vatNumberChecks', key, {}, page)
    const vatNumberChecks = listed.items.map((one) => ({
      vatNumber: one.vatNumber,
      evseId: one.evseId === 0 ? null : one.evseId,
      status: one.status,
      receivedAt: isoTime(one.receivedAtMs),
    }))
    return c.json({ ...pageOf(listed, page), vatNumberChecks }, 200)
  })

  return app
}
