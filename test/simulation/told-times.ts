// How charge points write their times: with a zone, in the time of the place where they stand, or not at all.

import { isoTime } from '../../src/base/clock.ts'
import type { Payload } from '../../src/csms/decision.ts'
import type { Said } from './dialects.ts'
import type { Habits } from './plan.ts'

/** Minutes that clocks are ahead of UTC in each zone. Every simulation lies near the turn of a year, so that none of them is moved. */
const minutesAhead = { 'Europe/Berlin': 60, 'America/St_Johns': -210, 'Australia/Sydney': 660, '+05:30': 330 } as const

export type LocalZone = keyof typeof minutesAhead

export const localZones: readonly LocalZone[] = ['Europe/Berlin', 'America/St_Johns', 'Australia/Sydney', '+05:30']

/** A message with its times as the charge point writes them; security events have theirs in any case. */
export function asWritten(said: Said, { tellsTimes, timeZone }: Pick<Habits, 'tellsTimes' | 'timeZone'>): Said {
  if (!tellsTimes) return said.action === 'SecurityEventNotification' ? said : written(said, () => undefined)
  return timeZone === null ? said : written(said, (time) => localTime(time, timeZone))
}

function localTime(time: string, zone: LocalZone): string {
  return isoTime(Date.parse(time) + minutesAhead[zone] * 60_000).replace('Z', '')
}

/** The moment at which the clocks of the zone show `time`. */
export function momentOf(time: string, zone: LocalZone): number {
  return Date.parse(`${time}Z`) - minutesAhead[zone] * 60_000
}

type Write = (time: string) => string | undefined

/** Lists of values that have times of their own. */
const listsOfTimed = ['meterValue', 'transactionData'] as const

function written({ action, payload }: Said, write: Write): Said {
  const lists = listsOfTimed.flatMap((name) => {
    const values = payload[name]
    return values === undefined ? [] : [[name, (values as readonly Payload[]).map((value) => timed(value, write))]]
  })
  return { action, payload: { ...timed(payload, write), ...Object.fromEntries(lists) } }
}

function timed({ timestamp, ...rest }: Payload, write: Write): Payload {
  const time = timestamp === undefined ? undefined : write(String(timestamp))
  return time === undefined ? rest : { timestamp: time, ...rest }
}
