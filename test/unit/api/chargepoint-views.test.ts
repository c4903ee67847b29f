// What GET …/status shows of connectors that charge and never said so.

import { expect, test } from 'bun:test'
import type { KnownTransaction } from '../../../src/blocks/decision.ts'
import type { ConnectorRecord } from '../../../src/blocks/records.ts'
import { chargePoint, fakeApi, nowMs } from './fake-deps.ts'

function connector(evseId: number, status: ConnectorRecord['status']): ConnectorRecord {
  const connectorId = evseId === 0 ? 0 : 1
  const fault = { errorCode: null, info: null, vendorId: null, vendorErrorCode: null }
  return { evseId, connectorId, status, statusSent: status, ...fault, sinceMs: nowMs, updatedAtMs: nowMs }
}

function open(transactionId: number, evseId: number): KnownTransaction {
  return {
    transactionId,
    evseId,
    connectorId: 1,
    chargePointKey: chargePoint.key,
    stationTransactionId: null,
    idToken: 'USER123',
    startedAtMs: nowMs + transactionId,
    meterStartWh: 0,
    open: true,
    closedBy: null,
  }
}

async function statusOf(
  connectors: readonly ConnectorRecord[],
  transactions: readonly KnownTransaction[],
  record = chargePoint,
): Promise<unknown> {
  const { request } = fakeApi({
    queries: {
      chargePoint: async () => record,
      connectorsOf: async () => connectors,
      openTransactionsOf: async () => transactions,
    },
  })
  return (await request('/api/chargepoints/CP001/status')).json()
}

test('a connector with an open transaction is Charging even if it never reported a status', async () => {
  expect(await statusOf([], [open(7, 2)], { ...chargePoint, status: 'Unknown' })).toMatchObject({
    status: 'Charging',
    connectors: [{ connectorId: 2, status: 'Charging', currentTransaction: 7 }],
  })
})

test('such a connector stands among those that did report, and counts with them', async () => {
  expect(await statusOf([connector(0, 'Available'), connector(1, 'Available')], [open(7, 2)])).toMatchObject({
    status: 'Charging',
    connectors: [
      { connectorId: 1, status: 'Available', currentTransaction: null },
      { connectorId: 2, status: 'Charging', currentTransaction: 7 },
    ],
  })
  expect(await statusOf([connector(1, 'Faulted')], [open(7, 2)])).toMatchObject({ status: 'Faulted' })
})

test('a connector that did report keeps its own word, and shows the newest of its open transactions, whatever its number', async () => {
  expect(await statusOf([connector(1, 'SuspendedEV')], [open(7, 1), open(8, 1)])).toMatchObject({
    status: 'SuspendedEV',
    connectors: [{ connectorId: 1, status: 'SuspendedEV', currentTransaction: 7 }],
  })
})

test('several open transactions of a silent connector are one connector; connector 0 is none', async () => {
  expect(await statusOf([], [open(8, 1), open(7, 1), open(9, 0)])).toMatchObject({
    connectors: [{ connectorId: 1, status: 'Charging', currentTransaction: 8 }],
  })
})

test('a charge point that is away is Offline, whatever its connectors were', async () => {
  const offline = { ...chargePoint, status: 'Offline' as const, connected: false }
  expect(await statusOf([], [open(7, 1)], offline)).toMatchObject({
    status: 'Offline',
    connectors: [{ connectorId: 1, status: 'Charging', currentTransaction: 7 }],
  })
})
