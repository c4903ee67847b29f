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

/** No time is written as long. */
const timeCharactersMax = 100

const secondsSince1970 = /^(\d{10})(?:[.,](\d+))?$/
const millisecondsSince1970 = /^\d{13}$/

// Year first, and then month and day: any other order is a guess. What is captured: year, month, day, hour, minute, second,
// fraction, zone.
const spread =
  /^(\d{4})(?:-(\d\d?)-|\/(\d\d?)\/)(\d\d?)(?:(?: *T *| +)(\d\d?):(\d\d?)(?::(\d\d?)(?:[.,](\d*))?)?)? *(Z|(?:UTC|GMT)?[+-]\d\d(?::?\d\d)?|UTC|GMT)?$/i
const packed = /^(\d{4})(\d\d)()(\d\d)(?:T|(?=\d{6}$))(\d\d)(\d\d)(\d\d)?(?:[.,](\d*))?(Z|[+-]\d\d(?::?\d\d)?)?$/i

/**
 * Reads a time as a person would; null when it is none, or when it can be read in two ways (05/01/2026).
 *
 * A time without a zone is taken as UTC, 24:00:00 as the midnight that follows, second 60 (a leap second) as second 59. Ten
 * digits are seconds since 1970, thirteen are milliseconds; shorter numbers, "0" above all, are no times.
 */
export function readTime(value: unknown): ReadTime | null {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : ''
  if (text.length > timeCharactersMax) return null
  const seconds = secondsSince1970.exec(text)
  if (seconds !== null) return { ms: Number(seconds[1]) * 1_000 + millisecondsOf(seconds[2]), hasZone: true }
  if (millisecondsSince1970.test(text)) return { ms: Number(text), hasZone: true }
  const parts = spread.exec(text) ?? packed.exec(text)
  if (parts === null) return null
  const [, year = '', dashed, slashed, day = '', hour = '0', minute = '0', second = '0', fraction, zone] = parts
  const isMidnightAfter =
    hour === '24' && Number(minute) === 0 && Number(second) === 0 && millisecondsOf(fraction) === 0
  const date = `${year}-${twoCharacters(dashed || slashed)}-${twoCharacters(day)}`
  const time = `${twoCharacters(isMidnightAfter ? '0' : hour)}:${twoCharacters(minute)}:${second === '60' ? '59' : twoCharacters(second)}`
  const written = `${date}T${time}${offsetOf(zone)}`
  if (!isDateTime(written)) return null
  const ms = Date.parse(written) + millisecondsOf(fraction) + (isMidnightAfter ? dayMs : 0)
  return { ms, hasZone: zone !== undefined }
}

const dayMs = 86_400_000

function twoCharacters(digits = ''): string {
  return digits.padStart(2, '0')
}

/** The first three digits of a fraction of a second. */
function millisecondsOf(fraction = ''): number {
  return Number(fraction.slice(0, 3).padEnd(3, '0'))
}

/** `+02`, `+0200`, `UTC+02:00`, `z` and the like as RFC 3339 has them. */
function offsetOf(zone = 'Z'): string {
  const digits = zone.replaceAll(/[^\d+-]/g, '')
  return digits === '' ? 'Z' : `${digits.slice(0, 3)}:${digits.slice(3).padEnd(2, '0')}`
}
