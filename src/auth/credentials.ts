// Hashes of passwords and API keys: HMAC-SHA-256 with a key that is not in the database, and a salt for each.
// A reconnect storm authenticates thousands of charge points a second, which rules out a slow hash (argon2id: 190 ms).
// Without the key, passwords cannot be guessed from a stolen database; with the salt, equal passwords are not seen.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** A password or API key that was presented. */
export type PresentedSecret = string | Uint8Array

// A stored hash: this version, the id of its key, the salt, and HMAC(key, salt + HMAC(key, password)). The inner HMAC
// alone is what earlier versions stored: such a hash can be salted without the password.
const saltedVersion = 1
const keyIdBytes = 4
const saltBytes = 16
const hashBytes = 32
const saltedBytes = 1 + keyIdBytes + saltBytes + hashBytes

interface Key {
  readonly secret: Uint8Array
  readonly id: Buffer
}

/** Computes and compares the keyed hashes of passwords and API keys. */
export class Credentials {
  readonly #current: Key
  readonly #keys: readonly Key[]

  /**
   * `secret` is the key of all new hashes. With another one no stored credential matches, except those that were hashed
   * with one of `others`: the earlier one while credentials are moved to a new one, or the next one.
   */
  constructor(secret: Uint8Array, others: readonly Uint8Array[] = []) {
    this.#current = keyOf(secret)
    this.#keys = [this.#current, ...others.map(keyOf)]
  }

  /** A hash of `presented` (text as UTF-8) to store: 53 bytes, another at each call. */
  hash(presented: PresentedSecret): Uint8Array {
    return salted(this.#current, hmac(this.#current, presented))
  }

  /** The keyed hash without a salt: to compare secrets in memory, never to store. 32 bytes. */
  digest(presented: PresentedSecret): Uint8Array {
    return hmac(this.#current, presented)
  }

  /** The salted form of an unsalted hash that the secret of `fingerprint` made; null: not a known secret. */
  readonly saltEarlier = (unsalted: Uint8Array, fingerprint: Uint8Array): Uint8Array | null => {
    const key = this.#keys.find((one) => timingSafeEqual(fingerprintOf(one), fingerprint))
    return key === undefined ? null : salted(key, unsalted)
  }

  /** What to store in place of `hash`, which `presented` matches, if another secret made it; else null. */
  renewed(presented: PresentedSecret, hash: Uint8Array | null): Uint8Array | null {
    if (hash === null || !isSalted(hash) || idIn(hash).equals(this.#current.id)) return null
    return this.hash(presented)
  }

  /** A fingerprint, to check that two nodes have the same secret. It reveals nothing else. */
  fingerprint(): Uint8Array {
    return fingerprintOf(this.#current)
  }

  /** The fingerprints of all secrets whose hashes match, the current one first. */
  fingerprints(): readonly Uint8Array[] {
    return this.#keys.map(fingerprintOf)
  }

  /** Compares `hash` with that of `presented` in constant time. A missing credential (null) never matches. */
  matches(presented: PresentedSecret, hash: Uint8Array | null): boolean {
    return this.matchOf(presented, [hash]) !== null
  }

  /**
   * The first of `hashes` that matches `presented`, each compared in constant time; null if none does.
   */
  matchOf(presented: PresentedSecret, hashes: readonly (Uint8Array | null)[]): Uint8Array | null {
    let found: Uint8Array | null = null
    for (const key of this.#keys) {
      const given = hmac(key, presented)
      for (const hash of hashes) if (hash !== null && isOf(key, given, hash)) found ??= hash
    }
    return found
  }
}

function isSalted(hash: Uint8Array): boolean {
  return hash.length === saltedBytes && hash[0] === saltedVersion
}

function keyOf(secret: Uint8Array): Key {
  return { secret, id: hmac({ secret }, 'the id of a secret').subarray(0, keyIdBytes) }
}

function fingerprintOf(key: Key): Buffer {
  return hmac(key, 'the secret of the credential hashes')
}

function hmac({ secret }: Pick<Key, 'secret'>, ...parts: readonly PresentedSecret[]): Buffer {
  const made = createHmac('sha256', secret)
  for (const part of parts) made.update(part)
  return made.digest()
}

function salted(key: Key, unsalted: Uint8Array): Buffer {
  const salt = randomBytes(saltBytes)
  return Buffer.concat([Buffer.of(saltedVersion), key.id, salt, hmac(key, salt, unsalted)])
}

function idIn(hash: Uint8Array): Buffer {
  return Buffer.from(hash.subarray(1, 1 + keyIdBytes))
}

/** Whether the stored `hash` was made of the secret whose unsalted hash under `key` is `given`. */
function isOf(key: Key, given: Buffer, hash: Uint8Array): boolean {
  if (!isSalted(hash)) return hash.length === hashBytes && timingSafeEqual(given, hash)
  if (!idIn(hash).equals(key.id)) return false
  const salt = hash.subarray(1 + keyIdBytes, 1 + keyIdBytes + saltBytes)
  return timingSafeEqual(hmac(key, salt, given), hash.subarray(-hashBytes))
}
