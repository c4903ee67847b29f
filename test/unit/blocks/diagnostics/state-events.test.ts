import { describe, expect, test } from 'bun:test'
import { connectorsMax } from '../../../../src/base/limits.ts'
import type { ConnectorStatus } from '../../../../src/blocks/decision.ts'
import { notifyEvent } from '../../../../src/blocks/diagnostics/state-events.ts'
import { isOf } from '../../../../src/blocks/stored-rows.ts'
import { chargePoint, decide, type KnownParts, openTransaction } from '../../../support/known.ts'
import { monitored, monitoredAt, type MonitoredEvent as Event, notifyEventOf } from '../../../support/notify-events.ts'

const atMs = Date.parse(monitoredAt)
const v201 = { ...chargePoint, version: '2.0.1' as const }

function entry(component: string, variable: string, actualValue: string, more: Partial<Event> = {}): Event {
  const evse = component === 'ChargingStation' ? undefined : { id: 1, connectorId: 1 }
  return monitored(component, variable, actualValue, evse, more)
}

const onEvse = (id: number, connectorId?: number): Pick<Event, 'component'> => ({
  component: {
    name: connectorId === undefined ? 'EVSE' : 'Connector',
    evse: { id, ...(connectorId === undefined ? {} : { connectorId }) },
  },
})

const connector = (evseId: number, connectorId: number, status: ConnectorStatus) => ({ evseId, connectorId, status })

function decideOn(eventData: readonly Event[], parts: KnownParts = {}) {
  return decide(notifyEvent, notifyEventOf(...eventData), { action: 'NotifyEvent', chargePoint: v201, ...parts })
}

/** The stored connector statuses, as text. */
function statusesOf(eventData: readonly Event[], parts: KnownParts = {}): readonly string[] {
  return decideOn(eventData, parts).changes.flatMap((change) =>
    isOf('connectors', change) ? [`${change.row.evseId}/${change.row.connectorId} ${change.row.status}`] : [],
  )
}

describe('an AvailabilityState in a NotifyEvent', () => {
  test('changes its connector and the status of the charge point, at its own time, and is stored as an event', () => {
    const fault = entry('Connector', 'AvailabilityState', 'Faulted', { techCode: 'E42', techInfo: 'door open' })
    const { answer, changes, anomalies } = decideOn([fault], { connectorList: [connector(1, 1, 'Available')] })
    expect(answer).toEqual({})
    expect(changes).toMatchObject([
      {
        table: 'connectors',
        row: {
          evseId: 1,
          connectorId: 1,
          status: 'Faulted',
          statusSent: 'Faulted',
          vendorErrorCode: 'E42',
          info: 'door open',
          occurredAtMs: atMs,
        },
      },
      { table: 'chargePoints', patch: { status: 'Faulted' } },
      { table: 'chargePointEvents', row: { action: 'NotifyEvent' } },
    ])
    expect(anomalies).toEqual([])
  })

  test('is recognised in any letter case of its names', () => {
    expect(statusesOf([entry('connector', 'AVAILABILITYSTATE', 'occupied')])).toEqual(['1/1 Occupied'])
  })

  test('does not overwrite a status that comes from a charging state', () => {
    const parts = { connectorList: [connector(1, 1, 'Charging')], transactions: [openTransaction] }
    expect(statusesOf([entry('Connector', 'AvailabilityState', 'Occupied')], parts)).toEqual(['1/1 Charging'])
  })

  test('of a connector with several entries is the newest; of two with the same time, the later in the list', () => {
    const older = { timestamp: '2026-01-31T11:59:00Z' }
    expect(
      statusesOf([
        entry('Connector', 'AvailabilityState', 'Reserved'),
        entry('Connector', 'AvailabilityState', 'Occupied'),
        entry('Connector', 'AvailabilityState', 'Faulted', older),
      ]),
    ).toEqual(['1/1 Occupied'])
  })

  test('of the charging station is the status of connector 0', () => {
    const parts = { connectorList: [connector(1, 1, 'Available')] }
    const { changes } = decideOn([entry('ChargingStation', 'AvailabilityState', 'Unavailable')], parts)
    expect(changes).toMatchObject([
      { row: { evseId: 0, connectorId: 0, status: 'Unavailable' } },
      { table: 'chargePoints', patch: { status: 'Unavailable' } },
      {},
    ])
  })

  test.each([
    ['Faulted', [], ['1/1 Faulted']],
    ['Occupied', [connector(1, 2, 'Available')], ['1/2 Occupied']],
    [
      'Unavailable',
      [connector(1, 1, 'Available'), connector(1, 2, 'Available')],
      ['1/1 Unavailable', '1/2 Unavailable'],
    ],
    ['Available', [connector(1, 1, 'Unavailable'), connector(1, 2, 'Faulted')], ['1/1 Available', '1/2 Available']],
    ['Occupied', [connector(1, 1, 'Available'), connector(1, 2, 'Available')], []],
  ] as const)('of an EVSE that is %s applies to its connectors %j: %j', (state, connectorList, statuses) => {
    const event = entry('EVSE', 'AvailabilityState', state, onEvse(1))
    expect(statusesOf([event], { connectorList: [...connectorList, connector(2, 1, 'Available')] })).toEqual([
      ...statuses,
    ])
  })

  test('of a connector overrides that of its EVSE', () => {
    const events = [
      entry('Connector', 'AvailabilityState', 'Occupied', onEvse(1, 1)),
      entry('EVSE', 'AvailabilityState', 'Faulted', onEvse(1)),
    ]
    expect(statusesOf(events, { connectorList: [connector(1, 1, 'Available'), connector(1, 2, 'Available')] })).toEqual(
      ['1/1 Occupied', '1/2 Faulted'],
    )
  })

  test('of a connector without an EVSE, or of another component, is only stored', () => {
    const events = [
      entry('Connector', 'AvailabilityState', 'Faulted', { component: { name: 'Connector' } }),
      entry('FanControl', 'AvailabilityState', 'Faulted'),
      entry('Connector', 'Temperature', '80'),
    ]
    expect(decideOn(events).changes).toMatchObject([{ table: 'chargePointEvents' }])
  })

  test('of connectors beyond the maximum is not stored, and causes one anomaly', () => {
    const connectorList = Array.from({ length: connectorsMax - 1 }, (_, index) => connector(index + 1, 1, 'Available'))
    const events = [connectorsMax, connectorsMax + 1, connectorsMax + 2].map((id) =>
      entry('Connector', 'AvailabilityState', 'Available', onEvse(id, 1)),
    )
    const { changes, anomalies } = decideOn(events, { connectorList })
    expect(changes).toMatchObject([{ row: { evseId: connectorsMax } }, { table: 'chargePointEvents' }])
    expect(anomalies).toEqual([{ kind: 'tooManyConnectors', detail: { evseId: connectorsMax + 1, connectorId: 1 } }])
  })
})

describe('a Problem in a NotifyEvent', () => {
  test('is stored with its codes, for any component', () => {
    const codes = { techCode: 'OverTemperature', techInfo: '81 °C', cause: 7 }
    const events = [entry('Connector', 'Problem', 'true', codes), entry('ChargingStation', 'problem', 'TRUE')]
    expect(decideOn(events).changes).toMatchObject([
      {
        table: 'problems',
        isActive: true,
        row: {
          componentName: 'Connector',
          componentInstance: '',
          evseId: 1,
          connectorId: 1,
          ...codes,
          occurredAtMs: atMs,
        },
      },
      {
        table: 'problems',
        row: { componentName: 'ChargingStation', evseId: 0, connectorId: 0, techCode: null, cause: null },
      },
      { table: 'chargePointEvents' },
    ])
  })

  test('that is over becomes inactive, and a value that is neither true nor false changes nothing', () => {
    expect(decideOn([entry('Connector', 'Problem', 'false')]).changes[0]).toMatchObject({ isActive: false })
    expect(decideOn([entry('Connector', 'Problem', 'perhaps')]).changes).toMatchObject([{ table: 'chargePointEvents' }])
  })
})
