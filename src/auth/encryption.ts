// Encrypts secrets that have to be readable later, such as private keys, before they are stored in the database:
// AES-256-GCM under a key that is never in the database. The stored text names its key, so that keys can be replaced.

import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { StatorError } from '../base/errors.ts'

const cipher = 'aes-256-gcm'
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const form = 'v1'

/** Encrypts with the encryption key of this installation, and decrypts with it and with those that it replaces. */
export class Encryption {
  readonly #key: EncryptionKey
  readonly #keys: ReadonlyMap<string, EncryptionKey>

  /**
   * `secret`: the text of `Security.EncryptionKey`, or the generated one. `otherSecrets`: those of further keys, such
   * as the earlier one while it is replaced.
   */
  constructor(secret: Uint8Array, otherSecrets: readonly Uint8Array[] = []) {
    this.#key = keyOf(secret)
    this.#keys = new Map([...otherSecrets.map(keyOf), this.#key].map((key) => [key.id, key]))
  }

  /** Names the key in stored texts, and tells nothing about it. */
  get keyId(): string {
    return this.#key.id
  }

  /**
   * `text` as `v1.<key id>.<nonce, tag and ciphertext>`. It can only be decrypted for the same `purpose`: a stored text
   * that is moved to another place is not accepted there.
   */
  encrypt(purpose: string, text: string): string {
    const nonce = randomBytes(nonceBytes)
    const encrypting = createCipheriv(cipher, this.#key.bytes, nonce).setAAD(Buffer.from(purpose))
    const encrypted = Buffer.concat([encrypting.update(text, 'utf8'), encrypting.final()])
    return `${form}.${this.keyId}.${Buffer.concat([nonce, encrypting.getAuthTag(), encrypted]).toString('base64url')}`
  }

  /** Encrypts and decrypts for one purpose. */
  for(purpose: string) {
    return {
      seal: (text: string): string => this.encrypt(purpose, text),
      /** @throws {StatorError} as `decrypt`. */
      open: (stored: string): string => this.decrypt(purpose, stored),
      /** As `open`; null without the key. */
      openOrNull: (stored: string): string | null => {
        try {
          return this.decrypt(purpose, stored)
        } catch (error) {
          if (error instanceof StatorError) return null
          throw error
        }
      },
    }
  }

  /** Whether `stored` was encrypted with the present key. If not, encrypt it again: other keys will be taken away. */
  isOfPresentKey(stored: string): boolean {
    return stored.startsWith(`${form}.${this.keyId}.`)
  }

  /** @throws {StatorError} `ENCRYPTION_KEY_DIFFERS` if it was encrypted with an unknown key, or was changed. */
  decrypt(purpose: string, stored: string): string {
    const [usedForm, keyId = '?', sealed = ''] = stored.split('.')
    const key = this.#keys.get(keyId)
    if (usedForm !== form || key === undefined) {
      const known = [...this.#keys.keys()].toReversed()
      throw differs(
        `with the key ${keyId}, and this process has the ${known.length > 1 ? 'keys' : 'key'} ${known.join(', ')}`,
      )
    }
    const bytes = Buffer.from(sealed, 'base64url')
    try {
      const nonce = bytes.subarray(0, nonceBytes)
      const decrypting = createDecipheriv(cipher, key.bytes, nonce, { authTagLength: tagBytes })
        .setAAD(Buffer.from(purpose))
        .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
      const text = decrypting.update(bytes.subarray(nonceBytes + tagBytes))
      return Buffer.concat([text, decrypting.final()]).toString('utf8')
    } catch (error) {
      throw differs('and has been changed since', error)
    }
  }
}

interface EncryptionKey {
  readonly id: string
  readonly bytes: Uint8Array
}

function keyOf(secret: Uint8Array): EncryptionKey {
  const bytes = new Uint8Array(hkdfSync('sha256', secret, '', 'stator encryption', keyBytes))
  return { bytes, id: createHash('sha256').update('stator key id').update(bytes).digest('hex').slice(0, 16) }
}

function differs(how: string, cause?: unknown): StatorError {
  return new StatorError(
    'ENCRYPTION_KEY_DIFFERS',
    `A secret in the database was encrypted ${how}: expected the secrets/encryption-key of the data folder in which ` +
      'it was made, or its text as Security.EncryptionKey or in Security.OtherEncryptionKeys.',
    undefined,
    cause,
  )
}
