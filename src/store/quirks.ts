// The quirk profiles that this node knows, and the counts of quirks. Counting is cheap: alike ones are counted in
// memory and stored now and then. Profiles that were changed at another node are read every `quirkProfilesCheckMs`.

import type { Clock } from '../base/clock.ts'
import type { Counters } from '../base/counters.ts'
import { quirkHitsFlushMs, quirkHitsStoredAtOnce, quirkHitsWaitingMax, quirkProfilesCheckMs } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { QuirkQueries } from '../blocks/quirks/quirks.ts'
import { shippedQuirkProfiles } from '../blocks/quirks/shipped.ts'
import { QuirkProfiles, type Quirks } from '../ocpp/quirk-profile.ts'
import type { Database } from './database.ts'
import { repeat } from './repeat.ts'
import { instantArray, int4Array, int8Array, textArray } from './wire/binary-array.ts'

// In one order: nodes that store at the same time then wait for each other, instead of in a circle.
const storeHits = `
  INSERT INTO quirk_hits AS h (charge_point_id, profile, quirk, count, first_at, last_at)
  SELECT v.key, v.profile, v.quirk, v.count, v.first_at, v.last_at
  FROM unnest($1::int4[], $2::text[], $3::text[], $4::int8[], $5::timestamptz[], $6::timestamptz[])
    AS v(key, profile, quirk, count, first_at, last_at)
  ORDER BY v.key, v.quirk, v.profile
  ON CONFLICT (charge_point_id, quirk, profile) DO UPDATE SET count = h.count + EXCLUDED.count,
    first_at = LEAST(h.first_at, EXCLUDED.first_at), last_at = GREATEST(h.last_at, EXCLUDED.last_at)`

interface Hit {
  readonly key: number
  readonly profile: string
  readonly quirk: string
  count: number
  readonly firstAtMs: number
  lastAtMs: number
}

export interface StoredQuirksDeps {
  readonly database: Pick<Database, 'upkeepPool'>
  readonly queries: Pick<QuirkQueries, 'importedQuirkProfiles'>
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Pick<Logger, 'warn'>
}

/** The profiles and the counts of this node. */
export class StoredQuirks implements Quirks {
  readonly profiles = new QuirkProfiles(shippedQuirkProfiles)
  readonly #deps: StoredQuirksDeps
  readonly #checks: ReturnType<typeof repeat>
  /** By charge point, profile and quirk. */
  #waiting = new Map<string, Hit>()
  #cancelTimer: (() => void) | null = null
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(deps: StoredQuirksDeps) {
    this.#deps = deps
    this.#checks = repeat(
      deps.clock,
      quirkProfilesCheckMs,
      () => this.refresh(),
      (error) => deps.log.warn({ error }, 'Quirk profiles could not be read; the next turn tries again.'),
    )
  }

  /** Reads the profiles, and again every `quirkProfilesCheckMs`. */
  async begin(): Promise<void> {
    await this.refresh()
    this.#checks.begin(quirkProfilesCheckMs)
  }

  /** Reads the profiles: one that was changed counts at once. */
  async refresh(): Promise<void> {
    this.profiles.replaceImported(await this.#deps.queries.importedQuirkProfiles())
  }

  note(key: number, profile: string, quirk: string): void {
    const { clock, counters } = this.#deps
    counters.quirks.count(quirk)
    if (profile !== '') counters.quirkProfiles.count(profile)
    if (this.#isStopped) return
    const atMs = clock.nowMs()
    const name = `${key}/${quirk}/${profile}`
    const hit = this.#waiting.get(name)
    if (hit !== undefined) {
      hit.count++
      hit.lastAtMs = atMs
    } else if (this.#waiting.size < quirkHitsWaitingMax) {
      this.#waiting.set(name, { key, profile, quirk, count: 1, firstAtMs: atMs, lastAtMs: atMs })
    }
    this.#cancelTimer ??= clock.after(quirkHitsFlushMs, () => this.flush())
  }

  /** Stores what waits; resolves once it is stored, or could not be. */
  flush(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    const hits = [...this.#waiting.values()]
    this.#waiting = new Map()
    this.#running = this.#running.then(() => this.#store(hits))
    return this.#running
  }

  /** Stores what waits, and ends. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([this.#checks.end(), this.flush()])
  }

  async #store(hits: readonly Hit[]): Promise<void> {
    const { database, log } = this.#deps
    try {
      for (let from = 0; from < hits.length; from += quirkHitsStoredAtOnce) {
        const some = hits.slice(from, from + quirkHitsStoredAtOnce)
        const values = [
          int4Array(some.map(({ key }) => key)),
          textArray(some.map(({ profile }) => profile)),
          textArray(some.map(({ quirk }) => quirk)),
          int8Array(some.map(({ count }) => count)),
          instantArray(some.map(({ firstAtMs }) => firstAtMs)),
          instantArray(some.map(({ lastAtMs }) => lastAtMs)),
        ]
        await database.upkeepPool.query({ name: 'stator_store_quirk_hits', text: storeHits, values })
      }
    } catch (error) {
      log.warn({ error, count: hits.length }, 'Counts of quirks were not stored; the metrics have them.')
    }
  }
}
