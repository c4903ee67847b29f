// Carries out erasures of id tokens, in the background and in small steps. Each step is a transaction that holds the
// row of its erasure: several nodes share the work, and what a killed one had not committed is done by another.

import type { ClientBase, Pool } from 'pg'
import type { Clock } from '../../base/clock.ts'
import {
  erasurePagesMax,
  erasurePagesMin,
  erasurePauseMs,
  erasureStepMs,
  erasureTurnMs,
  erasureUnderWayMs,
} from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { ErasedRows, ErasurePosition, ErasureState } from '../../blocks/authorization/erasure.ts'
import { idKeyOf } from '../live-queries.ts'
import { isProtocolWord } from './protocol-words.ts'
import { scan, type Search } from './scan.ts'

/** Encrypts id tokens while they are needed. */
export interface TokenSeal {
  seal(idToken: string): string
  /** @throws {StatorError} `ENCRYPTION_KEY_DIFFERS`. */
  open(sealed: string): string
}

export interface EraserDeps {
  readonly pool: Pick<Pool, 'query' | 'connect'>
  readonly seal: TokenSeal
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Called with each id token that is being erased: this process is to forget it. */
  readonly forget: (idToken: string) => void
}

interface OpenErasure {
  readonly id: number
  readonly sealedToken: string
}

interface Held {
  readonly state: ErasureState
  readonly pseudonym: string
  readonly createdAtMs: number
  readonly position: ErasurePosition | null
  readonly erased: ErasedRows
}

const readOpen = {
  name: 'stator_open_erasures',
  text: `SELECT id, sealed_token AS "sealedToken" FROM id_token_erasures WHERE state <> 'done' ORDER BY id`,
}

// Not one that waits for its last scan, nor one that another node is at.
const hold = `
  SELECT state, pseudonym, created_at AS "createdAtMs", position, erased FROM id_token_erasures
  WHERE id = $1 AND (state = 'running' OR state = 'settling' AND settles_at <= $2::timestamptz) FOR UPDATE SKIP LOCKED`

const advance = `
  UPDATE id_token_erasures SET position = $2::json, erased = $3::json, state = $4, ended_at = $5::timestamptz,
    sealed_token = CASE WHEN $4 = 'done' THEN NULL ELSE sealed_token END
  WHERE id = $1`

/** What of the erasures this process does. */
export class Eraser {
  readonly #deps: EraserDeps
  /** How many pages a step reads. */
  #pages = erasurePagesMin
  /** Erasures whose token cannot be decrypted here, so that it is said once. */
  readonly #unreadable = new Set<number>()
  #running: Promise<void> = Promise.resolve()
  #cancelTimer = (): void => {}
  #isFailing = false
  #isStopping = false

  constructor(deps: EraserDeps) {
    this.#deps = deps
  }

  /** Looks for erasures now, and every `erasureTurnMs`. Erasures that were begun before go on. */
  begin(): void {
    this.#running = this.#turn()
  }

  /** Finishes the step under way. */
  async end(): Promise<void> {
    this.#isStopping = true
    this.#cancelTimer()
    await this.#running
  }

  async #turn(): Promise<void> {
    const { clock, log } = this.#deps
    let isBusy = false
    try {
      isBusy = await this.#work()
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) log.warn({ error }, 'Erasures of id tokens cannot go on; the next turn tries again.')
      this.#isFailing = true
    }
    if (this.#isStopping) return
    this.#cancelTimer = clock.after(isBusy ? erasurePauseMs : erasureTurnMs, () => {
      this.#running = this.#turn()
    })
  }

  /** A step of each erasure that is open; returns whether there was something to do. */
  async #work(): Promise<boolean> {
    const { rows } = await this.#deps.pool.query<OpenErasure>(readOpen)
    let isBusy = false
    for (const erasure of rows) {
      if (this.#isStopping) return false
      const idToken = this.#open(erasure)
      if (idToken === null) continue
      this.#deps.forget(idToken)
      if (await this.#step(erasure.id, idToken)) isBusy = true
    }
    return isBusy
  }

  #open({ id, sealedToken }: OpenErasure): string | null {
    try {
      return this.#deps.seal.open(sealedToken)
    } catch (error) {
      if (!this.#unreadable.has(id))
        this.#deps.log.warn({ erasureId: id, error }, 'This node cannot go on with the erasure of an id token.')
      this.#unreadable.add(id)
      return null
    }
  }

  /** One transaction. Returns whether there was something to do. */
  async #step(id: number, idToken: string): Promise<boolean> {
    const client = await this.#deps.pool.connect()
    try {
      await client.query('BEGIN')
      const isBusy = await this.#stepIn(client, id, idToken)
      await client.query('COMMIT')
      client.release()
      return isBusy
    } catch (error) {
      // A connection that is closed takes its transaction with it.
      client.release(true)
      throw error
    }
  }

  async #stepIn(client: ClientBase, id: number, idToken: string): Promise<boolean> {
    const nowMs = this.#deps.clock.nowMs()
    const { rows } = await client.query<Held>(hold, [id, new Date(nowMs).toISOString()])
    const [held] = rows
    if (held === undefined) return false
    const { state, position } = held
    const startedMs = performance.now()
    const scanned = await scan(client, position, this.#pages, searchOf(held, idToken))
    this.#adapt(performance.now() - startedMs)
    const { next, table } = scanned
    const count = (held.erased[table] ?? 0) + scanned.rows
    const erased = scanned.rows === 0 ? held.erased : { ...held.erased, [table]: count }
    const after = next !== null ? state : state === 'running' ? 'settling' : 'done'
    const endedAt = after === 'done' ? new Date(nowMs).toISOString() : null
    await client.query(advance, [id, JSON.stringify(next), JSON.stringify(erased), after, endedAt])
    if (after === 'done') this.#deps.log.info({ erasureId: id, detail: erased }, 'An id token was erased.')
    return true
  }

  #adapt(tookMs: number): void {
    if (tookMs > erasureStepMs) this.#pages = Math.max(1, this.#pages >> 1)
    else if (tookMs < erasureStepMs / 4) this.#pages = Math.min(erasurePagesMax, this.#pages * 2)
  }
}

function searchOf({ state, pseudonym, createdAtMs }: Held, idToken: string): Search {
  const key = idKeyOf(idToken)
  return {
    token: { key, pseudonym, isWord: isProtocolWord(key), isOther: () => false },
    sinceMs: state === 'running' ? null : createdAtMs - erasureUnderWayMs,
  }
}
