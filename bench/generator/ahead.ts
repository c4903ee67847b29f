// The next messages of a station, as long as none is lost or refused: one message, and the digits in it that count up.
// So a socket can send them by itself.

import { type Charging, currentTenths, sampleOf, sampleStep } from './charging.ts'

/** Digits of a message that count up from one message to the next. */
export interface Counter {
  readonly kind: 'decimal' | 'clock'
  /** Their position in the payload. */
  readonly at: number
  /** Number of characters; those that are not digits stay. */
  readonly width: number
  /** For a clock, `hh:mm:ss`, in seconds. */
  readonly step: number
  /** A number that reaches `wrapAt` is reduced by `wrapBy`; 0: never. */
  readonly wrapAt: number
  readonly wrapBy: number
}

/** A message and those that follow it, all with the same action, and with answers that are not read. */
export interface Ahead {
  /** Number of messages, including the first. */
  readonly count: number
  readonly counters: readonly Counter[]
}

const clockWidth = 'hh:mm:ss'.length
const timeAt = 'yyyy-mm-ddT'.length
const dayMs = 86_400_000
const never = { wrapAt: 0, wrapBy: 0 }

/**
 * The samples of a transaction from `index` on, `count` at most: `payload` is that of the first, and `valueMark`
 * precedes each value in it. The series ends if a number would need one more digit, or the day ends.
 */
export function samplesAhead(
  payload: string,
  charging: Charging,
  index: number,
  count: number,
  valueMark: string,
): Ahead {
  const { sampledAtMs, energyWh } = sampleOf(charging, index)
  const counters: Counter[] = []
  let most = Math.min(count, Math.ceil((dayMs - (sampledAtMs % dayMs)) / sampleStep.ms))
  const decimal = (at: number, value: number, step: number): void => {
    const width = String(value).length
    counters.push({ kind: 'decimal', at, width, step, ...never })
    most = Math.min(most, Math.floor((10 ** width - 1 - value) / step) + 1)
  }
  for (const at of placesAfter(payload, '"timestamp":"'))
    counters.push({ kind: 'clock', at: at + timeAt, width: clockWidth, step: sampleStep.ms / 1_000, ...never })
  const [energyAt = 0, currentAt = 0] = placesAfter(payload, valueMark)
  decimal(energyAt, energyWh, sampleStep.wh)
  const { step, end, count: values } = currentTenths
  counters.push({ kind: 'decimal', at: currentAt, width: 'dd.d'.length, step, wrapAt: end, wrapBy: values })
  for (const at of placesAfter(payload, '"seqNo":')) decimal(at, Number.parseInt(payload.slice(at), 10), 1)
  return { count: most, counters }
}

function placesAfter(text: string, mark: string): number[] {
  const places: number[] = []
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) places.push(at + mark.length)
  return places
}
