// The encodings in which charge points present a password. OCPP 1.6 sets it as hex and presents its bytes, so a
// password can be right although its bytes differ from what was set.

import type { CredentialRecord } from '../blocks/records.ts'
import type { Credentials } from './credentials.ts'
import type { HandshakeQuirk } from './handshake-quirks.ts'

/** A presented password that is right. */
export interface ProvenPassword {
  /** The stored hash that it matches. */
  readonly hash: Uint8Array
  /** What to store in its place, if it was hashed with another secret than the current one; else null. */
  readonly renewed: Uint8Array | null
  /** Quirks of its encoding. */
  readonly quirks: readonly HandshakeQuirk[]
}

type PasswordHashes = Pick<CredentialRecord, 'passwordHash' | 'pendingPasswordHash'>

/**
 * The stored hash of `password` (text as UTF-8).
 *
 * Hex in mixed letter case is hashed in lower case, because `provePassword` cannot recover the case from the bytes that
 * a charge point presents.
 */
export function hashPassword(password: string | Uint8Array, credentials: Credentials): Uint8Array {
  return credentials.hash(formToStore(password))
}

/** Whether `hashPassword` of `password` made `hash`. */
export function isHashOfPassword(password: string, hash: Uint8Array, credentials: Credentials): boolean {
  return credentials.matches(formToStore(password), hash)
}

function formToStore(password: string | Uint8Array): string | Uint8Array {
  const text = Buffer.from(password).toString('latin1')
  const isMixedCase = /[a-f]/.test(text) && /[A-F]/.test(text)
  return isHex(text) && isMixedCase ? text.toLowerCase() : password
}

/**
 * The password of `record` (the current or the pending one) that `password` matches, in any encoding; null if none.
 *
 * OCPP 1.6 sets an AuthorizationKey as hex and presents its bytes (Security whitepaper §4.2): bytes whose hex was set
 * are correct, and so is text in Latin-1. Some charge points present the hex of a password that was set as text, which
 * is a quirk.
 */
export function provePassword(
  password: Uint8Array,
  record: PasswordHashes,
  credentials: Credentials,
): ProvenPassword | null {
  const hashes = [record.passwordHash, record.pendingPasswordHash]
  if (hashes.every((hash) => hash === null)) return null
  for (const [form, quirks] of formsOf(password)) {
    const hash = credentials.matchOf(form, hashes)
    if (hash !== null) return { hash, renewed: credentials.renewed(form, hash), quirks }
  }
  return null
}

const notQuirky: readonly HandshakeQuirk[] = []

/** The passwords that may have been set if `password` is presented, most likely first. */
function* formsOf(password: Uint8Array): Generator<readonly [form: string | Uint8Array, readonly HandshakeQuirk[]]> {
  yield [password, notQuirky]
  const hex = Buffer.from(password).toString('hex')
  yield [hex, notQuirky]
  yield [hex.toUpperCase(), notQuirky]
  const text = Buffer.from(password).toString('latin1')
  if (isHex(text)) {
    yield [text.toLowerCase(), notQuirky]
    yield [text.toUpperCase(), notQuirky]
    yield [Buffer.from(text, 'hex'), ['authorizationKeyHex']]
  } else if (/[\u0080-\u00ff]/.test(text)) {
    // The encoding is undefined (RFC 7617 §2): this is the UTF-8 of a text that was presented in Latin-1.
    yield [text, notQuirky]
  }
}

function isHex(text: string): boolean {
  return text.length > 0 && text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text)
}
