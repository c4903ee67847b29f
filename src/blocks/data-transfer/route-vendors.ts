// /api/data-transfer/vendors: the vendors whose DataTransfer messages are accepted.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest, notFound } from '../../api/errors.ts'
import { oneOf, text } from '../../api/fields.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { body, errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { StatorError } from '../../base/errors.ts'
import { transferMessagesMax, transferVendorsMax } from '../../base/limits.ts'
import { type TransferMessage, transferStatuses, type TransferVendor } from './vendor.ts'

const tags = ['Data transfer']

const answer = {
  status: oneOf('Status', transferStatuses).default('Accepted'),
  data: z.unknown().optional().openapi({
    description: 'Any JSON, for the answer. OCPP 1.6 has texts only: another value is sent there as JSON text.',
  }),
}

const Message = z.strictObject({ messageId: text('Message ID', 50), ...answer }).openapi('DataTransferMessage')

const VendorInput = z
  .strictObject({
    description: text('Description', 500).nullish(),
    ...answer,
    messages: z
      .array(Message, { error: 'Messages must be a list' })
      .max(transferMessagesMax, { error: `Messages must be at most ${transferMessagesMax}` })
      .nullish()
      .openapi({
        description:
          'The messages that are known, each with its answer; every other one is answered with UnknownMessageId. Null or left out: all messages of the vendor are known, and are answered with `status` and `data`.',
      }),
  })
  .openapi('DataTransferVendorInput', {
    example: { status: 'Accepted', messages: [{ messageId: 'Tariff', status: 'Accepted', data: '{"price":30}' }] },
  })

const Vendor = z
  .object({
    vendorId: z.string().openapi({ example: 'com.example' }),
    description: z.string().nullable(),
    status: z.enum(transferStatuses),
    data: z.unknown().optional(),
    messages: z.array(Message).nullable(),
  })
  .openapi('DataTransferVendor')

const VendorParams = z.object({
  vendorId: text('Vendor ID', 255).openapi({
    param: { name: 'vendorId', in: 'path' },
    description: 'As charge points send it, in the same letter case.',
    example: 'com.example',
  }),
})

const path = '/api/data-transfer/vendors/{vendorId}'

const listRoute = routeFor('data-transfer:read', {
  method: 'get',
  path: '/api/data-transfer/vendors',
  operationId: 'listDataTransferVendors',
  tags,
  summary: 'List the registered vendors',
  description: 'By vendorId. DataTransfer messages of other vendors are stored, and answered with UnknownVendorId.',
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, vendors: z.array(Vendor) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const getRoute = routeFor('data-transfer:read', {
  method: 'get',
  path,
  operationId: 'getDataTransferVendor',
  tags,
  summary: 'Get a registered vendor',
  description: 'With its messages and their answers.',
  request: { params: VendorParams },
  responses: { 200: json(Vendor, 'The vendor.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

const putRoute = routeFor('data-transfer:write', {
  method: 'put',
  path,
  operationId: 'storeDataTransferVendor',
  tags,
  summary: 'Register a vendor',
  description: `From then on its DataTransfer messages are answered as this says, at other nodes within ten seconds; they are stored as events in any case (\`GET /api/chargepoints/{chargePointId}/events?action=DataTransfer\`). There may be ${transferVendorsMax} vendors.`,
  request: { params: VendorParams, body: body(VendorInput, true) },
  responses: {
    200: json(Vendor, 'It was registered before, and is replaced.'),
    201: json(Vendor, 'It is registered.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const deleteRoute = routeFor('data-transfer:write', {
  method: 'delete',
  path,
  operationId: 'deleteDataTransferVendor',
  tags,
  summary: 'Remove a vendor',
  description: 'From then on its messages are answered with UnknownVendorId, at other nodes within ten seconds.',
  request: { params: VendorParams },
  responses: { 204: { description: 'It is gone.' }, ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

/** Registered vendors. */
export function transferVendorRoutes({ queries, clock }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(listRoute, async (c) => {
    const page = c.req.valid('query')
    const listed = await queries.listTransferVendors(page)
    return c.json({ ...pageOf(listed, page), vendors: listed.items.map(viewOf) }, 200)
  })

  app.openapi(getRoute, async (c) => {
    const { vendorId } = c.req.valid('param')
    return c.json(viewOf(found(await queries.storedTransferVendor(vendorId), vendorId)), 200)
  })

  app.openapi(putRoute, async (c) => {
    const { vendorId } = c.req.valid('param')
    const { description = null, messages = null, ...rest } = c.req.valid('json')
    const twice = messages?.find((one, at) => messages.findIndex((each) => each.messageId === one.messageId) < at)
    if (twice !== undefined) throw badRequest('messages', `Message '${twice.messageId}' is there twice`)
    const vendor: TransferVendor = { vendorId, description, answer: rest, messages }
    const before = await queries.storedTransferVendor(vendorId)
    const stored = await queries.storeTransferVendor(vendor, clock.nowMs())
    if (stored === null) throw new StatorError('CONFLICT', `There are ${transferVendorsMax} vendors; remove one`)
    const view = viewOf(vendor)
    noteChange(c, { ...(before === null ? {} : { before: viewOf(before) }), after: view })
    return stored === 'created' ? c.json(view, 201) : c.json(view, 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const { vendorId } = c.req.valid('param')
    const before = found(await queries.storedTransferVendor(vendorId), vendorId)
    if (!(await queries.deleteTransferVendor(vendorId))) throw notFound('Vendor', vendorId)
    noteChange(c, { before: viewOf(before) })
    return c.body(null, 204)
  })

  return app
}

function found(vendor: TransferVendor | null, vendorId: string): TransferVendor {
  if (vendor === null) throw notFound('Vendor', vendorId)
  return vendor
}

function viewOf({ vendorId, description, answer: { status, data }, messages }: TransferVendor) {
  const shown = (message: TransferMessage) => ({ ...message })
  const more = data === undefined ? {} : { data }
  return { vendorId, description, status, ...more, messages: messages === null ? null : messages.map(shown) }
}
