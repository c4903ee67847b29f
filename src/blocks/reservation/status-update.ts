// ReservationStatusUpdate (2.0.1 H04): how a reservation has ended.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { ownValue } from '../../base/own-value.ts'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'
import type { RowChange } from '../stored-rows.ts'
import type { ReportedEnd } from './reservation.ts'

// ReservationUpdateStatusEnumType. NoTransaction (2.1): it was used, and no transaction came of it.
const ends: Readonly<Record<OCPP21.ReservationStatusUpdateRequest['reservationUpdateStatus'], ReportedEnd>> = {
  Expired: 'expired',
  Removed: 'lost',
  NoTransaction: 'used',
}

/** The end is stored for every id: the reservation may be of another system, or its answer may be on the way. */
export const reservationStatusUpdate: Handler<
  OCPP20.ReservationStatusUpdateRequest | OCPP21.ReservationStatusUpdateRequest
> = {
  decide: ({ reservationId, reservationUpdateStatus }, known) => {
    // A lenient charge point may say another word: the event keeps it.
    const ended = ownValue<ReportedEnd>(ends, reservationUpdateStatus)
    return notification(known, undefined, ...(ended === undefined ? [] : [reservationEnd(reservationId, ended)]))
  },
}

/** The change by which a reservation ends. */
export function reservationEnd(
  reservationId: number,
  ended: ReportedEnd,
  usedBy: number | null = null,
): RowChange<'reservationEnds'> {
  return { table: 'reservationEnds', row: { reservationId, ended, usedBy } }
}
