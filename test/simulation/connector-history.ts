// What the statement on connectors does to the model of their history.

interface Reported {
  readonly chargePointKey: number
  readonly evseId: number
  readonly connectorId: number
  readonly occurredAtMs: number
  readonly status: string
  readonly errorCode: string | null
  readonly vendorErrorCode: string | null
}

/** A connector, as far as its history needs it. */
interface Connector extends Reported {
  readonly updatedAtMs: number
}

/** A change of a connector, without what is added to its time to keep it apart from others. */
interface StoredChange extends Reported {
  readonly receivedAtMs: number
}

/** The table, keyed as its unique index is. Changes of one transaction are one. */
export class ConnectorHistoryModel {
  readonly rows = new Map<string, StoredChange>()
  readonly #changedAtMs = new Map<string, number>()
  /** The connectors as they were before the transaction. */
  readonly #before = new Map<string, Connector | undefined>()

  /** A connector is being changed. */
  note(key: string, connector: Connector | undefined): void {
    if (!this.#before.has(key)) this.#before.set(key, connector)
  }

  /** The transaction is over. */
  settle(connectors: ReadonlyMap<string, Connector>): void {
    for (const [key, before] of this.#before) {
      const after = connectors.get(key)
      if (after !== undefined && (before === undefined || isChange(before, after))) this.#add(key, after)
    }
    this.#before.clear()
  }

  #add(key: string, after: Connector): void {
    const { chargePointKey, evseId, connectorId, updatedAtMs, occurredAtMs, status, errorCode, vendorErrorCode } = after
    const lastMs = this.#changedAtMs.get(key) ?? Number.NEGATIVE_INFINITY
    const isLate = lastMs >= updatedAtMs && lastMs < updatedAtMs + 1_000
    const changedAtMs = isLate ? lastMs + 1 / 1_024 : updatedAtMs
    this.#changedAtMs.set(key, changedAtMs)
    if (this.rows.has(`${key}/${changedAtMs}`)) return
    const receivedAtMs = Math.floor(changedAtMs)
    const row = { chargePointKey, evseId, connectorId, receivedAtMs, occurredAtMs, status, errorCode, vendorErrorCode }
    this.rows.set(`${key}/${changedAtMs}`, row)
  }
}

function isChange(before: Connector, after: Connector): boolean {
  return (
    before.status !== after.status ||
    before.errorCode !== after.errorCode ||
    before.vendorErrorCode !== after.vendorErrorCode
  )
}
