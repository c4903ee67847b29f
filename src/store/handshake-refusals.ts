// The last refused handshake of each charge point. Anybody may knock, so a refusal only replaces an earlier one in
// memory. The newest of each identity are stored now and then by one statement. It stores nothing for identities that
// do not exist.

import type { Clock } from '../base/clock.ts'
import { refusalReasonCharactersMax, refusalsFlushMs, refusalsWaitingMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { storableText } from '../base/storable-text.ts'
import type { HandshakeRefusal } from '../blocks/records.ts'
import type { Database } from './database.ts'
import { instantArray, int4Array, textArray } from './wire/binary-array.ts'

// The LATERAL join makes PostgreSQL look up each identity by its index.
const storeRefusals = `
  INSERT INTO handshake_refusals AS r (charge_point_id, at, status, reason, remote_address, node)
  SELECT c.id, v.at, v.status, v.reason, v.remote_address, $6
  FROM unnest($1::text[], $2::timestamptz[], $3::int4[], $4::text[], $5::text[])
      AS v(identity, at, status, reason, remote_address)
    CROSS JOIN LATERAL (
      SELECT id FROM charge_points WHERE identity = v.identity AND deleted_at IS NULL LIMIT 1) c
  ORDER BY c.id
  ON CONFLICT (charge_point_id) DO UPDATE SET at = EXCLUDED.at, status = EXCLUDED.status, reason = EXCLUDED.reason,
    remote_address = EXCLUDED.remote_address, node = EXCLUDED.node
  WHERE r.at <= EXCLUDED.at`

export interface HandshakeRefusalsDeps {
  readonly database: Pick<Database, 'upkeepPool'>
  readonly clock: Clock
  readonly log: Logger
  /** Name of this node. */
  readonly node: string
}

/** Keeps the newest refusal of each identity until it is stored. */
export class HandshakeRefusals {
  readonly #deps: HandshakeRefusalsDeps
  /** Of charge points that exist. */
  readonly #known = new Map<string, HandshakeRefusal>()
  /** Of identities that were not looked up. Strangers can fill this one, so the other has room of its own. */
  readonly #unproven = new Map<string, HandshakeRefusal>()
  #cancelTimer: (() => void) | null = null
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(deps: HandshakeRefusalsDeps) {
    this.#deps = deps
  }

  /** Identities whose refusals wait to be stored. */
  get waiting(): number {
    return this.#known.size + this.#unproven.size
  }

  /** Notes a refusal. It is stored within `refusalsFlushMs`, or never if there are too many or the database is away. */
  note(refusal: HandshakeRefusal): void {
    if (this.#isStopped) return
    const waiting = refusal.isKnown ? this.#known : this.#unproven
    const { identity } = refusal
    if (!waiting.has(identity) && waiting.size >= refusalsWaitingMax) return
    waiting.set(identity, refusal)
    this.#cancelTimer ??= this.#deps.clock.after(refusalsFlushMs, () => this.#flush())
  }

  /** Stores what waits. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    if (this.waiting > 0) this.#flush()
    await this.#running
  }

  #flush(): void {
    this.#cancelTimer = null
    // A charge point can be in both: the newer refusal counts.
    const newest = new Map(this.#unproven)
    for (const [identity, refusal] of this.#known) {
      const other = newest.get(identity)
      if (other === undefined || other.atMs <= refusal.atMs) newest.set(identity, refusal)
    }
    this.#known.clear()
    this.#unproven.clear()
    this.#running = this.#running.then(() => this.#store([...newest.values()]))
  }

  async #store(refusals: readonly HandshakeRefusal[]): Promise<void> {
    const { database, log, node } = this.#deps
    const reasons = refusals.map(({ reason }) => storableText(reason.slice(0, refusalReasonCharactersMax)))
    const values = [
      textArray(refusals.map(({ identity }) => identity)),
      instantArray(refusals.map(({ atMs }) => atMs)),
      int4Array(refusals.map(({ status }) => status)),
      textArray(reasons),
      textArray(refusals.map(({ remoteAddress }) => remoteAddress)),
      node,
    ]
    try {
      await database.upkeepPool.query({ name: 'stator_store_refusals', text: storeRefusals, values })
    } catch (error) {
      log.warn({ error, count: refusals.length }, 'Refused handshakes were not stored; the log has them.')
    }
  }
}
