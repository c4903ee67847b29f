// GET /api/transactions.csv, .ndjson and .parquet, and the meter values of a transaction in these formats.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { scopeOf } from '../../api/access.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp, type ApiEnv } from '../../api/env.ts'
import { endings, exportAnswer, exportQuery, exportResponse, exportTexts } from '../../api/export.ts'
import { TransactionParams } from '../../api/fields.ts'
import { errors } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { type ExportFormat, exportFormats } from '../exports.ts'
import { filterOf, filterQuery } from './route-filter.ts'
import { findTransaction } from './routes.ts'

const exportRoute = (format: ExportFormat) =>
  routeFor('transaction:read', {
    method: 'get',
    path: `/api/transactions.${format}`,
    operationId: `exportTransactions${endings[format]}`,
    tags: ['Transactions'],
    ...exportTexts(format, 'The transaction history', 'Oldest first, by the arrival of the first message of each.'),
    request: { query: z.strictObject({ ...filterQuery, ...exportQuery(format) }) },
    responses: { 200: exportResponse(format), ...errors('BAD_REQUEST', 'FORBIDDEN') },
  })

const meterValuesRoute = (format: ExportFormat) =>
  routeFor('transaction:read', {
    method: 'get',
    path: `/api/transactions/{transactionId}/meter-values.${format}`,
    operationId: `exportMeterValuesOfTransaction${endings[format]}`,
    tags: ['Transactions'],
    ...exportTexts(format, 'Meter values of a transaction', 'Ordered by sample time, then by arrival.'),
    request: { params: TransactionParams, query: z.strictObject(exportQuery(format)) },
    responses: { 200: exportResponse(format), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
  })

/** Transactions, and the meter values of one, as files. */
export function transactionExportRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()
  for (const format of exportFormats) {
    app.openapi(exportRoute(format), async (c) => {
      const { chargePointId, idTag, from, to, startDate, endDate, open, ghost, ...query } = c.req.valid('query')
      const filter = filterOf({ chargePointId, idTag, from, to, startDate, endDate, open }, scopeOf(c))
      const moment = { deadlines: deps.ghostDeadlines, nowMs: deps.clock.nowMs() }
      const transactionIds = ghost === undefined ? null : await deps.queries.ghostIds(filter, moment)
      const exported = { kind: 'transactions', filter, transactionIds } as const
      return exportAnswer(c, deps, 'transactions', format, exported, query)
    })

    app.openapi(meterValuesRoute(format), async (c) => {
      const { transactionId } = await findTransaction(deps, c, c.req.valid('param').transactionId)
      const exported = { kind: 'meterValuesOfTransaction', transactionId } as const
      return exportAnswer(c, deps, 'meter-values', format, exported, c.req.valid('query'))
    })
  }
  return app
}
