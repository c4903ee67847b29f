// Functional block H, reservation.

import { forgiving, rowsOf } from '../rows.ts'
import { reservationStatusUpdate } from './status-update.ts'

const { served, toChargePoint } = rowsOf('reservation')

const reservationStatus = ['ReservationStatusUpdate', 'StatusNotification', 'NotifyEvent']

export const reservation16 = {
  CancelReservation: toChargePoint('1.6 §5.1', ['StatusNotification']),
  ReserveNow: toChargePoint('1.6 §5.13', ['StatusNotification']),
}

export const reservation201 = {
  ReserveNow: toChargePoint('2.0.1 H01', reservationStatus),
  CancelReservation: toChargePoint('2.0.1 H02', reservationStatus),
  ReservationStatusUpdate: forgiving(served('2.0.1 H01, H04', 'committed', reservationStatusUpdate)),
}

export const reservation21 = {
  ReserveNow: toChargePoint('2.1 H01', reservationStatus),
  CancelReservation: toChargePoint('2.1 H02', reservationStatus),
  ReservationStatusUpdate: forgiving(served('2.1 H01, H04', 'committed', reservationStatusUpdate)),
}
