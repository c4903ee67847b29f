// Reservations: what operators asked for, and what came of it.

import type { ReservationPlace, ReservationQueries, ReservationRecord } from '../blocks/reservation/reservation.ts'
import type { Database } from './database.ts'
import { storableText } from '../base/storable-text.ts'
import { forgetInForce, inForce, keepInForce } from './in-force.ts'
import { ms } from './known-transaction.ts'

const store = `
  INSERT INTO reservations (charge_point_id, reservation_id, evse_id, connector_type, id_token, group_id_token,
    expires_at, created_at, created_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT (charge_point_id, reservation_id) DO UPDATE SET evse_id = EXCLUDED.evse_id,
    connector_type = EXCLUDED.connector_type, id_token = EXCLUDED.id_token, group_id_token = EXCLUDED.group_id_token,
    expires_at = EXCLUDED.expires_at, created_at = EXCLUDED.created_at, created_by = EXCLUDED.created_by,
    status = NULL, answered_at = NULL, cancelled_at = NULL, in_force = ${inForce(
      'reservations',
      'reservations.cancelled_at IS NOT NULL OR reservations.expires_at <= EXCLUDED.created_at',
    )}`

// A cancellation before it was answered is of an earlier one with the same id. The answer is about the row that was
// sent: another one may have taken its place since.
const answer = `UPDATE reservations SET status = $4, answered_at = $5, cancelled_at = NULL, in_force = NULL
  WHERE charge_point_id = $1 AND reservation_id = $2 AND created_at = $3`

const forget = forgetInForce('reservations')

const keep = keepInForce('reservations', [
  ...['evse_id', 'connector_type', 'id_token', 'group_id_token', 'expires_at', 'status', 'answered_at', 'cancelled_at'],
  ...['created_at', 'created_by'],
])

const cancel = `UPDATE reservations SET cancelled_at = $3 WHERE charge_point_id = $1 AND reservation_id = $2`

// What was reported before the reservation was made is about an earlier one with the same id. A charge point of 1.6
// loses a reservation silently when the connector, or the charge point itself, has a fault or goes out of service.
const read = `
  SELECT c.identity, r.reservation_id AS "reservationId", r.evse_id AS "evseId", r.connector_type AS "connectorType",
    r.id_token AS "idToken", r.group_id_token AS "groupIdToken", ${ms('r.expires_at')} AS "expiresAtMs", r.status,
    ${ms('r.cancelled_at')} AS "cancelledAtMs", ${ms('r.created_at')} AS "createdAtMs", r.created_by AS "createdBy",
    e.ended, e.used_by AS "transactionId", ${ms('e.received_at')} AS "endedAtMs", ${ms('f.at')} AS "failedAtMs"
  FROM reservations r JOIN charge_points c ON c.id = r.charge_point_id
  LEFT JOIN reservation_ends e ON e.charge_point_id = r.charge_point_id AND e.reservation_id = r.reservation_id
    AND e.received_at >= r.created_at
  LEFT JOIN LATERAL (
    SELECT min(h.received_at) AS at FROM connector_history h
    WHERE h.charge_point_id = r.charge_point_id AND c.ocpp_version = '1.6' AND r.status = 'Accepted'
      AND h.received_at > r.answered_at AND h.received_at < LEAST(r.expires_at, r.cancelled_at)
      AND h.evse_id IN (0, r.evse_id) AND h.status IN ('Faulted', 'Unavailable')) f ON true
  WHERE r.charge_point_id = $1`

const page = `${read} AND ($2::timestamptz IS NULL OR (r.created_at, r.reservation_id) < ($2::timestamptz, $3::int4))
  ORDER BY r.created_at DESC, r.reservation_id DESC LIMIT $4`

const one = `${read} AND r.reservation_id = $2`

const time = (atMs: number): string => new Date(atMs).toISOString()

export function createReservationQueries({ restPool: pool }: Pick<Database, 'restPool'>): ReservationQueries {
  const run = (name: string, text: string, values: unknown[]) =>
    pool.query<ReservationRecord>({ name: `stator_reservation_${name}`, text, values })
  return {
    async storeReservation(made) {
      const { chargePointKey, reservationId, evseId, connectorType, idToken, groupIdToken } = made
      const texts = [connectorType, idToken, groupIdToken].map((text) => (text === null ? null : storableText(text)))
      const when = [time(made.expiresAtMs), time(made.createdAtMs)]
      await run('store', store, [
        chargePointKey,
        reservationId,
        evseId,
        ...texts,
        ...when,
        storableText(made.createdBy),
      ])
    },

    async answerReservation({ chargePointKey, reservationId, createdAtMs }, status, nowMs) {
      const made = [chargePointKey, reservationId, time(createdAtMs)]
      if (status !== 'Accepted') {
        const kept = await run('keep', keep, made)
        if (kept.rowCount === 1) return
      }
      const stored = await run('answer', answer, [...made, storableText(status), time(nowMs)])
      if (status === 'Accepted' && stored.rowCount === 0) await run('forget', forget, made)
    },

    async cancelReservation(chargePointKey, reservationId, nowMs) {
      return ((await run('cancel', cancel, [chargePointKey, reservationId, time(nowMs)])).rowCount ?? 0) > 0
    },

    async reservationsOf(chargePointKey, before: ReservationPlace | null, rowsMax) {
      const at = before === null ? [null, null] : [time(before.createdAtMs), before.reservationId]
      return (await run('page', page, [chargePointKey, ...at, rowsMax])).rows
    },

    async reservation(chargePointKey, reservationId) {
      return (await run('one', one, [chargePointKey, reservationId])).rows[0] ?? null
    },
  }
}
