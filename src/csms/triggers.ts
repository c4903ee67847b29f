// Which messages a charge point will send because the central system asked for them. They are served before its boot is
// accepted, too (2.0.1 B02.FR.09).

import { ownValue } from '../base/own-value.ts'
import type { Payload } from './decision.ts'

const requested = (payload: Payload): readonly string[] =>
  typeof payload.requestedMessage === 'string' ? [payload.requestedMessage] : []
const report = (): readonly string[] => ['NotifyReport']

const triggers: Readonly<Record<string, (payload: Payload) => readonly string[]>> = {
  TriggerMessage: requested,
  ExtendedTriggerMessage: requested,
  GetBaseReport: report,
  GetReport: report,
}

/** The actions that the charge point will send when it accepts this CALL. */
export function triggeredActions(action: string, payload: Payload): readonly string[] {
  return ownValue(triggers, action)?.(payload) ?? []
}
