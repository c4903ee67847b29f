// Slows down those who guess credentials. Thousands of charge points may share one address (a site router, a mobile
// network), so nothing here refuses right credentials: guesses of one address at one identity are compared one after
// the other, and their refusals are held back. Credentials that were right before are compared at once.
// Signed tokens (JWT) and client certificates are no guesses: they neither wait nor count.

import { createHash } from 'node:crypto'
import { networkOf } from '../base/address-ranges.ts'
import type { Clock } from '../base/clock.ts'
import type { Counters } from '../base/counters.ts'
import {
  attemptPaceMs,
  attemptsRememberedMax,
  attemptWaitMsMax,
  attemptWindowMs,
  identityCharactersMax,
  provenCredentialsMax,
  refusalHoldMsMax,
  refusalHoldMsMin,
  refusalsHeldMax,
} from '../base/limits.ts'
import { presentsNoSecret, presentsSignedTokenOnly } from './presented.ts'

/** Credentials that were presented: from where, for whom. */
export interface Attempt {
  /** IP address; the attempts of an IPv6 network of 64 bits count together. */
  readonly address: string
  /** The identity, whether it exists or not; null: an operator's credentials. */
  readonly identity: string | null
  readonly headers: Headers
  /** Whether the client proved in its TLS handshake that it has the key of a certificate. */
  readonly hasCertificate?: boolean
}

interface Failures {
  count: number
  /** When the next attempt of the pair may be compared. */
  nextAtMs: number
}

export interface FailedAttemptsDeps {
  readonly clock: Clock
  readonly counters: Pick<Counters, 'attemptsPaced' | 'refusalsHeldBack'>
  /** `Limits.FailedAttempts`: failures of one address at one identity that have no consequence. */
  readonly freeAttempts: number
}

/** The failed attempts of the last minutes, of all addresses. */
export class FailedAttempts {
  readonly #deps: FailedAttemptsDeps
  readonly #failures = new TwoGenerations<Failures>(attemptsRememberedMax)
  readonly #proven = new TwoGenerations<true>(provenCredentialsMax)
  #turnsAtMs = 0
  #held = 0

  constructor(deps: FailedAttemptsDeps) {
    this.#deps = deps
  }

  /**
   * Resolves when the credentials may be compared: at once, unless this address has failed too often at this identity.
   * Then one attempt of the pair is compared every `attemptPaceMs`. False if more wait than `attemptWaitMsMax` allows.
   */
  async turn(attempt: Attempt): Promise<boolean> {
    const { clock, counters, freeAttempts } = this.#deps
    if (isNoGuess(attempt)) return true
    const failures = this.#failuresOf(attempt)
    if (failures === undefined || failures.count <= freeAttempts) return true
    if (this.#proven.get(fingerprintOf(attempt)) !== undefined) return true
    const nowMs = clock.nowMs()
    const atMs = Math.max(nowMs, failures.nextAtMs)
    if (atMs - nowMs > attemptWaitMsMax) return false
    failures.nextAtMs = atMs + attemptPaceMs
    counters.attemptsPaced++
    if (atMs > nowMs) await passed(clock, atMs - nowMs)
    return true
  }

  /** The credentials were right: they are compared at once from now on. */
  proven(attempt: Attempt): void {
    if (isNoGuess(attempt)) return
    this.#proven.set(fingerprintOf(attempt), true)
  }

  /**
   * The credentials were wrong: resolves when the refusal may be sent. Returns whether this address has failed too
   * often at this identity. If too many refusals are held back already, this one is not.
   */
  async failed(attempt: Attempt): Promise<boolean> {
    const { clock, counters, freeAttempts } = this.#deps
    if (isNoGuess(attempt)) return false
    const failures = this.#failuresOf(attempt) ?? { count: 0, nextAtMs: 0 }
    failures.count++
    this.#failures.set(pairOf(attempt), failures)
    const over = failures.count - freeAttempts
    if (over <= 0) return false
    if (this.#held >= refusalsHeldMax) return true
    this.#held++
    counters.refusalsHeldBack++
    await passed(clock, Math.min(refusalHoldMsMax, refusalHoldMsMin * 2 ** Math.min(over - 1, 10)))
    this.#held--
    return true
  }

  /** Pairs of address and identity with failures that still count. */
  get size(): number {
    return this.#failures.size
  }

  #failuresOf(attempt: Attempt): Failures | undefined {
    const nowMs = this.#deps.clock.nowMs()
    // Those of a pair are forgotten one to two windows after the last one; earlier if too many pairs have failed.
    if (nowMs >= this.#turnsAtMs) {
      if (this.#turnsAtMs > 0) this.#failures.turn()
      if (nowMs >= this.#turnsAtMs + attemptWindowMs) this.#failures.turn()
      this.#turnsAtMs = nowMs + attemptWindowMs
    }
    return this.#failures.get(pairOf(attempt))
  }
}

/** A map that forgets its older half when the newer one is full, or when it is told to. */
class TwoGenerations<V> {
  readonly #keysMax: number
  #newer = new Map<string, V>()
  #older = new Map<string, V>()

  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  get size(): number {
    return this.#newer.size + this.#older.size
  }

  get(key: string): V | undefined {
    return this.#newer.get(key) ?? this.#older.get(key)
  }

  set(key: string, value: V): void {
    if (!this.#newer.has(key) && this.#newer.size >= this.#keysMax / 2) this.turn()
    this.#newer.set(key, value)
  }

  turn(): void {
    this.#older = this.#newer
    this.#newer = new Map()
  }
}

function isNoGuess({ headers, hasCertificate = false }: Attempt): boolean {
  return presentsSignedTokenOnly(headers) || (hasCertificate && presentsNoSecret(headers))
}

function passed(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve))
}

/** Longer identities, which nobody has, count together: what is remembered of each is short. */
function pairOf({ address, identity }: Attempt): string {
  return `${networkOf(address)} ${identity?.slice(0, identityCharactersMax + 1).toLowerCase() ?? ''}`
}

/** Recognises credentials that come again. It is never stored. */
function fingerprintOf({ identity, headers }: Attempt): string {
  const parts = [identity ?? '', headers.get('authorization') ?? '', headers.get('x-api-key') ?? '']
  return createHash('sha256').update(parts.join('\n')).digest('base64')
}
