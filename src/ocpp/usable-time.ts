// Whether a message has the time by which its resends are told from new facts. A time that a repair has read counts; one that it had to
// replace by the time of arrival does not.

import { readTime } from './date-time.ts'

type Json = Readonly<Record<string, unknown>>

/** Where a message says when it happened: in its field `timestamp`, or in each of its meter values. */
export type TimeField = 'timestamp' | 'meterValue'

/**
 * Whether a usable time is missing: of a message with meter values, in any of them.
 *
 * It compares the two payloads instead of looking for quirks, because a frame tells `quirksPerFrameMax` quirks and no more.
 *
 * @param payload after repairs, and `sent` before them: the same object when there were none.
 */
export function lacksUsableTime(field: TimeField, payload: Json, sent: Json): boolean {
  if (field === 'timestamp') {
    return payload === sent ? payload.timestamp === undefined : !isUsableTime(payload.timestamp, sent.timestamp)
  }
  if (payload === sent) return false
  const values = listOf(payload.meterValue)
  const all = listOf(sent.meterValue)
  // A repair takes out those that hold nothing.
  const told = all.length === values.length ? all : all.filter(holdsSomething)
  // Which is which cannot be told then.
  if (told.length !== values.length) return true
  return values.some((value, index) => !isUsableTime(fieldOf(value, 'timestamp'), fieldOf(told[index], 'timestamp')))
}

/** Whether any sample tells of an interval rather than of a register: two of them may well look the same. */
export function tellsIntervals({ meterValue }: Json): boolean {
  return listOf(meterValue).some((value) =>
    listOf(fieldOf(value, 'sampledValue')).some((sample) => {
      const measurand = fieldOf(sample, 'measurand')
      return typeof measurand === 'string' && measurand.includes('.Interval')
    }),
  )
}

/**
 * Whether a time that is served is one that was sent, be it in another format, and not one that stands in for it. A local time is within
 * a day of what it is as UTC; what stands in is years away from it, since only times that no working clock shows are replaced.
 */
export function isUsableTime(served: unknown, sent: unknown): boolean {
  if (typeof served !== 'string') return false
  if (served === sent) return true
  const read = readTime(sent)
  return read !== null && Math.abs(read.ms - Date.parse(served)) <= (read.hasZone ? 0 : dayMs)
}

const dayMs = 86_400_000

function holdsSomething(value: unknown): boolean {
  return fieldOf(value, 'timestamp') !== undefined || fieldOf(value, 'sampledValue') !== undefined
}

/** A list, or the one element that stands in the place of a list. */
function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined ? [] : [value]
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Json)[name] : undefined
}
