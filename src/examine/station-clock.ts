// Detects and replaces implausible times, which show that the clock of the charge point is wrong.

import { isoTime } from '../base/clock.ts'
import { requestNode } from './schema.ts'
import type { SchemaNode } from '../ocpp/schema-node.ts'
import type { OcppVersion } from '../ocpp/version.ts'

type Payload = Readonly<Record<string, unknown>>

/**
 * Whether a valid payload contains an implausible time: before 2010, or more than ten years after `receivedAtMs`. Fast,
 * since it runs for every message.
 */
export function hasClockOff(version: OcppVersion, action: string, payload: Payload, receivedAtMs: number): boolean {
  const latest = latestYear(receivedAtMs)
  for (const path of timePaths(version, action)) {
    if (isClockOff(payload, path, 0, latest)) return true
  }
  return false
}

const earliestYear = '2010'
const clockYearsAheadMax = 10

let latestYearText = ''
let latestYearUntilMs = 0
let latestYearFromMs = 0

// The first year that is too late, as text. RFC 3339 times can be compared as texts.
function latestYear(nowMs: number): string {
  if (nowMs >= latestYearUntilMs || nowMs < latestYearFromMs) {
    const year = new Date(nowMs).getUTCFullYear()
    latestYearText = String(year + clockYearsAheadMax + 1)
    latestYearFromMs = Date.UTC(year, 0, 1)
    latestYearUntilMs = Date.UTC(year + 1, 0, 1)
  }
  return latestYearText
}

function isClockOff(value: unknown, path: readonly string[], depth: number, latest: string): boolean {
  const step = path[depth]
  if (step === undefined) return typeof value === 'string' && (value < earliestYear || value >= latest)
  if (typeof value !== 'object' || value === null) return false
  if (step !== '*') return isClockOff((value as Payload)[step], path, depth + 1, latest)
  if (!Array.isArray(value)) return false
  for (const item of value) {
    if (isClockOff(item, path, depth + 1, latest)) return true
  }
  return false
}

/** Fields with the time of an event. Other times (expiryDate, departureTime) may be far in the future. */
export const clockFields: ReadonlySet<string> = new Set(['timestamp', 'generatedAt'])

type Paths = readonly (readonly string[])[]

const knownTimePaths: Readonly<Record<OcppVersion, Map<string, Paths>>> = {
  '1.6': new Map(),
  '2.0.1': new Map(),
  '2.1': new Map(),
}

// Paths of the times of a message; `*` is every element of a list.
function timePaths(version: OcppVersion, action: string): Paths {
  const known = knownTimePaths[version].get(action)
  if (known !== undefined) return known
  const paths: string[][] = []
  collectTimePaths(requestNode(version, action), [], paths)
  knownTimePaths[version].set(action, paths)
  return paths
}

function collectTimePaths(node: SchemaNode, path: readonly string[], found: string[][]): void {
  if (node.items !== null) collectTimePaths(node.items, [...path, '*'], found)
  for (const [name, field] of node.fields) {
    if (name === 'customData') continue
    if (clockFields.has(name)) found.push([...path, name])
    else collectTimePaths(field, [...path, name], found)
  }
}

/**
 * Replaces every implausible time by the time of arrival.
 *
 * @param note called for each replaced time: the field, with `*` for list elements; its JSON pointer; the value sent.
 */
export function setClocks(
  version: OcppVersion,
  action: string,
  payload: Payload,
  receivedAtMs: number,
  note: (pointer: string, path: () => string, sent: unknown) => void,
): void {
  const latest = latestYear(receivedAtMs)
  const steps: (string | number)[] = []
  const set = (value: unknown, path: readonly string[], depth: number): void => {
    const step = path[depth]
    if (step === undefined || typeof value !== 'object' || value === null) return
    if (step === '*') {
      if (!Array.isArray(value)) return
      for (let index = 0; index < value.length; index++) {
        steps[depth] = index
        set(value[index], path, depth + 1)
      }
      return
    }
    steps[depth] = step
    const holder = value as Record<string, unknown>
    const field = holder[step]
    if (depth < path.length - 1) set(field, path, depth + 1)
    else if (isClockOff(field, path, depth + 1, latest)) {
      holder[step] = isoTime(receivedAtMs)
      note(`/${path.join('/')}`, () => `/${steps.slice(0, path.length).join('/')}`, field)
    }
  }
  for (const path of timePaths(version, action)) set(payload, path, 0)
}
