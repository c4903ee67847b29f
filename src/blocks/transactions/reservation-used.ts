// A transaction that starts with a reservation uses it.

import { reservationEnd } from '../reservation/status-update.ts'
import type { RowChange } from '../stored-rows.ts'

/** The change for the reservation that a message names; none without one. */
export function reservationUsed(
  reservationId: number | null,
  transactionId: number,
): readonly RowChange<'reservationEnds'>[] {
  return reservationId === null ? [] : [reservationEnd(reservationId, 'used', transactionId)]
}
