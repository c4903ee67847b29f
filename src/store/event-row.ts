// A row of the history of a charge point, and the digests that identify rows without a key of their own.

import { hideFrameSecrets } from '../base/hide-frame-secrets.ts'
import type { ChangeSet } from '../blocks/decision.ts'
import type { NewRow, RowChange, RowOf } from '../blocks/stored-rows.ts'
import type { chargePointEvents } from '../blocks/charge-point-tables.ts'
import { orderedText, statusOrder } from '../ocpp/member-order.ts'
import { jsonOf } from './fact-row.ts'

export function digestOf(...parts: (string | number)[]): bigint {
  return BigInt.asIntN(64, Bun.hash.xxHash64(parts.join('\0')))
}

// The idempotency key of a notification. With a time of its own, or with a place, it is recognised whenever and
// wherever it is sent again. Without either, only a resend with the same message id on the same connection is
// recognised. All boots are kept, because some stations give every boot the same message id.
export function eventRow(
  set: ChangeSet,
  { row, place }: RowChange<'chargePointEvents'>,
): Readonly<RowOf<typeof chargePointEvents>> {
  const payload = hideFrameSecrets(jsonOf(row.payload))
  const identifying: (string | number)[] = []
  if (place !== undefined) identifying.push('place', place)
  else if (typeof row.occurredAtMs === 'number') identifying.push(row.occurredAtMs)
  else if (set.changes.some((other) => other.table === 'chargePoints' && other.patch.bootStatus !== undefined))
    identifying.push(set.epoch, set.messageId, set.receivedAtMs)
  else identifying.push(set.epoch, set.messageId)
  return {
    chargePointKey: set.chargePointKey,
    // A place stands for what was reported there, in whatever order its members were.
    digest: digestOf(row.action, place === undefined ? identifyingText(row, payload) : '', ...identifying),
    action: row.action,
    messageId: set.messageId,
    occurredAtMs: row.occurredAtMs ?? null,
    receivedAtMs: set.receivedAtMs,
    payload,
  }
}

/** The text that distinguishes a notification from others of the same time. */
function identifyingText({ action, payload }: NewRow<'chargePointEvents'>, shown: string): string {
  if (action !== 'StatusNotification' || typeof payload === 'string') return shown
  return hideFrameSecrets(orderedText(payload, statusOrder(payload)))
}
