// Ids that Stator gives to what it asks of charge points: requests, reservations, charging profiles.

import { integerMax } from '../base/limits.ts'

/** A new id. It is random, so that two requests, or two nodes, do not choose the same one. */
export function newWireId(): number {
  return 1 + ((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % integerMax)
}
