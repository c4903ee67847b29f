// /api/transactions: lists transactions and their meter values, closes transactions, and corrects how they were closed.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { isoTime } from '../../base/clock.ts'
import type { TransactionRecord } from '../records.ts'
import { nameOf } from '../../operators/principal.ts'
import { scopeOf } from '../../api/access.ts'
import { closeTransaction } from './route-close.ts'
import { correctTransaction } from './route-correct.ts'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { notFound } from '../../api/errors.ts'
import { TransactionParams, text, time } from '../../api/fields.ts'
import { assignedMeterValueView } from '../metering/meter-value-item.ts'
import { AssignedMeterValue } from '../metering/routes.ts'
import { cursorQuery, pageFields, pageIn, pageOf, pageQuery } from '../../api/paging.ts'
import { body, errors, json } from '../../api/responses.ts'
import { Correction, Transaction, TransactionItem, correctionView, transactionView } from './route-views.ts'
import { routeFor } from '../../api/route.ts'
import { filterOf, filterQuery } from './route-filter.ts'
import { transactionItem } from './transaction-item.ts'

const meterStopError = 'Meter stop must be a number of Wh, zero or more'

const Close = z
  .strictObject({
    meterStop: z.number({ error: meterStopError }).min(0, { error: meterStopError }).optional().openapi({
      description:
        'Register of the meter at the end, in Wh. Left out, the last register of its meter values counts, and `meterStopSource` of the answer is `lastRegister`.',
    }),
    stopTime: time('Stop time').optional().openapi({ description: 'Now if left out.' }),
    reason: text('Reason', 50).optional().openapi({ example: 'Other' }),
  })
  .openapi('CloseTransaction')

const listRoute = routeFor('transaction:read', {
  method: 'get',
  path: '/api/transactions',
  operationId: 'listTransactions',
  tags: ['Transactions'],
  summary: 'Get transaction history',
  description:
    'Newest first: by the arrival of the first message of each; with `from` or `to` by their start, but those of `open=true` by arrival. With PostgreSQL, `totalCount` is exact without filters and with `chargePointId`, `idTag`, `from` and `to` with `open`, and `chargePointId` with these; else, and for who sees some groups only, up to 10,000: a page number beyond is refused, and `after` goes on. A charge point with its own credentials must ask for its own `chargePointId`.',
  request: { query: z.strictObject({ ...filterQuery, ...cursorQuery }) },
  responses: {
    200: json(z.object({ ...pageFields, transactions: z.array(TransactionItem) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const getRoute = routeFor('transaction:read', {
  method: 'get',
  path: '/api/transactions/{transactionId}',
  operationId: 'getTransaction',
  tags: ['Transactions'],
  summary: 'Everything that is stored about a transaction',
  description: 'With its energy, how it ended, and, while it is open, why it may be over already.',
  request: { params: TransactionParams },
  responses: { 200: json(Transaction, 'The transaction.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

const meterValuesRoute = routeFor('transaction:read', {
  method: 'get',
  path: '/api/transactions/{transactionId}/meter-values',
  operationId: 'listMeterValuesOfTransaction',
  tags: ['Transactions'],
  summary: 'Meter values of a transaction',
  description:
    'Ordered by sample time, then by arrival. Values that name only the connector are included if the transaction was ' +
    'open there.',
  request: { params: TransactionParams, query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, meterValues: z.array(AssignedMeterValue) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

const correctionsRoute = routeFor('transaction:read', {
  method: 'get',
  path: '/api/transactions/{transactionId}/corrections',
  operationId: 'listCorrections',
  tags: ['Transactions'],
  summary: 'Corrections of an end that an operator entered',
  description: 'In the order in which they were made.',
  request: { params: TransactionParams, query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, corrections: z.array(Correction) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

const closeRoute = routeFor('transaction:write', {
  method: 'post',
  path: '/api/transactions/{transactionId}/close',
  operationId: 'closeTransaction',
  tags: ['Transactions'],
  summary: 'Close a transaction that will never end by itself, or correct how an operator closed it',
  description: `Nothing is sent to the charge point. If the charge point reports a stop later, that stop replaces what the operator entered, and an anomaly is stored.

If an operator has already closed the transaction, this request corrects it: the fields in the body are replaced, the others stay, and \`GET …/corrections\` lists who changed what. A correction that changes nothing is not stored. The request is refused if the charge point stopped the transaction.`,
  request: { params: TransactionParams, body: body(Close, false) },
  responses: {
    200: json(Transaction, 'The transaction as it is now.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'REQUEST_TOO_LARGE', 'STORE_QUEUE_FULL'),
  },
})

/** Reading transactions, closing them, and correcting how they were closed. */
export function transactionRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(listRoute, async (c) => {
    const { page: number, pageSize, after, ghost, ...wanted } = c.req.valid('query')
    const page = pageIn({ page: number, pageSize, after })
    const moment = { deadlines: deps.ghostDeadlines, nowMs: deps.clock.nowMs() }
    const filter = { ...filterOf(wanted, scopeOf(c)), ...(ghost === undefined ? {} : { ghostsAt: moment }) }
    const listed = await queries.listTransactions(filter, page)
    return c.json({ ...pageOf(listed, page), transactions: listed.items.map(transactionItem) }, 200)
  })

  app.openapi(getRoute, async (c) => {
    const transaction = await findTransaction(deps, c, c.req.valid('param').transactionId)
    const { transactionId, open } = transaction
    const ghosts = open ? await queries.ghostReasonsOf(transactionId, deps.ghostDeadlines, deps.clock.nowMs()) : []
    return c.json(transactionView(transaction, ghosts), 200)
  })

  app.openapi(meterValuesRoute, async (c) => {
    const { transactionId } = await findTransaction(deps, c, c.req.valid('param').transactionId)
    const page = c.req.valid('query')
    const listed = await queries.meterValuesOf(transactionId, page)
    return c.json({ ...pageOf(listed, page), meterValues: listed.items.map(assignedMeterValueView) }, 200)
  })

  app.openapi(correctionsRoute, async (c) => {
    const { transactionId } = await findTransaction(deps, c, c.req.valid('param').transactionId)
    const page = c.req.valid('query')
    const listed = await queries.correctionsOf(transactionId, page)
    return c.json({ ...pageOf(listed, page), corrections: listed.items.map(correctionView) }, 200)
  })

  app.openapi(closeRoute, async (c) => {
    const transaction = await findTransaction(deps, c, c.req.valid('param').transactionId)
    const chargePoint = { key: transaction.chargePointKey, identity: transaction.identity }
    noteChange(c, { chargePoint })
    const [entered, messageId] = [c.req.valid('json'), crypto.randomUUID()]
    const closed = transaction.open
      ? await closeTransaction(deps, transaction, entered, messageId)
      : await correctTransaction(deps, transaction, entered, nameOf(c.get('principal')), messageId)
    noteChange(c, { before: endOf(transaction), after: endOf(closed) })
    return c.json(transactionView(closed, []), 200)
  })

  return app
}

/** What closing and correcting change, for the audit log. */
function endOf({
  transactionId,
  open,
  closedBy,
  stoppedAtMs,
  meterStopWh,
  stopReason,
  corrections,
}: TransactionRecord) {
  const stopTime = stoppedAtMs === null ? null : isoTime(stoppedAtMs)
  return { transactionId, open, closedBy, stopTime, meterStop: meterStopWh, stopReason, corrections }
}

/** @throws {StatorError} `NOT_FOUND` if there is none in the scope of the sender. */
export async function findTransaction(
  { queries }: ApiDeps,
  c: Context<ApiEnv>,
  transactionId: number,
): Promise<TransactionRecord> {
  const transaction = await queries.transaction(transactionId, scopeOf(c))
  if (transaction === null) throw notFound('Transaction', transactionId)
  return transaction
}
