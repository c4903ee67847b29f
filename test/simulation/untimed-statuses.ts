// What must be stored of statuses without a time, as far as it does not depend on how Stator remembers them: a status
// that follows another one of its connector is a new fact, and one that is sent twice with nothing in between is one
// fact.

import type { ChangeSet, Payload } from '../../src/blocks/decision.ts'
import { isOf } from '../../src/blocks/stored-rows.ts'
import { copyKey, type DatabaseModel } from './database-model.ts'

/** A rule of `rules.ts`, and how it was broken. */
interface BrokenRule {
  readonly rule: 'acknowledgedIsStored' | 'storedOnce'
  readonly seen: string
}

interface Bounds {
  readonly chargePointKey: number
  readonly text: string
  atLeast: number
  atMost: number
}

/** Follows what is committed, in its order. */
export class UntimedStatuses {
  readonly #bounds = new Map<string, Bounds>()
  /** Text of the last status of each connector. */
  readonly #last = new Map<string, string>()
  /** Text of the last message of each charge point, when it was such a status. */
  readonly #before = new Map<number, string>()

  committed({ chargePointKey, changes, isOvertaken }: ChangeSet): void {
    const payload = untimedStatus(changes)
    if (payload === null) {
      this.#before.delete(chargePointKey)
      return
    }
    const text = JSON.stringify(payload)
    const connector = [chargePointKey, payload['evseId'] ?? 0, payload['connectorId']].join('/')
    const key = copyKey('events', chargePointKey, text)
    const bounds = this.#bounds.get(key) ?? { chargePointKey, text, atLeast: 0, atMost: 0 }
    if (isOvertaken === true) {
      // It has no place among those of the newest connection, so it may be stored again.
      bounds.atMost++
      this.#bounds.set(key, bounds)
      this.#before.delete(chargePointKey)
      return
    }
    if (this.#last.get(connector) !== text) bounds.atLeast++
    if (this.#before.get(chargePointKey) !== text) bounds.atMost++
    this.#bounds.set(key, bounds)
    this.#last.set(connector, text)
    this.#before.set(chargePointKey, text)
  }

  /** The first problem with what is stored; null if there is none. */
  violation({ copies }: DatabaseModel): BrokenRule | null {
    for (const [key, { chargePointKey, text, atLeast, atMost }] of this.#bounds) {
      const stored = copies.get(key) ?? 0
      const seen = `CP${chargePointKey}: ${text} is stored ${stored} times; expected ${atLeast} to ${atMost}.`
      if (stored < atLeast) return { rule: 'acknowledgedIsStored', seen }
      if (stored > atMost) return { rule: 'storedOnce', seen }
    }
    return null
  }
}

function untimedStatus(changes: ChangeSet['changes']): Payload | null {
  for (const change of changes) {
    if (!isOf('chargePointEvents', change) || change.row.action !== 'StatusNotification') continue
    const { payload } = change.row
    return typeof payload === 'string' || 'timestamp' in payload ? null : payload
  }
  return null
}
