// Where on a charge point a command goes: to an EVSE, to one of its connectors, or to the charge point as a whole.

import type { NoCommand } from './command.ts'

/** Without an EVSE: the charge point as a whole. In 1.6, connector n is connector 1 of EVSE n. */
export interface EvsePlace {
  readonly evseId?: number | undefined
  readonly connectorId?: number | undefined
}

/** An EVSEType of 2.x, for a payload; empty for the charge point as a whole. */
export function evse2x({ evseId, connectorId }: EvsePlace): { readonly evse?: { id: number; connectorId?: number } } {
  if (evseId === undefined) return {}
  return { evse: { id: evseId, ...(connectorId === undefined ? {} : { connectorId }) } }
}

/** The connector of 1.6; 0 for the charge point as a whole. An EVSE has no second connector there. */
export function connector16({ evseId = 0, connectorId = 1 }: EvsePlace): number | NoCommand {
  if (connectorId === 1) return evseId
  const asked = `connector ${connectorId} of EVSE ${evseId} does not exist`
  return { reason: `In OCPP 1.6 each EVSE has one connector, so ${asked}; leave out connectorId` }
}

/** The fields of the operator's request in an EVSEType. */
export const evseFields = { '/evse/id': 'evseId', '/evse/connectorId': 'connectorId' } as const
