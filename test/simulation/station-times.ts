// How charge points write their times: with a zone, in local time without a zone, or not at all.

import type { Payload } from '../../src/blocks/decision.ts'
import type { Said } from './dialects.ts'
import { localTime } from './local-zones.ts'
import type { Habits } from './plan.ts'

/** A message with its times as the charge point writes them; security events have theirs in any case. */
export function asWritten(said: Said, { sendsTimes, timeZone }: Pick<Habits, 'sendsTimes' | 'timeZone'>): Said {
  if (!sendsTimes) return said.action === 'SecurityEventNotification' ? said : written(said, () => undefined)
  return timeZone === null ? said : written(said, (time) => localTime(time, timeZone))
}

type Write = (time: string) => string | undefined

/** Lists of values with times of their own. */
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
