// What the statements on problems do to the model of their tables.

import type { ChangeSet } from '../../src/blocks/decision.ts'
import type { RowChange, RowOf } from '../../src/blocks/stored-rows.ts'
import type { problems } from '../../src/blocks/diagnostics/tables.ts'

interface Event extends Readonly<RowOf<typeof problems>> {
  readonly isActive: boolean
}

/** The newest event about each component, be it that it has a problem or that this is over; whatever order they come in. */
export class ProblemModel {
  readonly newest = new Map<string, Event>()
  /** The newest of each component in the transaction. */
  readonly #told = new Map<string, Event>()

  tell({ chargePointKey, receivedAtMs }: ChangeSet, { row, isActive }: RowChange<'problems'>): void {
    add(this.#told, {
      techCode: null,
      techInfo: null,
      cause: null,
      ...row,
      isActive,
      chargePointKey,
      updatedAtMs: receivedAtMs,
    })
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
  const isLate = known !== undefined && event.occurredAtMs < Math.min(known.occurredAtMs, known.updatedAtMs)
  if (!isLate) newest.set(key, event)
}
