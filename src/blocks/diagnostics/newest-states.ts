// Selects the entries of a NotifyEvent that report a state: the availability of a connector, an EVSE or the charging
// station (2.0.1 G01), or whether a component has a problem. A NotifyEvent may have thousands of other entries;
// handlers read only these.

import { stateEventsMax } from '../../base/limits.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * Components whose AvailabilityState is a connector status, from the largest to the smallest. Names are case
 * insensitive (2.0.1 ComponentType, VariableType).
 */
export const availableComponents = ['chargingstation', 'evse', 'connector'] as const

/**
 * The entries of `events` that report a state: for each component the newest AvailabilityState and the newest Problem,
 * at most the last `stateEventsMax`. If two have the same time, the later one in the list counts as newer.
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

/** Variable and component, with its location, of an entry that reports a state; null for any other entry. */
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
