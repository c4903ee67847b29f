// The central system's own security events: who was refused, from where, and how often. Anybody may cause them, so
// those that are alike are counted in memory, and stored now and then by one statement.

import type { Clock } from '../base/clock.ts'
import { refusalReasonCharactersMax, securityEventsFlushMs, securityEventsWaitingMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { storableText } from '../base/storable-text.ts'
import type { SecurityEvent } from '../blocks/records.ts'
import type { Database } from './database.ts'
import { instantArray, int4Array, textArray } from './wire/binary-array.ts'

// A name beside credentials that belongs to no charge point is not stored: it may be a password in the wrong field.
const storeEvents = `
  INSERT INTO security_events (type, identity, charge_point_id, remote_address, node, first_at, received_at, count, reason)
  SELECT v.type, CASE WHEN c.id IS NULL AND v.type = 'RequestUnauthorized' THEN NULL ELSE v.identity END, c.id, v.remote_address, $8, v.first_at, v.received_at, v.count, v.reason
  FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int4[], $7::text[])
      AS v(type, identity, remote_address, first_at, received_at, count, reason)
    LEFT JOIN LATERAL (
      SELECT id FROM charge_points WHERE identity = v.identity AND deleted_at IS NULL LIMIT 1) c ON true
  ORDER BY v.received_at`

export interface SecurityEventsDeps {
  readonly database: Pick<Database, 'upkeepPool'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
  /** Name of this node. */
  readonly node: string
}

interface Counted extends SecurityEvent {
  readonly firstAtMs: number
  readonly count: number
}

/** Counts security events that are alike (type, identity and address), and stores them. */
export class SecurityEvents {
  readonly #deps: SecurityEventsDeps
  readonly #waiting = new Map<string, Counted>()
  #cancelTimer: (() => void) | null = null
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(deps: SecurityEventsDeps) {
    this.#deps = deps
  }

  /** How many wait to be stored; those that are alike count once. */
  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Notes an event: it is stored within `securityEventsFlushMs`. If too many different ones wait, it is counted under
   * its type alone.
   */
  note(event: SecurityEvent): void {
    if (this.#isStopped) return
    const { type, identity, remoteAddress } = event
    const key = JSON.stringify([type, identity, remoteAddress])
    const isRoom = this.#waiting.has(key) || this.#waiting.size < securityEventsWaitingMax
    if (isRoom) this.#count(key, event)
    else this.#count(type, { ...event, identity: null, remoteAddress: '', reason: 'further ones, of many identities' })
    this.#cancelTimer ??= this.#deps.clock.after(securityEventsFlushMs, () => this.#flush())
  }

  /** Stores what waits. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    if (this.waiting > 0) this.#flush()
    await this.#running
  }

  #count(key: string, event: SecurityEvent): void {
    const { firstAtMs = event.atMs, count = 0 } = this.#waiting.get(key) ?? {}
    this.#waiting.set(key, { ...event, firstAtMs, count: count + 1 })
  }

  #flush(): void {
    this.#cancelTimer = null
    const events = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#running = this.#running.then(() => this.#store(events))
  }

  async #store(events: readonly Counted[]): Promise<void> {
    const { database, log, node } = this.#deps
    const textOf = (text: string): string => storableText(text.slice(0, refusalReasonCharactersMax))
    const values = [
      textArray(events.map(({ type }) => type)),
      textArray(events.map(({ identity }) => (identity === null ? null : textOf(identity)))),
      textArray(events.map(({ remoteAddress }) => remoteAddress)),
      instantArray(events.map(({ firstAtMs }) => firstAtMs)),
      instantArray(events.map(({ atMs }) => atMs)),
      int4Array(events.map(({ count }) => count)),
      textArray(events.map(({ reason }) => textOf(reason))),
      node,
    ]
    try {
      await database.upkeepPool.query({ name: 'stator_store_security_events', text: storeEvents, values })
    } catch (error) {
      log.warn({ error, count: events.length }, 'Security events were not stored; the log has the refusals.')
    }
  }
}
