// Texts that charge points send, in the form in which they are kept: as PostgreSQL can hold them, and short enough for an index.

/** `text` as PostgreSQL can hold it: without U+0000 and without half surrogate pairs. */
export function storableText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole
}

/**
 * `text` as a key that PostgreSQL can hold: one of more than `charactersMax` characters is cut, and ends in a digest of the whole, so
 * that two different texts stay two.
 */
export function storableKey(text: string, charactersMax: number): string {
  const whole = storableText(text)
  if (whole.length <= charactersMax) return whole
  const digest = new Bun.CryptoHasher('sha256').update(whole).digest('base64url')
  return storableText(`${whole.slice(0, charactersMax - digest.length - 1)}#${digest}`)
}
