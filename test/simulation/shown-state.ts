// The state that the actor of a charge point has to show, as a text to be compared.

import type { UntimedFacts } from '../../src/blocks/untimed-facts.ts'

interface ShownChargePoint {
  readonly bootStatus: string | null
  readonly untimedFacts: UntimedFacts | null
}

interface ShownTransaction {
  readonly transactionId: number
  readonly evseId: number
  readonly connectorId: number
  readonly idToken: string | null
  readonly startedAtMs: number
  readonly meterStartWh: number | null
  readonly chargingState?: string | null
}

/** The state of a charge point in an actor, or in the database: the same text for the same state. */
export function stateText(
  { bootStatus, untimedFacts }: ShownChargePoint,
  connectors: readonly { readonly evseId: number; readonly connectorId: number; readonly status: string }[],
  transactions: readonly ShownTransaction[],
  version: string | null,
): string {
  const shownConnectors = connectors.map(({ evseId, connectorId, status }) => `${evseId}.${connectorId} ${status}`)
  const shownTransactions = transactions.map(
    ({ transactionId, evseId, connectorId, idToken, startedAtMs, meterStartWh, chargingState = null }) =>
      // In 1.6 the connector has the charging state, and it is not stored.
      `${transactionId} at ${evseId}.${connectorId} ${idToken} ${startedAtMs} ${meterStartWh} ${version === '1.6' ? '' : chargingState}`,
  )
  const chargePoint = [`boot ${bootStatus}`, shownConnectors.toSorted().join(', '), JSON.stringify(untimedFacts)]
  return [chargePoint.join('; '), shownTransactions.toSorted().join(', ')].join(beforeTransactions)
}

const beforeTransactions = '; open: '

/** Such a text without the transactions. */
export function withoutTransactions(text: string): string {
  return text.split(beforeTransactions)[0] ?? ''
}
