// Reservations over REST, with charge points that speak for themselves: made, used, lost, expired, cancelled, listed.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ocppVersions } from '../../../src/ocpp/version.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

type Json = Record<string, unknown>

let stator: TestStator
const expiresAt = new Date(Date.now() + 3_600_000).toISOString()

beforeAll(async () => {
  stator = await TestStator.start({ settings: { OCPP: { CallTimeout: 1 } } })
  await stator.addIdTag('USER123', { type: 'ISO14443' })
})

afterAll(() => stator.stop())

const pathOf = (identity: string) => `/api/chargepoints/${identity}/reservations`

/** Reserves, and answers for the charge point. */
async function reserved(raw: RawChargePoint, identity: string, more: Json = {}, status = 'Accepted') {
  const body = { idTag: 'USER123', evseId: 1, expiresAt, ...more }
  const asked = stator.json(pathOf(identity), { body })
  const { messageId, payload } = await raw.command('ReserveNow')
  raw.answer(messageId, { status })
  const answer = await asked
  return { payload, answer, id: Number(answer['reservationId']) }
}

const shown = (identity: string, id: number): Promise<Json> => stator.json(`${pathOf(identity)}/${id}`)

const started = {
  '1.6': (raw: RawChargePoint, reservationId: number) =>
    raw.call('StartTransaction', {
      connectorId: 1,
      idTag: 'USER123',
      meterStart: 0,
      timestamp: new Date().toISOString(),
      reservationId,
    }),
  '2.0.1': (raw: RawChargePoint, reservationId: number) =>
    raw.call('TransactionEvent', {
      eventType: 'Started',
      timestamp: new Date().toISOString(),
      triggerReason: 'Authorized',
      seqNo: 0,
      transactionInfo: { transactionId: `tx-${reservationId}` },
      reservationId,
      evse: { id: 1, connectorId: 1 },
      idToken: { idToken: 'USER123', type: 'ISO14443' },
    }),
}

describe.each([...ocppVersions])('OCPP %s', (version) => {
  const identity = `RES-${version}`
  let raw: RawChargePoint

  beforeAll(async () => {
    raw = await stator.bootedRaw(identity, version)
  })

  test('a start with the reservation uses it', async () => {
    const { payload, answer, id } = await reserved(raw, identity)
    expect(answer).toEqual({ status: 'Accepted', message: 'The charge point has reserved', reservationId: id })
    expect(payload).toEqual(
      version === '1.6'
        ? { connectorId: 1, expiryDate: expiresAt, idTag: 'USER123', reservationId: id }
        : { id, expiryDateTime: expiresAt, idToken: { idToken: 'USER123', type: 'ISO14443' }, evseId: 1 },
    )
    expect(await shown(identity, id)).toMatchObject({
      state: 'active',
      idTag: 'USER123',
      evseId: 1,
      createdBy: 'admin',
    })
    await started[version === '1.6' ? '1.6' : '2.0.1'](raw, id)
    const { transactions } = await stator.json(`/api/transactions?chargePointId=${identity}`)
    const [{ transactionId }] = transactions as [Json]
    expect(await shown(identity, id)).toMatchObject({ state: 'used', transactionId, endedAt: expect.any(String) })
  })

  test('a refused one is rejected, and one without an answer stays requested', async () => {
    const { answer, id } = await reserved(raw, identity, {}, 'Occupied')
    expect(answer).toMatchObject({ message: 'The charge point answered the reservation with Occupied' })
    expect(await shown(identity, id)).toMatchObject({ state: 'rejected', status: 'Occupied', endedAt: null })
    const reservationId = 815
    const body = { idTag: 'USER123', evseId: 1, expiresAt, reservationId }
    const asked = stator.api(pathOf(identity), { body })
    await raw.command('ReserveNow')
    expect(await asked).toMatchObject({ status: 504 })
    expect(await shown(identity, reservationId)).toMatchObject({ state: 'requested', status: null })
  })

  test('one that is asked for again and refused leaves the one that is held; a CALLERROR is a refusal', async () => {
    const { id: reservationId } = await reserved(raw, identity)
    const later = new Date(Date.now() + 7_200_000).toISOString()
    await reserved(raw, identity, { reservationId, expiresAt: later }, 'Occupied')
    expect(await shown(identity, reservationId)).toMatchObject({ state: 'active', status: 'Accepted', expiresAt })
    for (const [id, state] of [
      [reservationId, 'active'],
      [816, 'rejected'],
    ] as const) {
      const body = { idTag: 'USER123', evseId: 1, expiresAt: later, reservationId: id }
      const asked = stator.api(pathOf(identity), { body })
      const { messageId } = await raw.command('ReserveNow')
      raw.send(JSON.stringify([4, messageId, 'InternalError', '', {}]))
      expect(await asked).toMatchObject({ status: 502 })
      expect(await shown(identity, id)).toMatchObject({ state })
    }
    await reserved(raw, identity, { reservationId, expiresAt: later })
    expect(await shown(identity, reservationId)).toMatchObject({ state: 'active', expiresAt: later })
  })

  test('an operator cancels it; an id that Stator does not know reaches the charge point, too', async () => {
    const { id } = await reserved(raw, identity)
    for (const [reservationId, status] of [
      [id, 'Accepted'],
      [4_242, 'Rejected'],
    ] as const) {
      const asked = stator.api(`${pathOf(identity)}/${reservationId}`, { method: 'DELETE' })
      const { messageId, payload } = await raw.command('CancelReservation')
      expect(payload).toEqual({ reservationId })
      raw.answer(messageId, { status })
      expect(await asked).toMatchObject({ status: 200, body: { status } })
    }
    expect(await shown(identity, id)).toMatchObject({ state: 'cancelled' })
    expect(await stator.api(`${pathOf(identity)}/4242`)).toMatchObject({ status: 404 })
  })

  test('a fault loses it', async () => {
    const { id } = await reserved(raw, identity)
    if (version === '1.6') {
      await raw.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Reserved' })
      expect(await shown(identity, id)).toMatchObject({ state: 'active' })
      await raw.call('StatusNotification', { connectorId: 1, errorCode: 'GroundFailure', status: 'Faulted' })
    } else {
      await raw.call('ReservationStatusUpdate', { reservationId: id, reservationUpdateStatus: 'Removed' })
    }
    expect(await shown(identity, id)).toMatchObject({ state: 'lost', endedAt: expect.any(String) })
  })

  test('it expires by time, or because the charge point says so', async () => {
    const soon = new Date(Date.now() + 300).toISOString()
    const { id } = await reserved(raw, identity, { expiresAt: soon, reservationId: 900 })
    await until('the reservation to expire', async () => (await shown(identity, id))['state'] === 'expired' || null)
    // One of the same id replaces it: what came before is forgotten.
    const again = await reserved(raw, identity, { reservationId: 900 })
    expect(await shown(identity, again.id)).toMatchObject({ state: 'active', expiresAt })
    if (version === '1.6') return
    await raw.call('ReservationStatusUpdate', { reservationId: 900, reservationUpdateStatus: 'Expired' })
    expect(await shown(identity, 900)).toMatchObject({ state: 'expired' })
  })

  test('the list has them all, newest first, page by page', async () => {
    const seen: unknown[] = []
    for (let after = ''; ;) {
      const { reservations, next } = await stator.json(`${pathOf(identity)}?pageSize=2${after}`)
      seen.push(...(reservations as Json[]).map(({ reservationId }) => reservationId))
      if (next === null) break
      after = `&after=${next}`
    }
    expect(seen).toHaveLength(8)
    expect(seen[0]).toBe(900)
    expect(new Set(seen).size).toBe(8)
  })
})

test('a connector type is reserved over 2.x, and is no command of 1.6', async () => {
  const body = { idTag: 'USER123', connectorType: 'cCCS2', expiresAt }
  await stator.bootedRaw('RES-TYPE16')
  expect(await stator.api(pathOf('RES-TYPE16'), { body })).toMatchObject({
    status: 409,
    body: { message: 'OCPP 1.6 cannot reserve by connector type' },
  })
  const raw = await stator.bootedRaw('RES-TYPE', '2.0.1')
  const { payload, id } = await reserved(raw, 'RES-TYPE', { connectorType: 'cCCS2', evseId: undefined })
  expect(payload).not.toHaveProperty('evseId')
  expect(payload).toMatchObject({ connectorType: 'cCCS2' })
  expect(await shown('RES-TYPE', id)).toMatchObject({ connectorType: 'cCCS2', evseId: null })
})

test('a reservation that ends before it begins is refused', async () => {
  await stator.bootedRaw('RES-PAST', '2.0.1')
  const body = { idTag: 'USER123', expiresAt: '2020-01-01T00:00:00Z' }
  const refused = await stator.api(pathOf('RES-PAST'), { body })
  expect(refused).toMatchObject({ status: 400, body: { details: { field: 'expiresAt' } } })
})
