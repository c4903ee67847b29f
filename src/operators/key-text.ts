// The text of an API key: `stator_`, its id, `_`, and 256 random bits. The id finds its row; the whole text is hashed.

import { randomBytes } from 'node:crypto'

const keyText = /^stator_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/

/** A new API key. Its text is shown once, and never stored. */
export function newKeyText(): { readonly id: string; readonly text: string } {
  const id = randomBytes(8).toString('hex')
  return { id, text: `stator_${id}_${randomBytes(32).toString('base64url')}` }
}

/** The id in the text of an API key; null if `text` is not one, as a key of the settings. */
export function keyIdIn(text: string): string | null {
  return keyText.exec(text)?.[1] ?? null
}
