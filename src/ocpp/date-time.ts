// Reads the date-time texts of OCPP: strictly, as the schemas want them, and kindly, as charge points write them.

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 48
  return value >= 0 && value <= 9 ? value : Number.NaN
}

function twoDigits(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

const colon = 58
const dash = 45

/**
 * Whether `text` is a date and time of RFC 3339 (1.6 §3.15 asks for ISO 8601, its schemas for RFC 3339): `2026-01-31T12:00:00.000Z`, or with an
 * offset such as `+01:00`. What this accepts, `Date.parse` reads; so second 60 is refused, which has no place in its days.
 *
 * Written out by hand because every sample of every MeterValues passes here: it takes a fraction of a regular expression.
 */
export function isDateTime(text: string): boolean {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return false
  if (!(twoDigits(text, 11) <= 23 && twoDigits(text, 14) <= 59 && twoDigits(text, 17) <= 59)) return false
  if (text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash || text[10] !== 'T') return false
  if (text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return false
  let at = 19
  if (text[at] === '.') {
    at++
    if (Number.isNaN(digit(text, at))) return false
    while (!Number.isNaN(digit(text, at))) at++
  }
  if (text[at] === 'Z') return text.length === at + 1
  if (text[at] !== '+' && text[at] !== '-') return false
  if (text.length !== at + 6 || text.charCodeAt(at + 3) !== colon) return false
  return twoDigits(text, at + 1) <= 23 && twoDigits(text, at + 4) <= 59
}

/** A time as a charge point wrote it; `hasZone` is false for a local time without an offset, which is taken as UTC. */
export interface ReadTime {
  readonly ms: number
  readonly hasZone: boolean
}

const loose = /^(\d{4}-\d\d-\d\d)(?:[T ]+(\d\d:\d\d)(:\d\d)?([.,]\d+)?)? ?(Z|[+-]\d\d(?::?\d\d)?)?$/i

/** Reads a time in one of the forms that charge points are known to use; null when it can be none of them. */
export function readTime(value: unknown): ReadTime | null {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : ''
  // Seconds or milliseconds since 1970. Shorter numbers, "0" above all, are no times.
  if (/^\d{10}$/.test(text)) return { ms: Number(text) * 1000, hasZone: true }
  if (/^\d{13}$/.test(text)) return { ms: Number(text), hasZone: true }
  const parts = loose.exec(text)
  if (parts === null) return null
  const [, date, minutes = '00:00', seconds = ':00', fraction = '', zone] = parts
  const offset = zone === undefined ? 'Z' : zone.length === 3 ? `${zone}:00` : zone.replace(/(\d\d)(\d\d)$/, '$1:$2')
  const written = `${date}T${minutes}${seconds}${fraction.replace(',', '.')}${offset.toUpperCase()}`
  return isDateTime(written) ? { ms: Date.parse(written), hasZone: zone !== undefined } : null
}
