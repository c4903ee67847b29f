// Which connector a 2.x TransactionEvent is about (2.0.1 E01): it may name only the EVSE, or nothing.

import type { OCPP20 } from 'typed-ocpp'
import { isChargingStatus } from '../availability/connector-status.ts'
import type { ConnectorRef, ConnectorStatus, Known, KnownTransaction, WithoutMeterValues } from '../decision.ts'

/** A TransactionEvent; its meter values stand apart. */
export type TransactionEvent = WithoutMeterValues<OCPP20.TransactionEventRequest>

/**
 * The connector that an event is about. An event may name the EVSE only: then it is the one of that EVSE whose state
 * says that something is plugged in, if it is the only one; else that of its transaction; connector 1 when nothing
 * tells. What is over stays where it was: the next car may be plugged in by then.
 */
export function connectorOf(
  event: TransactionEvent,
  transaction: KnownTransaction | undefined,
  known: Known,
): ConnectorRef {
  const { evse } = event
  if (evse === undefined) return { evseId: transaction?.evseId ?? 0, connectorId: transaction?.connectorId ?? 0 }
  if (evse.connectorId !== undefined) return { evseId: evse.id, connectorId: evse.connectorId }
  if (evse.id === 0) return { evseId: 0, connectorId: 0 }
  const own = transaction?.evseId === evse.id && transaction.connectorId > 0 ? transaction.connectorId : 1
  if (transaction !== undefined && tellsOver(event)) return { evseId: evse.id, connectorId: own }
  const inUse = known.connectors().filter(({ evseId, status }) => evseId === evse.id && isInUse(status))
  return { evseId: evse.id, connectorId: inUse.length === 1 ? (inUse[0]?.connectorId ?? own) : own }
}

function tellsOver({ eventType, transactionInfo }: TransactionEvent): boolean {
  return eventType === 'Ended' || transactionInfo.chargingState === 'Idle'
}

function isInUse(status: ConnectorStatus): boolean {
  return status === 'Occupied' || isChargingStatus(status)
}
