// The local time zones of simulated charge points that send times without a zone.

import { isoTime } from '../../src/base/clock.ts'

/**
 * Minutes that clocks are ahead of UTC in each zone. Every simulation is near the turn of a year, so that none of them
 * changes.
 */
const minutesAhead = { 'Europe/Berlin': 60, 'America/St_Johns': -210, 'Australia/Sydney': 660, '+05:30': 330 } as const

export type LocalZone = keyof typeof minutesAhead

export const localZones: readonly LocalZone[] = ['Europe/Berlin', 'America/St_Johns', 'Australia/Sydney', '+05:30']

/** What the clocks of the zone show at `time`. */
export function localTime(time: string, zone: LocalZone): string {
  return isoTime(Date.parse(time) + minutesAhead[zone] * 60_000).replace('Z', '')
}

/** The moment at which the clocks of the zone show `time`. */
export function momentOf(time: string, zone: LocalZone): number {
  return Date.parse(`${time}Z`) - minutesAhead[zone] * 60_000
}
