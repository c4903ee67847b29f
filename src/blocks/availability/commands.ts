// Functional block G, availability: the command of an operator in each version.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, type NoCommand, outcomeOf } from '../command.ts'
import type { Adapts } from '../message-row.ts'
import { connector16, evse2x, evseFields, type EvsePlace } from '../evse.ts'

/** AvailabilityType of 1.6 (§7.3), OperationalStatusEnumType of 2.x. */
export const availabilityTypes = ['Operative', 'Inoperative'] as const

export interface AvailabilityRequest extends EvsePlace {
  readonly type: (typeof availabilityTypes)[number]
}

/** ChangeAvailability of the charge point, an EVSE or a connector (1.6 §5.2, 2.0.1 G03 and G04). */
export function availabilityCommand(version: OcppVersion, request: AvailabilityRequest): Command | NoCommand {
  return changes[version](request)
}

const changes = since2<(request: AvailabilityRequest) => Command | NoCommand>(
  (request) => {
    const connectorId = connector16(request)
    if (typeof connectorId !== 'number') return connectorId
    const payload = { connectorId, type: request.type }
    return { action: 'ChangeAvailability', payload, fields: { '/connectorId': 'evseId' } }
  },
  (request) => ({
    action: 'ChangeAvailability',
    payload: { ...evse2x(request), operationalStatus: request.type },
    fields: { ...evseFields, '/operationalStatus': 'type' },
  }),
)

/** The outcome of a change of the availability. */
export function availabilityOutcome(status: string): CommandOutcome {
  return status === 'Scheduled'
    ? { status, message: 'The availability changes when the transaction under way has ended' }
    : outcomeOf(status, 'The availability is changed', 'change of the availability')
}

/** ChangeAvailability leaves some charge points out of order: their quirk profile has it refused. */
export const adaptedAvailability: Adapts = (_payload, { changeAvailability }) =>
  changeAvailability === 'refuse'
    ? {
        quirk: 'availabilityRefused',
        reason: 'Its quirk profile says that ChangeAvailability breaks this charge point; send it with "force": true',
      }
    : null
