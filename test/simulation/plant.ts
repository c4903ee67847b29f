// How a decision is wrapped to plant a bug in it.

import type { Decision, Known, KnownTransaction } from '../../src/blocks/decision.ts'
import type { Decide } from './node.ts'

/** Wraps a decision and changes its result. */
export function deciding(change: (decision: Decision) => Decision): (decide: Decide) => Decide {
  return (decide) => (payload, known) => change(decide(payload, known))
}

/** Wraps a decision and changes what it knows. */
export function knowing(change: (known: Known) => Partial<Known>): (decide: Decide) => Decide {
  return (decide) => (payload, known) => decide(payload, changed(known, change(known)))
}

function changed(known: Known, changes: Partial<Known>): Known {
  return new Proxy(known, {
    get: (target, name): unknown => {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name)
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Wraps a decision and changes how transactions are remembered. */
export function remembering(change: (transaction: KnownTransaction) => KnownTransaction): (decide: Decide) => Decide {
  return knowing((known) => ({
    transaction: (id) => {
      const transaction = known.transaction(id)
      return transaction === undefined ? undefined : change(transaction)
    },
    transactionsNamed: (id) => known.transactionsNamed(id).map(change),
  }))
}
