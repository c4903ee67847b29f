// Changes as decisions make them, ready to be varied by a test.

import type { ChangeSet, ConnectorStatus, KnownTransaction, TransactionFact } from '../../src/blocks/decision.ts'
import type {
  ChargePointChange,
  ChargePointPatch,
  NewRow,
  RowChange,
  TransactionChange,
  TransactionPatch,
} from '../../src/blocks/stored-rows.ts'
import { arrivalMs, changeSet } from './store.ts'

let ids = 1_000_000

/** A transactionId that no other test of this process has. */
export function newTransactionId(): number {
  return ids++
}

/** The charge point changes. */
export function chargePointPatch(patch: ChargePointPatch): ChargePointChange {
  return { table: 'chargePoints', patch }
}

export function boot(more: ChargePointPatch = {}): ChargePointChange {
  return chargePointPatch({
    bootStatus: 'Accepted',
    lastBootAtMs: arrivalMs,
    vendor: 'VendorName',
    model: 'Model-X1000',
    serialNumber: null,
    firmwareVersion: null,
    iccid: null,
    imsi: null,
    ...more,
  })
}

export function connectorStatus(
  evseId: number,
  status: ConnectorStatus,
  more: Partial<NewRow<'connectors'>> = {},
): RowChange<'connectors'> {
  return {
    table: 'connectors',
    row: {
      evseId,
      connectorId: 1,
      status,
      statusSent: status,
      errorCode: 'NoError',
      info: null,
      vendorId: null,
      vendorErrorCode: null,
      occurredAtMs: arrivalMs,
      ...more,
    },
  }
}

export function transactionStarted(
  transactionId: number,
  more: Partial<NewRow<'transactions'>> = {},
): RowChange<'transactions'> {
  return {
    table: 'transactions',
    row: {
      transactionId,
      stationTransactionId: null,
      stationUse: 1,
      isStartReported: true,
      lastEventAtMs: null,
      lastSeqNo: null,
      evseId: 1,
      connectorId: 1,
      idToken: 'USER123',
      idTokenType: null,
      idTokenStatus: 'Accepted',
      startedAtMs: arrivalMs,
      meterStartWh: 1000,
      reservationId: null,
      remoteStartId: null,
      chargingState: null,
      ...more,
    },
  }
}

/** The change by which `transaction` began. */
export function begunAs(transaction: KnownTransaction): RowChange<'transactions'> {
  const { transactionId, stationTransactionId, evseId, connectorId, idToken, startedAtMs, meterStartWh } = transaction
  const start = { stationTransactionId, evseId, connectorId, idToken, startedAtMs, meterStartWh }
  return transactionStarted(transactionId, {
    ...start,
    chargingState: transaction.chargingState ?? null,
    price: transaction.price ?? null,
  })
}

/** A transaction goes on. */
export function transactionUpdated(transactionId: number, patch: TransactionPatch = {}): TransactionChange {
  return { table: 'transactions', transactionId, patch }
}

export function transactionStopped(transactionId: number, more: TransactionPatch = {}): TransactionChange {
  const end = { stoppedAtMs: arrivalMs, meterStopWh: null, stopReason: null, stopIdToken: null }
  return { table: 'transactions', transactionId, patch: { ...end, closedBy: 'station', ...more } }
}

export function chargePointEvent(
  action: string,
  occurredAtMs: number | null,
  payload = {},
  more: { readonly place?: number } = {},
): RowChange<'chargePointEvents'> {
  return { table: 'chargePointEvents', row: { action, occurredAtMs, payload }, ...more }
}

/** That a component has a problem, or that it is over. */
export function problem(
  isActive: boolean,
  occurredAtMs: number,
  more: Partial<NewRow<'problems'>> = {},
): RowChange<'problems'> {
  return {
    table: 'problems',
    isActive,
    row: {
      componentName: 'Controller',
      componentInstance: '',
      evseId: 0,
      connectorId: 0,
      techCode: null,
      techInfo: null,
      cause: null,
      occurredAtMs,
      ...more,
    },
  }
}

export function variable(
  variableName: string,
  value: string,
  more: Partial<NewRow<'variables'>> = {},
): RowChange<'variables'> {
  return {
    table: 'variables',
    row: {
      componentName: 'OCPPCommCtrlr',
      componentInstance: '',
      evseId: 0,
      connectorId: 0,
      variableName,
      variableInstance: '',
      attributeType: 'Actual',
      value,
      mutability: 'ReadWrite',
      persistent: true,
      constant: false,
      characteristics: { dataType: 'integer', supportsMonitoring: false },
      isReported: true,
      ...more,
    },
  }
}

export function startFact(transactionId: number, more: Partial<TransactionFact> = {}): TransactionFact {
  return {
    ref: `start:1/USER123/2026-01-01T00:00:00Z/${transactionId}`,
    seqNo: 0,
    sentAtMs: arrivalMs,
    place: null,
    event: 'Started',
    transactionId,
    occurredAtMs: arrivalMs,
    payload: { connectorId: 1, idTag: 'USER123', meterStart: 1000 },
    ...more,
  }
}

/** The change set of a 1.6 start with `transactionId`. */
export function startSet(key: number, transactionId: number, parts: Partial<ChangeSet> = {}): ChangeSet {
  return changeSet(key, {
    answer: { transactionId, idTagInfo: { status: 'Accepted' } },
    fact: startFact(transactionId),
    changes: [transactionStarted(transactionId)],
    ...parts,
  })
}

/** An element of `meterValue` with one sample. */
export function sample(timestamp: string, value: string): Record<string, unknown> {
  return { timestamp, sampledValue: [{ value }] }
}
