// How passwords and API keys are kept: as HMAC-SHA-256 under a secret that is not in the database.
// A reconnect storm authenticates thousands of charge points a second, so a slow hash (argon2id: 190 ms) is out of
// the question; without the secret a stolen database gives nothing to guess against.

import { createHmac, timingSafeEqual } from 'node:crypto'

/** A password or key as it was presented. */
export type PresentedSecret = string | Uint8Array

/** Makes and compares the keyed hashes of passwords and API keys. */
export class Credentials {
  readonly #secret: Uint8Array

  /** `secret` keys every hash: with another secret no stored credential matches any more. */
  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** The 32 bytes under which `presented` (text as UTF-8) is stored. */
  hash(presented: PresentedSecret): Uint8Array {
    return createHmac('sha256', this.#secret).update(presented).digest()
  }

  /** Tells whether two processes have the same secret, and nothing else about it. */
  fingerprint(): Uint8Array {
    return this.hash('the secret of the credential hashes')
  }

  /** Whether `hash` is that of `presented`, in constant time; a credential that does not exist (null) never matches. */
  matches(presented: PresentedSecret, hash: Uint8Array | null): boolean {
    return this.matchOf(presented, [hash]) !== null
  }

  /**
   * The first of `hashes` that is that of `presented`, each compared in constant time; null when it is none of them.
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
