// Makes the texts of charge points storable: valid for PostgreSQL, and short enough for an index.

/** `text` as PostgreSQL can store it: without U+0000 and without lone surrogates. */
export function storableText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole
}

/**
 * `text` as a key that PostgreSQL can store. A text of more than `charactersMax` characters is cut, and ends with a
 * digest of the whole text, so that different texts stay different.
 */
export function storableKey(text: string, charactersMax: number): string {
  const whole = storableText(text)
  if (whole.length <= charactersMax) return whole
  const digest = new Bun.CryptoHasher('sha256').update(whole).digest('base64url')
  return storableText(`${whole.slice(0, charactersMax - digest.length - 1)}#${digest}`)
}
