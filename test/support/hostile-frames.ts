// Hostile frames of any size: what one charge point can send to make a central system work for longer than the frame is
// worth. The frames that follow from the schemas are in hostile-payloads.ts, those that are no JSON in hostile-texts.ts.
// Nothing here is random: the same shape, size and number always give the same frame.

import { schemaShapes } from './hostile-payloads.ts'
import type { HostileGroup, HostileShape, HostileVersion } from './hostile-shape.ts'
import { textShapes } from './hostile-texts.ts'

/** Every shape, in a fixed order. */
export const hostileShapes: readonly HostileShape[] = [...schemaShapes(), ...textShapes()]

/**
 * Shapes of a group that a charge point of `version` may send, at most `count` of them, evenly spread over the group.
 *
 * @returns the shapes in their order; all when there are no more than `count`.
 */
export function shapesOf(
  group: HostileGroup,
  version: HostileVersion,
  count = Number.MAX_SAFE_INTEGER,
): HostileShape[] {
  const shapes = hostileShapes.filter((shape) => shape.group === group && shape.version === version)
  const place = (index: number): number => Math.floor((index * Math.min(count, shapes.length)) / shapes.length)
  return shapes.filter((_, index) => place(index) !== place(index - 1))
}
