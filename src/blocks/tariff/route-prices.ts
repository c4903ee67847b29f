// Prices: of all charge points, of a group, or of one. Stator computes from them what it tells charge points of 2.x.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { scopeOf } from '../../api/access.ts'
import { noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { notFound } from '../../api/errors.ts'
import { ChargePointParams, GroupParams } from '../../api/fields.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { isoTime } from '../../base/clock.ts'
import { nameOf } from '../../operators/principal.ts'
import type { Price, PriceRecord, PriceSubject } from './cost-records.ts'
import { amount } from './route-fields.ts'

const currencyError = 'Currency must be three letters (ISO 4217), such as EUR'

const PutPrice = z
  .strictObject({
    currency: z
      .string({ error: currencyError })
      .regex(/^[A-Z]{3}$/, { error: currencyError })
      .openapi({ description: 'ISO 4217: that of the charge points (TariffCostCtrlr.Currency).', example: 'EUR' }),
    perKwh: amount('Per kWh').default(0).openapi({ example: 0.49 }),
    perMinute: amount('Per minute').default(0).openapi({ example: 0.02 }),
    perSession: amount('Per session').default(0).openapi({ example: 1 }),
  })
  .openapi('PutPrice')

const PriceShown = z
  .object({
    currency: z.string().openapi({ example: 'EUR' }),
    perKwh: z.number().openapi({ example: 0.49 }),
    perMinute: z.number().openapi({ example: 0.02 }),
    perSession: z.number().openapi({ example: 1 }),
    owner: z.enum(['chargePoint', 'group', 'default']).openapi({
      description: 'Whose price it is: of the charge point itself, of a group, or of all that have no other.',
      example: 'default',
    }),
    changedAt: Time,
    changedBy: z.string().openapi({ example: 'admin' }),
  })
  .openapi('Price')

const tags = ['Tariffs']
const applies =
  'A transaction of OCPP 2.x keeps the price that applies when it begins: of its charge point, else of its group or the nearest group above it that has one, else the default.'
const readErrors = errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND')
const writeErrors = errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'REQUEST_TOO_LARGE')
const price = body(PutPrice, true)

const ofAll = { path: '/api/price', tags } as const
const ofGroup = { path: '/api/groups/{groupId}/price', tags } as const
const ofChargePoint = { path: '/api/chargepoints/{chargePointId}/price', tags } as const

const routes = {
  getDefault: routeFor('tariff:read', {
    method: 'get',
    ...ofAll,
    operationId: 'getDefaultPrice',
    summary: 'Get the default price',
    description: applies,
    responses: { 200: json(PriceShown, 'The price.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
  }),
  putDefault: routeFor('price:write', {
    method: 'put',
    ...ofAll,
    operationId: 'storeDefaultPrice',
    summary: 'Store the default price',
    description: applies,
    request: { body: price },
    responses: { 200: json(PriceShown, 'The price.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'REQUEST_TOO_LARGE') },
  }),
  deleteDefault: routeFor('price:write', {
    method: 'delete',
    ...ofAll,
    operationId: 'deleteDefaultPrice',
    summary: 'Delete the default price',
    description: 'Transactions that have begun keep their price.',
    responses: { 204: { description: 'It is gone.' }, ...errors('FORBIDDEN', 'NOT_FOUND') },
  }),
  getGroup: routeFor('tariff:read', {
    method: 'get',
    ...ofGroup,
    operationId: 'getGroupPrice',
    summary: 'Get the price of a group',
    description: 'Its own one only.',
    request: { params: GroupParams },
    responses: { 200: json(PriceShown, 'The price.'), ...readErrors },
  }),
  putGroup: routeFor('tariff:write', {
    method: 'put',
    ...ofGroup,
    operationId: 'storeGroupPrice',
    summary: 'Store the price of a group',
    description: applies,
    request: { params: GroupParams, body: price },
    responses: { 200: json(PriceShown, 'The price.'), ...writeErrors },
  }),
  deleteGroup: routeFor('tariff:write', {
    method: 'delete',
    ...ofGroup,
    operationId: 'deleteGroupPrice',
    summary: 'Delete the price of a group',
    description: 'Transactions that have begun keep their price.',
    request: { params: GroupParams },
    responses: { 204: { description: 'It is gone.' }, ...readErrors },
  }),
  getChargePoint: routeFor('tariff:read', {
    method: 'get',
    ...ofChargePoint,
    operationId: 'getPrice',
    summary: 'Get the price that applies',
    description: applies,
    request: { params: ChargePointParams },
    responses: { 200: json(PriceShown, 'The price.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
  }),
  putChargePoint: routeFor('tariff:write', {
    method: 'put',
    ...ofChargePoint,
    operationId: 'storePrice',
    summary: 'Store the price of a charge point',
    description: applies,
    request: { params: ChargePointParams, body: price },
    responses: { 200: json(PriceShown, 'The price.'), ...writeErrors },
  }),
  deleteChargePoint: routeFor('tariff:write', {
    method: 'delete',
    ...ofChargePoint,
    operationId: 'deletePrice',
    summary: 'Delete the price of a charge point',
    description: 'That of its group or the default applies then. Transactions that have begun keep their price.',
    request: { params: ChargePointParams },
    responses: { 204: { description: 'It is gone.' }, ...errors('FORBIDDEN', 'NOT_FOUND') },
  }),
}

/** Prices. */
export function priceRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, clock } = deps
  const app = apiApp()

  const read = async (subject: PriceSubject, name: string): Promise<PriceRecord> => {
    const found = await queries.price(subject)
    if (found === null) throw notFound('Price', name)
    return found
  }
  const write = async (c: Context<ApiEnv>, subject: PriceSubject, name: string, wanted: Price) => {
    const before = await queries.price(subject)
    await queries.storePrice(subject, wanted, nameOf(c.get('principal')), clock.nowMs())
    noteChange(c, { ...(before === null ? {} : { before: termsOf(before) }), after: termsOf(wanted) })
    return priceView(await read(subject, name))
  }
  const remove = async (c: Context<ApiEnv>, subject: PriceSubject, name: string) => {
    const before = await read(subject, name)
    await queries.deletePrice(subject)
    noteChange(c, { before: termsOf(before) })
    return c.body(null, 204)
  }
  const groupIn = async (c: Context<ApiEnv>, groupId: number) => {
    const group = await queries.group(groupId, scopeOf(c))
    if (group === null) throw notFound('Group', groupId)
    return { subject: { groupKey: group.key }, name: `of group ${groupId}` }
  }
  const chargePointIn = async (c: Context<ApiEnv>, wanted: string) => {
    const { key, identity } = await findChargePoint(deps, c, wanted)
    return { subject: { chargePointKey: key }, name: `of charge point ${identity}` }
  }

  app.openapi(routes.getDefault, async (c) => c.json(priceView(await read('all', 'of all')), 200))
  app.openapi(routes.putDefault, async (c) => c.json(await write(c, 'all', 'of all', c.req.valid('json')), 200))
  app.openapi(routes.deleteDefault, async (c) => remove(c, 'all', 'of all'))

  app.openapi(routes.getGroup, async (c) => {
    const { subject, name } = await groupIn(c, c.req.valid('param').groupId)
    return c.json(priceView(await read(subject, name)), 200)
  })
  app.openapi(routes.putGroup, async (c) => {
    const { subject, name } = await groupIn(c, c.req.valid('param').groupId)
    return c.json(await write(c, subject, name, c.req.valid('json')), 200)
  })
  app.openapi(routes.deleteGroup, async (c) => {
    const { subject, name } = await groupIn(c, c.req.valid('param').groupId)
    return remove(c, subject, name)
  })

  app.openapi(routes.getChargePoint, async (c) => {
    const { subject, name } = await chargePointIn(c, c.req.valid('param').chargePointId)
    const found = await queries.priceOfChargePoint(subject.chargePointKey)
    if (found === null) throw notFound('Price', name)
    return c.json(priceView(found), 200)
  })
  app.openapi(routes.putChargePoint, async (c) => {
    const { subject, name } = await chargePointIn(c, c.req.valid('param').chargePointId)
    return c.json(await write(c, subject, name, c.req.valid('json')), 200)
  })
  app.openapi(routes.deleteChargePoint, async (c) => {
    const { subject, name } = await chargePointIn(c, c.req.valid('param').chargePointId)
    return remove(c, subject, name)
  })

  return app
}

function termsOf({ currency, perKwh, perMinute, perSession }: Price): Price {
  return { currency, perKwh, perMinute, perSession }
}

function priceView({ owner, changedAtMs, changedBy, ...terms }: PriceRecord): z.infer<typeof PriceShown> {
  return { ...termsOf(terms), owner, changedAt: isoTime(changedAtMs), changedBy }
}
