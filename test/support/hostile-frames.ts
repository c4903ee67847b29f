// Hostile frames of any size: what one charge point can send to make a central system work for longer than the frame is
// worth. The frames that follow from the schemas are in hostile-payloads.ts, those that are no JSON in
// hostile-texts.ts. Nothing here is random: the same shape, size and number always give the same frame.

import { schemaShapes } from './hostile-payloads.ts'
import type { HostileGroup, HostileShape } from './hostile-shape.ts'
import { textShapes } from './hostile-texts.ts'
import type { OcppVersion } from '../../src/ocpp/version.ts'

/** Every shape, in a fixed order. */
export const hostileShapes: readonly HostileShape[] = [...schemaShapes(), ...textShapes()]

/** Shapes on which the work was once found to be quadratic. */
const foundQuadratic =
  /\/(eventData|reportData|transactionData|meterValue|sampledValue) of (\{\}|1|\[\{\}\])$|: (quotes and backslashes|zeros) (behind|before a letter)/

/**
 * Shapes of a group that a charge point of `version` may send, at most `count` of them: first those that once were a
 * problem, then others, evenly spread over the group.
 */
export function shapesOf(group: HostileGroup, version: OcppVersion, count = Number.MAX_SAFE_INTEGER): HostileShape[] {
  const shapes = hostileShapes.filter((shape) => shape.group === group && shape.version === version)
  const [first, others] = [shapes.filter(wasQuadratic), shapes.filter((shape) => !wasQuadratic(shape))]
  const room = Math.min(Math.max(0, count - first.length), others.length)
  const place = (index: number): number => Math.floor((index * room) / others.length)
  return [...first, ...others.filter((_, index) => place(index) !== place(index - 1))].slice(0, count)
}

function wasQuadratic({ name }: HostileShape): boolean {
  return foundQuadratic.test(name)
}
