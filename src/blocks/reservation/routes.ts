// /api/chargepoints/{chargePointId}/reservations: reservations at the charge point, and what became of them.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { commandIn } from '../../api/answer-command.ts'
import { noteAnswer, noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest, notFound } from '../../api/errors.ts'
import { ChargePointParams, evseId, integer, integerText, text, time } from '../../api/fields.ts'
import { newWireId } from '../../api/new-wire-id.ts'
import { pageQuery } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import {
  commandErrorCodes,
  CommandOutcome,
  requireConnected,
  requireSendable,
  requireValid,
  sendForStatus,
  sendStored,
} from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { idTokenCharactersMax, integerMax } from '../../base/limits.ts'
import { withDefined } from '../../base/with-defined.ts'
import { nameOf } from '../../operators/principal.ts'
import { storedIdTag } from '../../api/stored-id-tag.ts'
import { cancelCommand, cancelOutcome, reserveCommand, reserveOutcome } from './commands.ts'
import { type ReservationRecord, reservationState, reservationStateMeanings, reservationStates } from './reservation.ts'

const statesExplained = reservationStates.map((state) => `\`${state}\`: ${reservationStateMeanings[state]}`).join('; ')

const Reservation = z
  .object({
    reservationId: z.int().openapi({ description: 'As on the wire.', example: 4711 }),
    state: z.enum(reservationStates).openapi({ description: `${statesExplained}.`, example: 'active' }),
    evseId: z.int().nullable().openapi({ description: 'OCPP 1.6: the connector. null: any.', example: 1 }),
    connectorType: z.string().nullable().openapi({ example: 'cCCS2' }),
    idTag: z.string().openapi({ example: 'USER123' }),
    parentIdTag: z.string().nullable().openapi({ example: null }),
    expiresAt: Time,
    status: z.string().nullable().openapi({
      description: 'What the charge point answered; null: nothing.',
      example: 'Accepted',
    }),
    transactionId: z.int().nullable().openapi({ description: 'The transaction that used it.', example: null }),
    createdAt: Time,
    createdBy: z.string().openapi({ description: "Name of the operator's key.", example: 'admin' }),
    endedAt: Time.nullable().openapi({ description: 'When it was used, lost or cancelled, or expired.' }),
  })
  .openapi('Reservation')

const Reserve = z
  .strictObject({
    idTag: text('ID tag', idTokenCharactersMax).openapi({ description: 'Who may charge.' }),
    idTokenType: text('ID token type', 20).optional().openapi({
      description:
        'OCPP 2.x: the type of the id tag (IdTokenEnumType, such as ISO14443), if none is stored with it. Left out: ISO14443, a card.',
      example: 'ISO14443',
    }),
    parentIdTag: text('Parent ID tag', idTokenCharactersMax)
      .optional()
      .openapi({ description: 'Whoever has an id tag of this group may use the reservation, too.' }),
    evseId: evseId.optional().openapi({ description: 'OCPP 1.6: the connector. Left out: any that is free.' }),
    connectorType: text('Connector type', 20)
      .optional()
      .openapi({ description: 'OCPP 2.x: a connector of this type (ConnectorEnumType).' }),
    expiresAt: time('Expires at'),
    reservationId: integer('Reservation ID', 1)
      .optional()
      .openapi({ description: 'Left out: a new one. One that exists is replaced.' }),
  })
  .openapi('Reserve', { example: { idTag: 'USER123', evseId: 1, expiresAt: '2025-12-27T00:00:00Z' } })

const ReserveOutcome = CommandOutcome.extend({
  reservationId: z.int().openapi({ example: 4711 }),
}).openapi('ReserveOutcome')

const path = '/api/chargepoints/{chargePointId}/reservations'
const tags = ['Reservations']

const ReservationParams = ChargePointParams.extend({
  reservationId: integerText('Reservation ID', 1, integerMax).openapi({
    param: { name: 'reservationId', in: 'path' },
    example: 4711,
  }),
})

const reserveRoute = routeFor('command:reserve', {
  method: 'post',
  path,
  operationId: 'reserve',
  tags,
  summary: 'Reserve',
  description:
    'ReserveNow: an EVSE, a connector type, or any EVSE is kept free for an id tag until `expiresAt`. Whether a charge point of OCPP 1.6 can reserve any connector is in ReserveConnectorZeroSupported.',
  request: { params: ChargePointParams, body: body(Reserve, true) },
  responses: { 200: json(ReserveOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const cancelRoute = routeFor('command:reserve', {
  method: 'delete',
  path: `${path}/{reservationId}`,
  operationId: 'cancelReservation',
  tags,
  summary: 'Cancel a reservation',
  description: 'CancelReservation. It is sent for every id, also for one that Stator does not know.',
  request: { params: ReservationParams },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const getRoute = routeFor('reservation:read', {
  method: 'get',
  path: `${path}/{reservationId}`,
  operationId: 'getReservation',
  tags,
  summary: 'What became of a reservation',
  description: 'One that was made over this API. Its state is as of now.',
  request: { params: ReservationParams },
  responses: { 200: json(Reservation, 'The reservation.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

const cursor = /^(\d{1,14})\.(\d{1,10})$/

const listRoute = routeFor('reservation:read', {
  method: 'get',
  path,
  operationId: 'listReservations',
  tags,
  summary: 'List reservations',
  description: 'Those that were made over this API, newest first. They are kept for OCPP.EventDays after their expiry.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      after: text('After', 30)
        .optional()
        .openapi({ param: { name: 'after', in: 'query' }, description: 'The `next` of the page before.' }),
      pageSize: pageQuery.pageSize,
    }),
  },
  responses: {
    200: json(
      z.object({
        reservations: z.array(Reservation),
        next: z.string().nullable().openapi({ description: 'For `after`; null: there are no more.', example: null }),
      }),
      'A page of them.',
    ),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** Reservations. */
export function reservationRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, clock } = deps
  const app = apiApp()

  app.openapi(reserveRoute, async (c) => {
    const { idTag, parentIdTag, evseId: evse, connectorType, expiresAt: expiresAtMs, ...rest } = c.req.valid('json')
    const { reservationId = newWireId(), idTokenType } = rest
    const nowMs = clock.nowMs()
    if (expiresAtMs <= nowMs) throw badRequest('expiresAt', 'Expires at must be in the future')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const storedType = (await storedIdTag(queries, idTag))?.type ?? null
    const more = withDefined({ evseId: evse, connectorType, parentIdTag, idTokenType: storedType ?? idTokenType })
    const request = { reservationId, idTag, expiresAtMs, ...more }
    const command = commandIn(version, (spoken) => reserveCommand(spoken, request))
    requireSendable(deps, chargePoint, command.action)
    requireValid(version, command)

    // A start with the reservation may arrive before the answer to the command.
    const { key: chargePointKey } = chargePoint
    const made = {
      chargePointKey,
      reservationId,
      evseId: evse ?? null,
      connectorType: connectorType ?? null,
      idToken: idTag,
      groupIdToken: parentIdTag ?? null,
      expiresAtMs,
      createdAtMs: nowMs,
      createdBy: nameOf(c.get('principal')),
    }
    await queries.storeReservation(made)
    noteChange(c, { after: { reservationId } })
    const answered = (status: string) => queries.answerReservation(made, status, clock.nowMs())
    const status = await sendStored(deps, chargePoint, version, command, answered)
    noteChange(c, { after: { reservationId, status } })
    return c.json({ ...reserveOutcome(status), reservationId }, 200)
  })

  app.openapi(cancelRoute, async (c) => {
    const { chargePointId, reservationId } = c.req.valid('param')
    const chargePoint = await findChargePoint(deps, c, chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const status = await sendForStatus(deps, chargePoint, version, cancelCommand(reservationId))
    noteAnswer(c, status)
    if (status === 'Accepted') await queries.cancelReservation(chargePoint.key, reservationId, clock.nowMs())
    return c.json(cancelOutcome(status), 200)
  })

  app.openapi(getRoute, async (c) => {
    const { chargePointId, reservationId } = c.req.valid('param')
    const { key } = await findChargePoint(deps, c, chargePointId)
    const found = await queries.reservation(key, reservationId)
    if (found === null) throw notFound('Reservation', reservationId)
    return c.json(reservationView(found, clock.nowMs()), 200)
  })

  app.openapi(listRoute, async (c) => {
    const { after, pageSize } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const place = after === undefined ? null : placeOf(after)
    const found = await queries.reservationsOf(key, place, pageSize + 1)
    const shown = found.slice(0, pageSize)
    const last = found.length > pageSize ? shown.at(-1) : undefined
    const next = last === undefined ? null : `${last.createdAtMs}.${last.reservationId}`
    return c.json({ reservations: shown.map((one) => reservationView(one, clock.nowMs())), next }, 200)
  })

  return app
}

function placeOf(after: string) {
  const [, createdAtMs, reservationId] = cursor.exec(after) ?? []
  if (createdAtMs === undefined || Number(reservationId) > integerMax) {
    throw badRequest('after', 'After must be the `next` of another page')
  }
  return { createdAtMs: Number(createdAtMs), reservationId: Number(reservationId) }
}

function reservationView(record: ReservationRecord, nowMs: number): z.infer<typeof Reservation> {
  const { idToken, groupIdToken, expiresAtMs, createdAtMs, createdBy, transactionId } = record
  const { reservationId, evseId: evse, connectorType, status } = record
  const state = reservationState(record, nowMs)
  const endMs = endOf(record, state)
  return {
    reservationId,
    state,
    evseId: evse,
    connectorType,
    idTag: idToken,
    parentIdTag: groupIdToken,
    expiresAt: isoTime(expiresAtMs),
    status,
    transactionId,
    createdAt: isoTime(createdAtMs),
    createdBy,
    endedAt: endMs === null ? null : isoTime(endMs),
  }
}

function endOf(record: ReservationRecord, state: ReturnType<typeof reservationState>): number | null {
  switch (state) {
    case 'cancelled':
      return record.cancelledAtMs
    case 'expired':
      return record.endedAtMs ?? record.expiresAtMs
    case 'lost':
    case 'used':
      return record.endedAtMs ?? record.failedAtMs
    default:
      return null
  }
}
