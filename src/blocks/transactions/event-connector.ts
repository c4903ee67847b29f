// Which connector a 2.x TransactionEvent is about (2.0.1 E01): it may name only the EVSE, or nothing.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { isChargingStatus } from '../availability/connector-status.ts'
import type { ConnectorRef, ConnectorStatus, Known, KnownTransaction, WithoutMeterValues } from '../decision.ts'

/** A TransactionEvent without its meter values. */
export type TransactionEvent =
  WithoutMeterValues<OCPP20.TransactionEventRequest> | WithoutMeterValues<OCPP21.TransactionEventRequest>

/**
 * The connector that an event is about. If the event names only the EVSE, it is the only connector of that EVSE that is
 * in use; else the connector of the transaction; else connector 1. An event by which the transaction is over is about
 * the connector of the transaction, because the next car may already be plugged in at another one.
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
  if (transaction !== undefined && isOver(event)) return { evseId: evse.id, connectorId: own }
  const inUse = known.connectors().filter(({ evseId, status }) => evseId === evse.id && isInUse(status))
  return { evseId: evse.id, connectorId: inUse.length === 1 ? (inUse[0]?.connectorId ?? own) : own }
}

function isOver({ eventType, transactionInfo }: TransactionEvent): boolean {
  return eventType === 'Ended' || transactionInfo.chargingState === 'Idle'
}

function isInUse(status: ConnectorStatus): boolean {
  return status === 'Occupied' || isChargingStatus(status)
}
