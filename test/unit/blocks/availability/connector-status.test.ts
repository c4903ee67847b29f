import { describe, expect, test } from 'bun:test'
import {
  chargePointStatus,
  statusNotification16,
  statusNotification201,
} from '../../../../src/blocks/availability/connector-status.ts'
import { connectorsMax } from '../../../../src/base/limits.ts'
import type { ConnectorStatus } from '../../../../src/blocks/decision.ts'
import { chargePoint, decide, openTransaction } from '../../../support/known.ts'

const connector = (evseId: number, status: ConnectorStatus) => ({ evseId, connectorId: evseId === 0 ? 0 : 1, status })

describe('the status of a charge point', () => {
  test.each([
    [['Available', 'Charging'], 'Charging'],
    [['Charging', 'Faulted'], 'Faulted'],
    [['Available', 'Unavailable'], 'Unavailable'],
    [['Available', 'Preparing'], 'Preparing'],
    [['Available', 'Available'], 'Available'],
    [[], 'Unknown'],
  ] as const)('follows from those of its connectors: %p give %p', (statuses, sum) => {
    expect(chargePointStatus(statuses.map((status, index) => connector(index + 1, status)))).toBe(sum)
  })

  test('follows from connector 0 only if that is faulted or out of service', () => {
    expect(chargePointStatus([connector(0, 'Charging'), connector(1, 'Available')])).toBe('Available')
    expect(chargePointStatus([connector(0, 'Faulted'), connector(1, 'Available')])).toBe('Faulted')
    expect(chargePointStatus([connector(0, 'Available')])).toBe('Available')
  })
})

describe('StatusNotification', () => {
  test('a connector beyond the maximum is stored only as an event, with an anomaly', () => {
    const connectorList = Array.from({ length: connectorsMax }, (_, index) => connector(index + 1, 'Available'))
    const odd = decide(statusNotification16, { ...payload, connectorId: 999 }, { connectorList })
    expect(odd).toMatchObject({
      answer: {},
      changes: [{ table: 'chargePointEvents' }],
      anomalies: [{ kind: 'tooManyConnectors', detail: { evseId: 999, connectorId: 1 } }],
    })
    const known = decide(statusNotification16, payload, { connectorList })
    expect(known.changes[0]).toMatchObject({ table: 'connectors', row: { evseId: 1 } })
    const last = decide(
      statusNotification16,
      { ...payload, connectorId: 999 },
      { connectorList: connectorList.slice(1) },
    )
    expect(last.changes[0]).toMatchObject({ table: 'connectors', row: { evseId: 999 } })
  })

  const payload = { connectorId: 1, errorCode: 'NoError' as const, status: 'Charging' as const }

  test('a 2.x connector may change from any status to any other without an anomaly', () => {
    for (const before of ['Available', 'Occupied', 'Charging', 'SuspendedEV', 'Preparing', 'Finishing'] as const) {
      for (const connectorStatus of ['Available', 'Reserved', 'Unavailable', 'Faulted', 'Occupied'] as const) {
        const sent = { evseId: 1, connectorId: 1, connectorStatus, timestamp: '2026-01-01T00:00:00Z' }
        const parts = {
          chargePoint: { ...chargePoint, version: '2.0.1' as const },
          connectorList: [connector(1, before)],
        }
        expect(decide(statusNotification201, sent, parts).anomalies).toEqual([])
      }
    }
  })

  test('a move of the table is stored, together with the status of the charge point', () => {
    const decision = decide(statusNotification16, payload, { connectorList: [connector(1, 'Preparing')] })
    expect(decision.changes).toMatchObject([
      { table: 'connectors' },
      { table: 'chargePoints' },
      { table: 'chargePointEvents' },
    ])
    expect(decision.anomalies).toEqual([])
  })

  test('a move that the table does not allow is applied, with an anomaly', () => {
    const decision = decide(
      statusNotification16,
      { ...payload, status: 'Available' },
      { connectorList: [connector(1, 'Reserved')] },
    )
    const odd = decide(
      statusNotification16,
      { ...payload, status: 'SuspendedEV' },
      { connectorList: [connector(1, 'Reserved')] },
    )
    expect(decision.anomalies).toEqual([])
    expect(odd.anomalies.map((anomaly) => anomaly.kind)).toEqual(['connectorMove'])
    expect(odd.changes[0]).toMatchObject({
      table: 'connectors',
      row: { evseId: 1, connectorId: 1, status: 'SuspendedEV' },
    })
  })

  test('2.x Occupied does not overwrite the status that the transaction of the EVSE has set', () => {
    const occupied = {
      timestamp: '2026-01-01T00:00:00Z',
      connectorStatus: 'Occupied' as const,
      evseId: 1,
      connectorId: 1,
    }
    const parts = {
      chargePoint: { ...chargePoint, version: '2.0.1' as const },
      connectorList: [connector(1, 'Charging')],
    }
    const charging = decide(statusNotification201, occupied, { ...parts, transactions: [openTransaction] })
    const idle = decide(statusNotification201, occupied, parts)
    expect(charging.changes[0]).toMatchObject({ row: { status: 'Charging', statusSent: 'Occupied' } })
    expect(idle.changes[0]).toMatchObject({ row: { status: 'Occupied' } })
  })
})
