// Meter values in answers of the API, and GET /api/chargepoints/{chargePointId}/meter-values.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { meterValueView } from './meter-value-item.ts'
import { type ExportFormat, exportFormats } from '../exports.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { endings, exportAnswer, exportQuery, exportResponse, exportTexts } from '../../api/export.ts'
import { ChargePointParams } from '../../api/fields.ts'
import { pageFields, pageOf, pageQuery, periodOf, periodQuery } from '../../api/paging.ts'
import { Time, errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'

function measurement(description: string) {
  return z.number().nullable().openapi({ description })
}

export const MeterValue = z
  .object({
    timestamp: Time,
    sampledValue: z
      .array(z.unknown())
      .openapi({ description: 'As the charge point sent it.', example: [{ value: '5000', unit: 'Wh' }] }),
    receivedAt: Time,
    evseId: z.int(),
    connectorId: z.int(),
    energyWh: measurement('Energy register, in Wh (energyConsumed of a transaction is in kWh).'),
    powerW: measurement('Power, in W.'),
    currentA: measurement('Current, in A.'),
    voltageV: measurement('Voltage, in V.'),
    socPercent: measurement('State of charge, in percent.'),
  })
  .openapi('MeterValue')

export const AssignedMeterValue = MeterValue.extend({
  assignedBy: z.enum(['transactionId', 'connector']).openapi({
    description:
      '`transactionId`: the charge point named the transaction. `connector`: it named only the connector, and the transaction was open there when the value was sampled.',
  }),
}).openapi('AssignedMeterValue')

const ofChargePointRoute = routeFor('metervalue:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/meter-values',
  operationId: 'listMeterValuesOfChargePoint',
  tags: ['Charge points'],
  summary: 'Meter values of a charge point',
  description:
    'All meter values, with or without a transaction, newest first. Give a period with `from` and `to`: Stator counts and sorts all values in it.',
  request: { params: ChargePointParams, query: z.strictObject({ ...periodQuery('sampled'), ...pageQuery }) },
  responses: {
    200: json(z.object({ ...pageFields, meterValues: z.array(MeterValue) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

const exportRoute = (format: ExportFormat) =>
  routeFor('metervalue:read', {
    method: 'get',
    path: `/api/chargepoints/{chargePointId}/meter-values.${format}`,
    operationId: `exportMeterValuesOfChargePoint${endings[format]}`,
    tags: ['Charge points'],
    ...exportTexts(
      format,
      'Meter values of a charge point',
      'Values of one transaction follow each other, in the order of sample time.',
    ),
    request: {
      params: ChargePointParams,
      query: z.strictObject({ ...periodQuery('sampled'), ...exportQuery(format) }),
    },
    responses: { 200: exportResponse(format), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
  })

/** Reading the meter values of charge points. */
export function meterValueRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries } = deps
  const app = apiApp()

  app.openapi(ofChargePointRoute, async (c) => {
    const { from, to, ...page } = c.req.valid('query')
    const period = periodOf(from, to)
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const listed = await queries.meterValuesOfChargePoint({ chargePointKey: key, ...period }, page)
    return c.json({ ...pageOf(listed, page), meterValues: listed.items.map(meterValueView) }, 200)
  })

  for (const format of exportFormats) {
    app.openapi(exportRoute(format), async (c) => {
      const { from, to, ...query } = c.req.valid('query')
      const period = periodOf(from, to)
      const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
      const exported = { kind: 'meterValues', filter: { chargePointKey: key, ...period } } as const
      return exportAnswer(c, deps, 'meter-values', format, exported, query)
    })
  }

  return app
}
