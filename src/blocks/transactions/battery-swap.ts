// Functional block S of 2.1: batteries are swapped, for whoever has an id token.

import type { OCPP21 } from 'typed-ocpp'
import { type OcppVersion, since21 } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, type NoCommand, outcomeOf } from '../command.ts'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'

/** BatterySwap (2.1 S01-S03): batteries were put in, taken out, or left. */
export const batterySwap: Handler<OCPP21.BatterySwapRequest> = {
  decide: ({ requestId, eventType, idToken }, known) => {
    const { idToken: token, type: idTokenType } = idToken
    const row = { requestId, event: eventType, idToken: token, idTokenType, payload: known.verbatim }
    return notification(known, undefined, { table: 'batterySwaps', row })
  },
}

export interface SwapRequest {
  readonly requestId: number
  readonly idTag: string
  /** The stored type of the id token; null if unknown. */
  readonly idTokenType: string | null
}

/** RequestBatterySwap (2.1 S02). */
export function swapCommand(version: OcppVersion, request: SwapRequest): Command | NoCommand {
  return swaps[version](request)
}

const swaps = since21<(request: SwapRequest) => Command | NoCommand>(
  () => ({ reason: 'Only OCPP 2.1 has RequestBatterySwap' }),
  ({ requestId, idTag, idTokenType }) => ({
    action: 'RequestBatterySwap',
    payload: { idToken: { idToken: idTag, type: idTokenType ?? 'Central' }, requestId },
    fields: { '/idToken/idToken': 'idTag' },
  }),
)

/** The outcome of `swapCommand`. */
export function swapOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'The charge point swaps the batteries', 'request for a battery swap')
}
