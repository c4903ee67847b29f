// Canonical order of members. Samples and statuses are recognised by digests over texts, in which the order of members
// must not matter. So the digest is taken over the text with the members in the order of the specification. Nearly all
// charge points use that order; only for the others a second text is made.

import { isObject } from '../base/json.ts'

/** The position of each member in the specification, over all objects of one kind of message. */
export type MemberOrder = ReadonlyMap<string, number>

function orderOf(...names: readonly string[]): MemberOrder {
  return new Map(names.map((name, place) => [name, place]))
}

/**
 * MeterValue and what it holds: 1.6 §7.33 and §7.43; 2.x MeterValueType, SampledValueType, UnitOfMeasureType,
 * SignedMeterValueType.
 */
export const meterValueOrder = orderOf(
  ...['timestamp', 'sampledValue', 'value', 'context', 'format', 'measurand', 'phase', 'location'],
  ...['signedMeterValue', 'signedMeterData', 'signingMethod', 'encodingMethod', 'publicKey'],
  ...['unit', 'unitOfMeasure', 'multiplier', 'customData'],
)

/** StatusNotification of 1.6 (§6.47). */
const statusOrder16 = orderOf('connectorId', 'errorCode', 'info', 'status', 'timestamp', 'vendorId', 'vendorErrorCode')
/** StatusNotification of 2.x. */
const statusOrder2 = orderOf('timestamp', 'connectorStatus', 'evseId', 'connectorId', 'customData')

/** The order of a StatusNotification, by the version that it is of. */
export function statusOrder(status: Readonly<Record<string, unknown>>): MemberOrder {
  return 'connectorStatus' in status ? statusOrder2 : statusOrder16
}

/**
 * JSON text of `value` with the members of each object in `order`. Members that `order` does not name come last, by
 * name.
 *
 * @param value nests no deeper than `frameDepthMax`.
 * @param text the JSON text of `value`, if available.
 */
export function orderedText(value: unknown, order: MemberOrder, text?: string): string {
  if (isInOrder(value, order)) return text ?? JSON.stringify(value)
  return JSON.stringify(inOrder(value, order))
}

function isInOrder(value: unknown, order: MemberOrder): boolean {
  if (Array.isArray(value)) {
    for (const element of value) if (!isInOrder(element, order)) return false
    return true
  }
  if (!isObject(value)) return true
  let last = -1
  let lastName = ''
  for (const name in value) {
    const place = order.get(name) ?? order.size
    if (place < last || (place === last && name < lastName)) return false
    last = place
    lastName = name
    const member = value[name]
    if (typeof member === 'object' && !isInOrder(member, order)) return false
  }
  return true
}

function inOrder(value: unknown, order: MemberOrder): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => inOrder(element, order))
  if (!isObject(value)) return value
  const names = Object.keys(value).toSorted((one, other) => compare(one, other, order))
  return Object.fromEntries(names.map((name) => [name, inOrder(value[name], order)]))
}

function compare(one: string, other: string, order: MemberOrder): number {
  const place = order.get(one) ?? order.size
  const otherPlace = order.get(other) ?? order.size
  if (place !== otherPlace) return place - otherPlace
  return one < other ? -1 : 1
}
