// Encrypts secrets that have to be readable later, such as private keys, before they are stored in the database:
// AES-256-GCM under a key that is never in the database. The stored text names its key, so that keys can be replaced.

import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { StatorError } from '../base/errors.ts'

const cipher = 'aes-256-gcm'
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const form = 'v1'

/** Encrypts and decrypts with the encryption key of this installation. */
export class Encryption {
  readonly #key: Uint8Array
  /** Names the key in stored texts, and tells nothing about it. */
  readonly keyId: string

  /** `secret`: the text of `Security.EncryptionKey`, or the generated one. */
  constructor(secret: Uint8Array) {
    this.#key = new Uint8Array(hkdfSync('sha256', secret, '', 'stator encryption', keyBytes))
    this.keyId = createHash('sha256').update('stator key id').update(this.#key).digest('hex').slice(0, 16)
  }

  /**
   * `text` as `v1.<key id>.<nonce, tag and ciphertext>`. It can only be decrypted for the same `purpose`: a stored text
   * that is moved to another place is not accepted there.
   */
  encrypt(purpose: string, text: string): string {
    const nonce = randomBytes(nonceBytes)
    const encrypting = createCipheriv(cipher, this.#key, nonce).setAAD(Buffer.from(purpose))
    const encrypted = Buffer.concat([encrypting.update(text, 'utf8'), encrypting.final()])
    return `${form}.${this.keyId}.${Buffer.concat([nonce, encrypting.getAuthTag(), encrypted]).toString('base64url')}`
  }

  /** @throws {StatorError} `ENCRYPTION_KEY_DIFFERS` if it was encrypted with another key, or was changed. */
  decrypt(purpose: string, stored: string): string {
    const [usedForm, keyId, sealed = ''] = stored.split('.')
    if (usedForm !== form || keyId !== this.keyId) {
      throw differs(`with the key ${keyId ?? '?'}, and this process has the key ${this.keyId}`)
    }
    const bytes = Buffer.from(sealed, 'base64url')
    try {
      const nonce = bytes.subarray(0, nonceBytes)
      const decrypting = createDecipheriv(cipher, this.#key, nonce, { authTagLength: tagBytes })
        .setAAD(Buffer.from(purpose))
        .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
      const text = decrypting.update(bytes.subarray(nonceBytes + tagBytes))
      return Buffer.concat([text, decrypting.final()]).toString('utf8')
    } catch (error) {
      throw differs('and has been changed since', error)
    }
  }
}

function differs(how: string, cause?: unknown): StatorError {
  return new StatorError(
    'ENCRYPTION_KEY_DIFFERS',
    `A secret in the database was encrypted ${how}: expected the secrets/encryption-key of the data folder in which ` +
      'it was made, or Security.EncryptionKey with its text.',
    undefined,
    cause,
  )
}
