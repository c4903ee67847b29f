// Hashes of passwords and API keys: HMAC-SHA-256 with a key that is not in the database.
// A reconnect storm authenticates thousands of charge points a second, which rules out a slow hash (argon2id: 190 ms).
// Without the key, passwords cannot be guessed from a stolen database.

import { createHmac, timingSafeEqual } from 'node:crypto'

/** A password or API key that was presented. */
export type PresentedSecret = string | Uint8Array

/** Computes and compares the keyed hashes of passwords and API keys. */
export class Credentials {
  readonly #secret: Uint8Array

  /** `secret` is the key of all hashes. With another one no stored credential matches. */
  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** The 32-byte hash of `presented` (text as UTF-8). */
  hash(presented: PresentedSecret): Uint8Array {
    return createHmac('sha256', this.#secret).update(presented).digest()
  }

  /** A fingerprint, to check that two nodes have the same secret. It reveals nothing else. */
  fingerprint(): Uint8Array {
    return this.hash('the secret of the credential hashes')
  }

  /** Compares `hash` with that of `presented` in constant time. A missing credential (null) never matches. */
  matches(presented: PresentedSecret, hash: Uint8Array | null): boolean {
    return this.matchOf(presented, [hash]) !== null
  }

  /**
   * The first of `hashes` that matches `presented`, each compared in constant time; null if none does.
   */
  matchOf(presented: PresentedSecret, hashes: readonly (Uint8Array | null)[]): Uint8Array | null {
    const given = this.hash(presented)
    let found: Uint8Array | null = null
    for (const hash of hashes) {
      if (hash?.length === given.length && timingSafeEqual(given, hash)) found ??= hash
    }
    return found
  }
}
