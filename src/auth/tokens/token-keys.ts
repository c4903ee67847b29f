// The public keys of the issuer in memory. They are read in the background, so that no token waits for the issuer, and
// stay in use while it is away. An issuer that changes its keys publishes the new one before or while it signs with it:
// a token with an unknown key causes a reading, but not more often than `tokenKeysCooldownMs` allows.

import type { CryptoKey } from 'jose'
import type { Clock } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import { tokenKeysCooldownMs, tokenKeysRefreshMs, tokenKeysRetryMs, tokenKeysWaitMsMax } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { KeySet, TokenHeader } from './key-set.ts'

export interface TokenKeysDeps {
  /** Reads the keys. Its errors are sentences. */
  readonly read: (signal: AbortSignal) => Promise<KeySet>
  /** The setting that says where they are read from. */
  readonly setting: string
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** A reading of the keys that is under way. */
interface Reading {
  readonly startedAtMs: number
  /** Ends when the reading does, whether it succeeds or fails. */
  readonly ended: Promise<void>
}

/** The keys of tokens, kept up to date from `start` to `stop`. */
export class TokenKeys {
  readonly #deps: TokenKeysDeps
  readonly #stopping = new AbortController()
  #keys: KeySet | null
  #reading: Reading | null = null
  #readAtMs = Number.NEGATIVE_INFINITY
  /** Whether the last reading failed. */
  #isAway = false
  #cancelTimer: () => void = () => {}

  /** `keys`: those that have been read already, if any. */
  constructor(deps: TokenKeysDeps, keys: KeySet | null = null) {
    this.#deps = deps
    this.#keys = keys
  }

  /** Whether the last reading succeeded; false before the first. */
  get areAvailable(): boolean {
    return this.#keys !== null && !this.#isAway
  }

  /** Begins to read the keys; does not wait for them. */
  start(): void {
    if (this.#keys === null) this.#read()
    else this.#readIn(tokenKeysRefreshMs)
  }

  /** Gives up the reading under way, and reads no more. */
  async stop(): Promise<void> {
    this.#cancelTimer()
    this.#stopping.abort()
    await this.#reading?.ended
  }

  /**
   * The keys that a token with this header may be signed with.
   *
   * @throws {StatorError} `TOKEN_KEYS_UNAVAILABLE` if no keys have been read since the start.
   */
  async matching(header: TokenHeader): Promise<readonly CryptoKey[]> {
    if (this.#keys === null) await this.#waitFor(this.#reading)
    if (this.#keys === null) {
      throw new StatorError('TOKEN_KEYS_UNAVAILABLE', 'The keys of bearer tokens cannot be read at the moment.')
    }
    const found = await this.#keys.matching(header)
    if (found.length > 0 || this.#isAway) return found
    if (this.#mayRead()) this.#read()
    if (this.#reading === null) return found
    await this.#waitFor(this.#reading)
    return this.#keys.matching(header)
  }

  #mayRead(): boolean {
    return !this.#stopping.signal.aborted && this.#deps.clock.nowMs() - this.#readAtMs >= tokenKeysCooldownMs
  }

  /** Waits until `reading` ends, at most `tokenKeysWaitMsMax` from its start: a token may hold an admission slot. */
  async #waitFor(reading: Reading | null): Promise<void> {
    const { clock } = this.#deps
    const leftMs = reading === null ? 0 : reading.startedAtMs + tokenKeysWaitMsMax - clock.nowMs()
    if (reading === null || leftMs <= 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = clock.after(leftMs, resolve)
    await Promise.race([reading.ended, promise])
    cancel()
  }

  #read(): void {
    this.#cancelTimer()
    this.#readAtMs = this.#deps.clock.nowMs()
    this.#reading = { startedAtMs: this.#readAtMs, ended: this.#readOnce() }
  }

  #readIn(ms: number): void {
    if (!this.#stopping.signal.aborted) this.#cancelTimer = this.#deps.clock.after(ms, () => this.#read())
  }

  async #readOnce(): Promise<void> {
    const { read, setting, log } = this.#deps
    try {
      this.#keys = await read(this.#stopping.signal)
      if (this.#isAway) log.warn({ setting }, 'The keys of bearer tokens can be read again.')
      this.#isAway = false
      this.#readIn(tokenKeysRefreshMs)
    } catch (error) {
      if (!this.#isAway && !this.#stopping.signal.aborted) {
        const reason = error instanceof Error ? error.message : String(error)
        log.warn({ setting, reason }, `The keys of bearer tokens cannot be read; ${this.#consequence()}.`)
      }
      this.#isAway = true
      this.#readIn(tokenKeysRetryMs)
    } finally {
      this.#reading = null
    }
  }

  #consequence(): string {
    return this.#keys === null
      ? 'no token is accepted until they can'
      : 'those that are known stay in use until they can'
  }
}
