// What the statements on problems do to the model of their tables.

import type { Change, ChangeSet } from '../../src/csms/decision.ts'

type Told = Omit<Extract<Change, { kind: 'problem' }>, 'kind'>

interface Event extends Told {
  readonly chargePointKey: number
  readonly receivedAtMs: number
}

/** The newest event about each component, be it that it has a problem or that this is over; whatever order they come in. */
export class ProblemModel {
  readonly newest = new Map<string, Event>()
  /** The newest of each component in the transaction. */
  readonly #told = new Map<string, Event>()

  tell({ chargePointKey, receivedAtMs }: ChangeSet, { kind: _, ...told }: Extract<Change, { kind: 'problem' }>): void {
    add(this.#told, { ...told, chargePointKey, receivedAtMs })
  }

  /** The transaction is over. */
  settle(): void {
    for (const event of this.#told.values()) add(this.newest, event)
    this.#told.clear()
  }
}

/** Of two events of one time the one that comes later counts; a time that was ahead of its arrival is that arrival. */
function add(newest: Map<string, Event>, event: Event): void {
  const { chargePointKey, componentName, componentInstance, evseId, connectorId } = event
  const key = [chargePointKey, componentName, componentInstance, evseId, connectorId].join('\0')
  const known = newest.get(key)
  const isLate = known !== undefined && event.occurredAtMs < Math.min(known.occurredAtMs, known.receivedAtMs)
  if (!isLate) newest.set(key, event)
}
