// Last uses of API keys. Requests only note them in memory; the last one of each key is stored every few seconds. With
// it, the hash of a key is replaced that was made with an earlier Security.CredentialSecret.

import type { Clock } from '../base/clock.ts'
import { apiKeyUsesFlushMs, apiKeyUsesWaitingMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { KeyUse } from '../operators/records.ts'
import type { Database } from './database.ts'
import { bytesArray, instantArray, textArray } from './wire/binary-array.ts'

/** A use of a key; `renewed` is what to store in place of `hash`, if that is not null. */
export interface NotedKeyUse extends KeyUse {
  readonly keyId: string
  readonly hash: Uint8Array | null
  readonly renewed: Uint8Array | null
}

// In the order of the keys: nodes that store at the same time then wait for each other, instead of in a circle.
const storeUses = `
  INSERT INTO api_key_uses AS u (key_id, at, remote_address)
  SELECT v.key_id, v.at, v.remote_address
  FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS v(key_id, at, remote_address) ORDER BY v.key_id
  ON CONFLICT (key_id) DO UPDATE SET at = EXCLUDED.at, remote_address = EXCLUDED.remote_address WHERE u.at <= EXCLUDED.at`

const storeRenewed = `
  UPDATE api_keys k SET secret_hash = v.renewed
  FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS v(id, hash, renewed)
  WHERE k.id = v.id AND k.secret_hash = v.hash`

export interface ApiKeyUsesDeps {
  readonly database: Pick<Database, 'upkeepPool'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}

/** Keeps the last use of each key until it is stored. */
export class ApiKeyUses {
  readonly #deps: ApiKeyUsesDeps
  #waiting = new Map<string, NotedKeyUse>()
  #cancelTimer: (() => void) | null = null
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(deps: ApiKeyUsesDeps) {
    this.#deps = deps
  }

  /** Notes a use. It is stored within `apiKeyUsesFlushMs`, or never if the database is away. */
  note(use: NotedKeyUse): void {
    if (this.#isStopped || (!this.#waiting.has(use.keyId) && this.#waiting.size >= apiKeyUsesWaitingMax)) return
    this.#waiting.set(use.keyId, use)
    this.#cancelTimer ??= this.#deps.clock.after(apiKeyUsesFlushMs, () => this.#flush())
  }

  /** Stores what waits. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    if (this.#waiting.size > 0) this.#flush()
    await this.#running
  }

  #flush(): void {
    this.#cancelTimer = null
    const uses = [...this.#waiting.values()]
    this.#waiting = new Map()
    this.#running = this.#running.then(() => this.#store(uses))
  }

  async #store(uses: readonly NotedKeyUse[]): Promise<void> {
    const { database, log } = this.#deps
    const renewed = uses.filter((use) => use.renewed !== null)
    try {
      await database.upkeepPool.query({
        name: 'stator_store_key_uses',
        text: storeUses,
        values: [
          textArray(uses.map(({ keyId }) => keyId)),
          instantArray(uses.map(({ atMs }) => atMs)),
          textArray(uses.map(({ remoteAddress }) => remoteAddress)),
        ],
      })
      if (renewed.length === 0) return
      await database.upkeepPool.query(storeRenewed, [
        textArray(renewed.map(({ keyId }) => keyId)),
        bytesArray(renewed.map(({ hash }) => hash)),
        bytesArray(renewed.map((use) => use.renewed)),
      ])
    } catch (error) {
      log.warn({ error, count: uses.length }, 'Last uses of API keys were not stored.')
    }
  }
}
