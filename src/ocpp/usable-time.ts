// Whether a message has a usable time, which is part of its idempotency key and distinguishes a retransmission from a
// new fact. A time that was repaired is usable; one that was replaced by the time of arrival is not.

import { dayMs } from '../base/clock.ts'
import { readTime } from './date-time.ts'

type Json = Readonly<Record<string, unknown>>

/** Where a message has its time: in its field `timestamp`, or in each of its meter values. */
export type TimeField = 'timestamp' | 'meterValue'

/**
 * Whether a usable time is missing: of a message with meter values, in any of them.
 *
 * It compares the two payloads instead of searching the quirks, because a frame has at most `quirksPerFrameMax` of
 * them.
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
  // A repair removes those without content.
  const matching = all.length === values.length ? all : all.filter(holdsSomething)
  // Then they cannot be matched.
  if (matching.length !== values.length) return true
  return values.some(
    (value, index) => !isUsableTime(fieldOf(value, 'timestamp'), fieldOf(matching[index], 'timestamp')),
  )
}

/** Whether any sample is of an interval rather than a register: two intervals may have equal values. */
export function reportsIntervals({ meterValue }: Json): boolean {
  return listOf(meterValue).some((value) =>
    listOf(fieldOf(value, 'sampledValue')).some((sample) => {
      const measurand = fieldOf(sample, 'measurand')
      return typeof measurand === 'string' && measurand.includes('.Interval')
    }),
  )
}

/**
 * Whether the time after repairs is the time that was sent, possibly in another format, and not a replacement. A local
 * time is within a day of the same text as UTC. A replacement is years away, since only implausible times are replaced.
 */
export function isUsableTime(served: unknown, sent: unknown): boolean {
  if (typeof served !== 'string') return false
  if (served === sent) return true
  const read = readTime(sent)
  return read !== null && Math.abs(read.ms - Date.parse(served)) <= (read.hasZone ? 0 : dayMs)
}

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
