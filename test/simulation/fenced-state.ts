// The stored state of a charge point that only its newest connection may change (fencing).

import type { ChangeSet } from '../../src/blocks/decision.ts'
import type { DatabaseModel } from './database-model.ts'

/** The state as a text. */
export function fencedState({ chargePoints, connectors }: DatabaseModel, key: number): string {
  const row = chargePoints.get(key)
  if (row === undefined) return ''
  const { connected: _, node: __, epoch: ___, lastSeenAtMs: ____, lastHeartbeatAtMs: _____, ...state } = row
  return JSON.stringify([state, [...connectors.values()].filter(({ chargePointKey }) => chargePointKey === key)])
}

/** How sets of older connections have changed it since it was `before`; null if they have not. */
export function fencedProblem(
  model: DatabaseModel,
  key: number,
  before: string,
  stored: readonly ChangeSet[],
): string | null {
  const epoch = model.chargePoints.get(key)?.epoch ?? 0
  const own = stored.filter(({ chargePointKey }) => chargePointKey === key)
  if (own.length === 0 || own.some((set) => set.epoch === epoch)) return null
  const after = fencedState(model, key)
  if (after === before) return null
  const messages = own.map((set) => `${set.messageId} under epoch ${set.epoch}`).join(', ')
  return `CP${key}: ${messages} moved ${before} to ${after}; the newest epoch is ${epoch}.`
}
