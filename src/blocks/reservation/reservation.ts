// What a reservation is, and what state follows from what is stored of it. Pure.

/** How a reservation ended by what its charge point reports. */
export type ReportedEnd = 'used' | 'expired' | 'lost'

/** The states of a reservation, and what each means, for readers of the API. */
export const reservationStateMeanings = {
  requested: 'sent; there is no answer (yet)',
  rejected: 'the charge point does not reserve',
  active: 'the charge point holds it',
  used: 'a transaction has started with it',
  lost: 'the charge point gave it up, because of a fault or because it is out of service',
  expired: 'nobody came in time',
  cancelled: 'an operator cancelled it',
} as const

export type ReservationState = keyof typeof reservationStateMeanings

export const reservationStates = Object.keys(reservationStateMeanings).filter(
  (state): state is ReservationState => state in reservationStateMeanings,
)

/** A reservation that is to be stored. */
export interface NewReservation {
  readonly chargePointKey: number
  readonly reservationId: number
  /** 1.6: the connector. Null: any. */
  readonly evseId: number | null
  readonly connectorType: string | null
  readonly idToken: string
  readonly groupIdToken: string | null
  readonly expiresAtMs: number
  readonly createdAtMs: number
  readonly createdBy: string
}

/** A stored reservation, with what has come of it. */
export interface ReservationRecord extends Omit<NewReservation, 'chargePointKey'> {
  readonly identity: string
  readonly status: string | null
  readonly cancelledAtMs: number | null
  /** What the charge point reported; null: nothing. */
  readonly ended: ReportedEnd | null
  readonly transactionId: number | null
  /** When it reported it, or when the EVSE of a 1.6 charge point failed while the reservation was active. */
  readonly endedAtMs: number | null
  readonly failedAtMs: number | null
}

/** Reads and stores reservations. Null means not found. */
export interface ReservationQueries {
  /** Before it is sent. One of the same id is replaced, as it is at the charge point. */
  storeReservation(reservation: NewReservation): Promise<void>
  /**
   * What the charge point has answered. If it does not reserve, a reservation of the same id that it holds stays in
   * force, and is stored again. Nothing changes if another one of this id was made since.
   */
  answerReservation(
    made: Pick<NewReservation, 'chargePointKey' | 'reservationId' | 'createdAtMs'>,
    status: string,
    nowMs: number,
  ): Promise<void>
  /** False: none of this id is stored. */
  cancelReservation(chargePointKey: number, reservationId: number, nowMs: number): Promise<boolean>
  /** The newest first, made before `before`: its time and id. */
  reservationsOf(
    chargePointKey: number,
    before: ReservationPlace | null,
    rowsMax: number,
  ): Promise<readonly ReservationRecord[]>
  reservation(chargePointKey: number, reservationId: number): Promise<ReservationRecord | null>
}

/** Where a reservation stands in the list. */
export interface ReservationPlace {
  readonly createdAtMs: number
  readonly reservationId: number
}

/**
 * The state of a reservation at `nowMs`. What the charge point reports counts more than what it answered. Charge points
 * of 1.6 report neither that a reservation has expired nor that a fault has ended it (§5.13), so time and the status of
 * the EVSE say it.
 */
export function reservationState(
  record: Pick<ReservationRecord, 'status' | 'cancelledAtMs' | 'ended' | 'failedAtMs' | 'expiresAtMs'>,
  nowMs: number,
): ReservationState {
  const { status, cancelledAtMs, ended, failedAtMs, expiresAtMs } = record
  if (ended === 'used') return 'used'
  if (cancelledAtMs !== null) return 'cancelled'
  if (ended !== null) return ended
  if (status !== null && status !== 'Accepted') return 'rejected'
  if (failedAtMs !== null) return 'lost'
  if (expiresAtMs <= nowMs) return 'expired'
  return status === null ? 'requested' : 'active'
}
