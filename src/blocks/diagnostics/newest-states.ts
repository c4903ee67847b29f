// Which entries of a NotifyEvent tell of a state: the availability of a connector, an EVSE or the charging station
// (2.0.1 G01), and whether a component has a problem. A NotifyEvent may hold thousands of entries about anything; only
// these are decided on.

import { stateEventsMax } from '../../base/limits.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * Components whose AvailabilityState is a status, from the whole to its parts. Names are case insensitive (2.0.1
 * ComponentType, VariableType).
 */
export const availableComponents = ['chargingstation', 'evse', 'connector'] as const

/**
 * The entries of `events` that tell of a state: of each component the newest about its AvailabilityState, and the
 * newest about its Problem, the last `stateEventsMax` of them. Of two of the same time the later in the list is the
 * newer.
 */
export function newestStates<E>(events: readonly E[]): readonly E[] {
  const newest = new Map<string, E>()
  for (const event of events) {
    const key = stateKey(event)
    if (key === null) continue
    const known = newest.get(key)
    if (known !== undefined && timeOf(known) > timeOf(event)) continue
    // Deleted and set again, so that it comes after the entries before it.
    newest.delete(key)
    newest.set(key, event)
  }
  return [...newest.values()].slice(-stateEventsMax)
}

/** Component, its place and the variable of an entry that tells of a state; null for any other. */
function stateKey(event: unknown): string | null {
  if (!isFields(event) || !isFields(event.variable) || !isFields(event.component)) return null
  const variable = nameOf(event.variable)
  const component = nameOf(event.component)
  const isAvailability = variable === 'availabilitystate' && availableComponents.some((name) => name === component)
  if (!isAvailability && variable !== 'problem') return null
  const { evse, instance } = event.component
  const place = isFields(evse) ? [evse.id, evse.connectorId] : []
  return JSON.stringify([variable, component, typeof instance === 'string' ? instance.toLowerCase() : null, ...place])
}

function nameOf({ name }: Fields): string {
  return typeof name === 'string' ? name.trim().toLowerCase() : ''
}

function timeOf(event: unknown): number {
  const ms = isFields(event) && typeof event.timestamp === 'string' ? Date.parse(event.timestamp) : Number.NaN
  return Number.isNaN(ms) ? -Infinity : ms
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
