// The operators' API keys: the admin key and those of Security.ApiKeys.

import { timingSafeEqual } from 'node:crypto'
import type { Credentials } from './credentials.ts'

/** A key of the settings. */
export interface SettingsKey {
  /** As the list of API keys shows it. */
  readonly id: string
  /** As the log shows it. */
  readonly name: string
}

interface KnownKey extends SettingsKey {
  readonly digest: Uint8Array
}

/** Authenticates operators by API key. */
export class KeyRing {
  readonly #credentials: Credentials
  readonly #keys: readonly KnownKey[]

  /** Only the digests of the texts are kept. */
  constructor(credentials: Credentials, keys: readonly (SettingsKey & { readonly text: string })[]) {
    this.#credentials = credentials
    this.#keys = keys.map(({ id, name, text }) => ({ id, name, digest: credentials.digest(text) }))
  }

  /** The keys, in the order of the settings. */
  get all(): readonly SettingsKey[] {
    return this.#keys.map(({ id, name }) => ({ id, name }))
  }

  /** The presented key, or null. Compares every key, so that timing reveals nothing. */
  find(presented: string): SettingsKey | null {
    const given = this.#credentials.digest(presented)
    let found: SettingsKey | null = null
    for (const key of this.#keys) {
      if (timingSafeEqual(given, key.digest) && found === null) found = key
    }
    return found
  }
}
