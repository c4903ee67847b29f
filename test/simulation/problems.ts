// What the statements on problems do to the model of their tables.

import type { ChangeSet } from '../../src/blocks/decision.ts'
import type { RowChange, RowOf } from '../../src/blocks/stored-rows.ts'
import type { problems } from '../../src/blocks/diagnostics/tables.ts'

interface Event extends Readonly<RowOf<typeof problems>> {
  readonly isActive: boolean
}

/** The newest event about each component, a problem or its end, in whatever order they arrive. */
export class ProblemModel {
  readonly newest = new Map<string, Event>()
  /** The newest of each component in the transaction. */
  readonly #reported = new Map<string, Event>()

  record({ chargePointKey, receivedAtMs }: ChangeSet, { row, isActive }: RowChange<'problems'>): void {
    add(this.#reported, {
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
    for (const event of this.#reported.values()) add(this.newest, event)
    this.#reported.clear()
  }
}

/** Of two events with one time the later arrival counts; a time after its arrival counts as the arrival. */
function add(newest: Map<string, Event>, event: Event): void {
  const { chargePointKey, componentName, componentInstance, evseId, connectorId } = event
  const key = [chargePointKey, componentName, componentInstance, evseId, connectorId].join('\0')
  const known = newest.get(key)
  const isLate = known !== undefined && event.occurredAtMs < Math.min(known.occurredAtMs, known.updatedAtMs)
  if (!isLate) newest.set(key, event)
}
