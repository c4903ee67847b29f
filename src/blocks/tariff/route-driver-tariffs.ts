// /api/id-tags/{idTag}/tariff: what the answer to an Authorize tells the driver of prices.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest, notFound } from '../../api/errors.ts'
import { body, errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { requireValid } from '../../api/send-command.ts'
import { driverTariffCharactersMax } from '../../base/limits.ts'
import { IdTagParams } from '../authorization/routes.ts'
import { changeTariffCommand } from './commands.ts'
import type { DriverTariff } from './registry.ts'
import { messageContent, tariffBody } from './route-fields.ts'

const PutDriverTariff = z
  .strictObject({
    tariff: tariffBody.optional().openapi({
      description: `OCPP 2.1: by which the charge point computes the cost. At most ${driverTariffCharactersMax} characters of JSON.`,
    }),
    personalMessage: messageContent.optional().openapi({ description: 'OCPP 2.x: what the charge point shows (I01).' }),
  })
  .refine(({ tariff, personalMessage }) => (tariff ?? personalMessage) !== undefined, {
    error: 'The body must have a tariff or a personalMessage',
  })
  .openapi('PutDriverTariff', { example: { personalMessage: { format: 'UTF8', content: '0.49 EUR/kWh' } } })

const DriverTariffShown = z
  .object({
    tariff: z.record(z.string(), z.unknown()).nullable().openapi({ example: null }),
    personalMessage: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({ example: { format: 'UTF8', content: '0.49 EUR/kWh' } }),
  })
  .openapi('DriverTariff')

const path = '/api/id-tags/{idTag}/tariff'
const tags = ['Tariffs']

const getRoute = routeFor('idtag:read', {
  method: 'get',
  path,
  operationId: 'getDriverTariff',
  tags,
  summary: 'What a driver is told of prices',
  description: 'Letter case of the id tag is ignored.',
  request: { params: IdTagParams },
  responses: { 200: json(DriverTariffShown, 'What is told.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
})

const putRoute = routeFor('idtag:write', {
  method: 'put',
  path,
  operationId: 'storeDriverTariff',
  tags,
  summary: 'Store what a driver is told of prices',
  description:
    'It is in the answer to each Authorize of OCPP 2.x that is accepted: the tariff in 2.1 (I08), the message in 2.0.1 and 2.1 (I01). What was stored before is replaced.',
  request: { params: IdTagParams, body: body(PutDriverTariff, true) },
  responses: {
    200: json(DriverTariffShown, 'What is told.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'REQUEST_TOO_LARGE'),
  },
})

const deleteRoute = routeFor('idtag:write', {
  method: 'delete',
  path,
  operationId: 'deleteDriverTariff',
  tags,
  summary: 'Tell a driver nothing of prices',
  description: 'The id tag itself stays.',
  request: { params: IdTagParams },
  responses: { 204: { description: 'It is gone.' }, ...errors('FORBIDDEN', 'NOT_FOUND') },
})

/** What drivers are told of prices. */
export function driverTariffRoutes({ queries }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()
  const told = async (idTag: string): Promise<DriverTariff> => {
    const found = await queries.driverTariff(idTag)
    if (found === null) throw notFound('ID tag', idTag)
    return found
  }

  app.openapi(getRoute, async (c) => c.json(tariffView(await told(c.req.valid('param').idTag)), 200))

  app.openapi(putRoute, async (c) => {
    const { idTag } = c.req.valid('param')
    const { tariff = null, personalMessage = null } = c.req.valid('json')
    if (tariff !== null) requireTariff(tariff)
    const before = await told(idTag)
    await queries.storeDriverTariff(idTag, { tariff, personalMessage })
    noteChange(c, { before: auditedOf(before), after: auditedOf({ tariff, personalMessage }) })
    return c.json(tariffView(await told(idTag)), 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const { idTag } = c.req.valid('param')
    noteChange(c, { before: auditedOf(await told(idTag)) })
    await queries.storeDriverTariff(idTag, { tariff: null, personalMessage: null })
    return c.body(null, 204)
  })

  return app
}

/** @throws {StatorError} `BAD_REQUEST` if it is no TariffType, or longer than `driverTariffCharactersMax`. */
function requireTariff(tariff: Readonly<Record<string, unknown>>): void {
  if (JSON.stringify(tariff).length > driverTariffCharactersMax) {
    throw badRequest('tariff', `Tariff must be at most ${driverTariffCharactersMax} characters of JSON`)
  }
  const version = '2.1'
  const command = changeTariffCommand(version, '0', tariff)
  if (!('reason' in command)) requireValid(version, command)
}

/** For the audit log: which tariff, not all of it. */
function auditedOf({ tariff, personalMessage }: DriverTariff) {
  return { tariffId: tariff?.tariffId ?? null, hasPersonalMessage: personalMessage !== null }
}

function tariffView({ tariff, personalMessage }: DriverTariff): z.infer<typeof DriverTariffShown> {
  return {
    tariff: tariff === null ? null : { ...tariff },
    personalMessage: personalMessage === null ? null : { ...personalMessage },
  }
}
