// The operators' API keys: the admin key and those of Security.ApiKeys.

import { timingSafeEqual } from 'node:crypto'
import type { Credentials } from './credentials.ts'

interface NamedKey {
  readonly name: string
  readonly digest: Uint8Array
}

/** Authenticates operators by API key. */
export class KeyRing {
  readonly #credentials: Credentials
  readonly #keys: readonly NamedKey[]

  /** `keys`: name, as the log shows it, and key. Only the digest of the key is kept. */
  constructor(credentials: Credentials, keys: readonly (readonly [name: string, key: string])[]) {
    this.#credentials = credentials
    this.#keys = keys.map(([name, key]) => ({ name, digest: credentials.digest(key) }))
  }

  /** The name of the presented key, or null. Compares every key, so that timing reveals nothing. */
  nameOf(presented: string): string | null {
    const given = this.#credentials.digest(presented)
    let found: string | null = null
    for (const { name, digest } of this.#keys) {
      if (timingSafeEqual(given, digest) && found === null) found = name
    }
    return found
  }
}
