// Parses the date-time texts of OCPP: strictly, as the schemas require, and leniently, as charge points write them.

import { dayMs } from '../base/clock.ts'

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
 * Whether `text` is a date and time of RFC 3339 (1.6 §3.15 asks for ISO 8601, its schemas for RFC 3339):
 * `2026-01-31T12:00:00.000Z`, or with an offset such as `+01:00`. `Date.parse` can read every text that this accepts,
 * so second 60 is refused.
 *
 * Without a regular expression, which would be several times slower: every sample of every MeterValues is checked here.
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

/** A time as a charge point wrote it; `hasZone` is false for a local time without an offset. */
export interface ReadTime {
  readonly ms: number
  readonly hasZone: boolean
}

/** Longer than any spelling of a time. */
const timeCharactersMax = 100

const secondsSince1970 = /^(\d{10})(?:[.,](\d+))?$/
const millisecondsSince1970 = /^\d{13}$/

const fraction = String.raw`(?:[.,](?<fraction>\d*))?`
const clock = String.raw`(?<hour>\d\d?):(?<minute>\d\d?)(?::(?<second>\d\d?)${fraction})?(?: ?(?<half>[AP])\.?M\.?)?`
const zone = String.raw` *(?<zone>Z|(?:UTC|GMT)?[+-](?:\d\d(?::?\d\d)?|\d(?::\d\d)?)|UTC|GMT)?`
const clockAndZone = String.raw`(?:(?: *[T_] *|,? +)${clock})?${zone}$`
const weekday = String.raw`(?:[a-z]{3,9},? +)?`
const monthName = String.raw`(?<name>[a-z]{3})[a-z]{0,6}`

// Year-month-day, or a month by name; with points the day comes first. Any other order would be a guess.
const forms: readonly RegExp[] = [
  new RegExp(String.raw`^(?<year>\d{4})(?<mark>[-/.])(?<month>\d\d?)\k<mark>(?<day>\d\d?)${clockAndZone}`, 'i'),
  new RegExp(
    String.raw`^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)(?:T|(?=\d{6}$))` +
      String.raw`(?<hour>\d\d)(?<minute>\d\d)(?<second>\d\d)?${fraction}${zone}$`,
    'i',
  ),
  new RegExp(String.raw`^(?<day>\d\d?)\.(?<month>\d\d?)\.(?<year>\d{4})${clockAndZone}`, 'i'),
  new RegExp(String.raw`^${weekday}(?<day>\d\d?)[ -]${monthName}[ -](?<year>\d{4})${clockAndZone}`, 'i'),
  new RegExp(String.raw`^${weekday}${monthName} +(?<day>\d\d?),? +(?<year>\d{4})${clockAndZone}`, 'i'),
  new RegExp(String.raw`^${weekday}${monthName} +(?<day>\d\d?) +${clock}${zone} +(?<year>\d{4})$`, 'i'),
]

// What some firmware adds: a Z after an offset, (Java) the name of the zone, or quotes around the whole text.
const afterOffset = /([+-]\d\d:?\d\d|Z)(?:Z|\[[\w/+-]+\])$/i
const quoted = /^(['"])(.*)\1$/

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/**
 * Parses a time leniently; null if it is not a time, or is ambiguous (05/01/2026).
 *
 * A time without a zone is taken in `timeZone`. A time that occurs twice, when clocks are set back, is the first of the
 * two. 24:00:00 is the midnight that follows; second 60 (a leap second) is second 59. Ten digits are seconds since
 * 1970, thirteen are milliseconds; shorter numbers, such as "0", are not times.
 *
 * @param timeZone an IANA name or an offset such as `+02:00`.
 */
export function readTime(value: unknown, timeZone = 'UTC'): ReadTime | null {
  const sent = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : ''
  if (sent.length > timeCharactersMax) return null
  const text = sent.replace(quoted, '$2').replace(afterOffset, '$1')
  const seconds = secondsSince1970.exec(text)
  if (seconds !== null) return { ms: Number(seconds[1]) * 1_000 + millisecondsOf(seconds[2]), hasZone: true }
  if (millisecondsSince1970.test(text)) return { ms: Number(text), hasZone: true }
  for (const form of forms) {
    const parts = form.exec(text)?.groups
    if (parts !== undefined) return timeOf(parts, timeZone)
  }
  return null
}

function timeOf(parts: Readonly<Record<string, string | undefined>>, timeZone: string): ReadTime | null {
  const { year, name, month = monthNumber(name), day, minute = '0', second = '0', zone: offset } = parts
  const hour = hourOf(parts)
  const milliseconds = millisecondsOf(parts['fraction'])
  const time = [minute, second === '60' ? '59' : second]
  const isMidnightAfter = hour === '24' && Number(minute) + Number(second) + milliseconds === 0
  const date = [year, month, day].map(twoCharacters).join('-')
  const local = `${date}T${[isMidnightAfter ? '0' : hour, ...time].map(twoCharacters).join(':')}`
  const written = `${local}${offsetOf(offset)}`
  if (!isDateTime(written)) return null
  const hasZone = offset !== undefined
  const days = isMidnightAfter ? 1 : 0
  const ms = hasZone || timeZone === 'UTC' ? Date.parse(written) + days * dayMs : msIn(timeZone, local, days)
  return { ms: ms + milliseconds, hasZone }
}

function msIn(timeZone: string, local: string, daysLater: number): number {
  return Temporal.PlainDateTime.from(local).add({ days: daysLater }).toZonedDateTime(timeZone).epochMilliseconds
}

/** Whether `readTime` knows the time zone. */
export function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** The number of a month by name; an invalid month number for an unknown name. */
function monthNumber(name = ''): string {
  return String(monthNames.indexOf(name.toLowerCase()) + 1)
}

/** The hour of the day. With AM or PM only 1 to 12 are valid; others return an invalid hour. */
function hourOf({ hour = '0', half }: Readonly<Record<string, string | undefined>>): string {
  if (half === undefined) return hour
  const number = Number(hour)
  if (number < 1 || number > 12) return '99'
  return String((number % 12) + (half.toUpperCase() === 'P' ? 12 : 0))
}

function twoCharacters(digits = ''): string {
  return digits.padStart(2, '0')
}

/** The first three digits of a fraction of a second. */
function millisecondsOf(digits = ''): number {
  return Number(digits.slice(0, 3).padEnd(3, '0'))
}

/** `+02`, `+0200`, `+2`, `UTC+02:00`, `z` and similar spellings, as RFC 3339 spells them. */
function offsetOf(offset = 'Z'): string {
  // `+2:00` has one digit for the hours.
  const digits = offset.replace(/(?<=[+-])\d:/, '0$&').replaceAll(/\D/g, '')
  if (digits === '') return 'Z'
  const sign = offset.includes('-') ? '-' : '+'
  return `${sign}${twoCharacters(digits.slice(0, 2))}:${digits.slice(2).padEnd(2, '0')}`
}
