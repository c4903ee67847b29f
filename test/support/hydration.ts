// What a charge point's actor starts from, as a test wants it.

import { chargePoint } from './known.ts'
import type { Hydration } from '../../src/blocks/records.ts'

/** The first connection of a booted 1.6 charge point that never reported anything else. */
export function hydration(parts: Partial<Hydration> = {}): Hydration {
  return { chargePoint, epoch: 1, connectors: [], openTransactions: [], untimedFacts: null, promises: [], ...parts }
}
