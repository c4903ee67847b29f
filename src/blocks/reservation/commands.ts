// Functional block H, reservation: the commands of an operator in each version.

import { isoTime } from '../../base/clock.ts'
import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, type NoCommand, outcomeOf } from '../command.ts'

export interface ReserveRequest {
  readonly reservationId: number
  /** 1.6: the connector, 0 or left out for any. */
  readonly evseId?: number | undefined
  /** 2.x: a connector of this type. */
  readonly connectorType?: string | undefined
  readonly idTag: string
  /** Of the id token, as it is presented at the charge point. Left out: that of a card. */
  readonly idTokenType?: string | undefined
  /** Whoever has an id token of this group may use it, too. */
  readonly parentIdTag?: string | undefined
  readonly expiresAtMs: number
}

/** ReserveNow (1.6 §5.13, 2.0.1 H01). */
export function reserveCommand(version: OcppVersion, request: ReserveRequest): Command | NoCommand {
  return reserves[version](request)
}

/** Who comes to a reservation presents a card, unless it is known better: nobody presents a Central token. */
const cardType = 'ISO14443'

const reserves = since2<(request: ReserveRequest) => Command | NoCommand>(
  ({ reservationId, evseId = 0, connectorType, idTag, parentIdTag, expiresAtMs }) => {
    if (connectorType !== undefined) return { reason: 'OCPP 1.6 cannot reserve by connector type' }
    const parent = parentIdTag === undefined ? {} : { parentIdTag }
    const payload = { connectorId: evseId, expiryDate: isoTime(expiresAtMs), idTag, ...parent, reservationId }
    return { action: 'ReserveNow', payload, fields: { '/connectorId': 'evseId', '/expiryDate': 'expiresAt' } }
  },
  ({ reservationId, evseId, connectorType, idTag, idTokenType, parentIdTag, expiresAtMs }) => ({
    action: 'ReserveNow',
    payload: {
      id: reservationId,
      expiryDateTime: isoTime(expiresAtMs),
      ...(connectorType === undefined ? {} : { connectorType }),
      idToken: { idToken: idTag, type: idTokenType ?? cardType },
      ...(evseId === undefined ? {} : { evseId }),
      ...(parentIdTag === undefined ? {} : { groupIdToken: { idToken: parentIdTag, type: 'Central' } }),
    },
    fields: {
      '/id': 'reservationId',
      '/expiryDateTime': 'expiresAt',
      '/idToken/idToken': 'idTag',
      '/idToken/type': 'idTokenType',
      '/groupIdToken/idToken': 'parentIdTag',
    },
  }),
)

/** CancelReservation (1.6 §5.1, 2.0.1 H02): the same in all versions. */
export function cancelCommand(reservationId: number): Command {
  return { action: 'CancelReservation', payload: { reservationId }, fields: {} }
}

/** The outcome of a reservation. */
export function reserveOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'The charge point has reserved', 'reservation')
}

/** The outcome of a cancellation. */
export function cancelOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'The reservation is cancelled', 'cancellation')
}
