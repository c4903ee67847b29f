// Compares times without a zone with the local clocks of their charge points.

import type { DatabaseModel } from './database-model.ts'
import type { Message } from './message.ts'
import { type LocalZone, momentOf } from './local-zones.ts'

/** Something that is stored with its time, and as it was reported. */
interface Stored {
  readonly chargePointKey: number
  readonly atMs: number | null
  /** JSON with a timestamp. */
  readonly text: string
}

/**
 * The first message or sample whose time was read differently from what its charge point meant; null if there is none.
 */
export function localTimeProblem(model: DatabaseModel, messages: readonly Message[]): string | null {
  const zones = new Map<number, LocalZone>()
  for (const { station } of messages) {
    const { timeZone } = station.habits
    if (timeZone !== null) zones.set(station.key, timeZone)
  }
  for (const { chargePointKey, atMs, text } of storedOf(model)) {
    const zone = zones.get(chargePointKey)
    if (zone === undefined) continue
    const { timestamp } = JSON.parse(text) as { readonly timestamp?: string }
    // Actions of operators have no local time.
    if (timestamp === undefined || timestamp.endsWith('Z')) continue
    const expectedMs = momentOf(timestamp, zone)
    if (atMs !== expectedMs) return `CP${chargePointKey}: ${text} is of ${expectedMs} in ${zone}; stored is ${atMs}.`
  }
  return null
}

function* storedOf({ facts, events, meterValues }: DatabaseModel): Generator<Stored> {
  for (const { occurredAtMs: atMs, payload: text, ...row } of facts.values()) yield { ...row, atMs, text }
  for (const { occurredAtMs: atMs, payload: text, ...row } of events.values()) yield { ...row, atMs, text }
  for (const { sampledAtMs: atMs, meterValue: text, ...row } of meterValues.values()) yield { ...row, atMs, text }
}
