// The anomalies of a message, stored with it: those of its decision and those of its frame.

import { mayHoldSecret } from '../base/hide-secrets.ts'
import type { Anomaly } from '../blocks/decision.ts'
import type { AcceptedFrame, Quirk } from '../ocpp/verdict.ts'
import type { Quirks } from '../ocpp/quirk-profile.ts'
import type { Connected } from './connection.ts'
import type { MessageContext } from './message-context.ts'

const noAnomalies: readonly Anomaly[] = []

/**
 * The anomalies of the decision and of the frame, except those that are noted once per connection and were noted
 * before.
 */
export function anomaliesOf(message: MessageContext, decided: readonly Anomaly[]): readonly Anomaly[] {
  const quirks = quirksOf(message)
  if (decided.length === 0) return quirks
  const news = decided.filter(({ kind, oncePerConnection }) => oncePerConnection !== true || message.isNewQuirk(kind))
  return quirks.length === 0 ? news : [...news, ...quirks]
}

/** Quirks of the frame that this connection has not shown before. */
function quirksOf(message: MessageContext): readonly Anomaly[] {
  const { frame, isBeforeBoot } = message
  if (!isBeforeBoot && frame.quirks.length === 0) return noAnomalies
  const anomalies: Anomaly[] = []
  if (isBeforeBoot && message.isNewQuirk('beforeBoot')) {
    anomalies.push({ kind: 'beforeBoot', detail: { action: frame.action } })
  }
  for (const quirk of frame.quirks) {
    if (!message.isNewQuirk(`${frame.action}:${quirk.code}`)) continue
    anomalies.push({
      kind: 'quirk',
      detail: { quirk: quirk.code, path: quirk.path, sent: shownOf(quirk, frame), action: frame.action },
    })
  }
  return anomalies
}

/** The value that a repair replaced; a password is not shown. */
function shownOf({ path, sent }: Quirk, { sentText, sent: before, payload }: AcceptedFrame): unknown {
  if (sent === undefined || sent === null) return sent
  return mayHoldSecret(path, sentText ?? JSON.stringify(before ?? payload)) ? '***' : sent
}

/** Counts the quirks of a frame, each time: the anomalies say only which ones a connection has shown. */
export function countQuirks({ chargePointKey, live }: Connected, quirks: readonly Quirk[], counted: Quirks): void {
  const { profile } = counted.profiles.of(live.chargePoint)
  for (const { code } of quirks) counted.note(chargePointKey, profile, code)
}
