// Unlocks, triggers, availability and questions in each version. Every payload is checked by its schema.

import { describe, expect, test } from 'bun:test'
import { availabilityCommand } from '../../../../src/blocks/availability/commands.ts'
import type { Command, NoCommand } from '../../../../src/blocks/command.ts'
import {
  triggerCommand,
  triggerOutcome,
  triggers,
  unlockCommand,
  unlockOutcome,
} from '../../../../src/blocks/remote-control/operations.ts'
import { compositeCommand, compositeOf } from '../../../../src/blocks/smart-charging/commands.ts'
import { transactionStatusCommand } from '../../../../src/blocks/transactions/commands.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { type OcppVersion, ocppVersions } from '../../../../src/ocpp/version.ts'

/** Action and payload of a valid CALL, or why there is none. */
function said(version: OcppVersion, command: Command | NoCommand): unknown {
  if ('reason' in command) return command.reason
  const { action, payload } = command
  expect([version, action, checkRequest(version, action, payload)]).toEqual([version, action, []])
  return [action, payload]
}

const noSecond =
  'In OCPP 1.6 each EVSE has one connector, so connector 2 of EVSE 1 does not exist; leave out connectorId'

describe('an unlock', () => {
  test('is of a connector, the first if none is named', () => {
    const place = { evseId: 2 }
    expect(ocppVersions.map((version) => said(version, unlockCommand(version, place)))).toEqual([
      ['UnlockConnector', { connectorId: 2 }],
      ['UnlockConnector', { evseId: 2, connectorId: 1 }],
      ['UnlockConnector', { evseId: 2, connectorId: 1 }],
    ])
    const second = { evseId: 1, connectorId: 2 }
    expect(said('1.6', unlockCommand('1.6', second))).toBe(noSecond)
    expect(said('2.0.1', unlockCommand('2.0.1', second))).toEqual(['UnlockConnector', second])
  })

  test('has an outcome for each status', () => {
    expect(unlockOutcome('Unlocked').message).toBe('The connector is unlocked')
    expect(unlockOutcome('OngoingAuthorizedTransaction').message).toContain('stop it first')
    expect(unlockOutcome('Odd').message).toBe('The charge point answered the unlock with Odd')
  })
})

describe('a trigger', () => {
  const wordIn = (version: OcppVersion, requestedMessage: (typeof triggers)[number]): unknown => {
    const command = triggerCommand(version, { requestedMessage })
    return 'reason' in command ? null : [command.action, command.payload['requestedMessage']]
  }

  test.each([
    ['Heartbeat', ['TriggerMessage', 'Heartbeat'], ['TriggerMessage', 'Heartbeat']],
    [
      'DiagnosticsStatusNotification',
      ['TriggerMessage', 'DiagnosticsStatusNotification'],
      ['TriggerMessage', 'LogStatusNotification'],
    ],
    [
      'LogStatusNotification',
      ['ExtendedTriggerMessage', 'LogStatusNotification'],
      ['TriggerMessage', 'LogStatusNotification'],
    ],
    [
      'SignChargingStationCertificate',
      ['ExtendedTriggerMessage', 'SignChargePointCertificate'],
      ['TriggerMessage', 'SignChargingStationCertificate'],
    ],
    [
      'SignChargePointCertificate',
      ['ExtendedTriggerMessage', 'SignChargePointCertificate'],
      ['TriggerMessage', 'SignChargingStationCertificate'],
    ],
    ['TransactionEvent', null, ['TriggerMessage', 'TransactionEvent']],
  ] as const)('of %s has the words of the version', (word, in16, in2x) => {
    expect([wordIn('1.6', word), wordIn('2.0.1', word), wordIn('2.1', word)]).toEqual([in16, in2x, in2x])
  })

  test('is a valid CALL in every version that has it', () => {
    for (const version of ocppVersions) {
      for (const requestedMessage of triggers) said(version, triggerCommand(version, { requestedMessage, evseId: 1 }))
    }
    expect(said('2.0.1', triggerCommand('2.0.1', { requestedMessage: 'CustomTrigger' }))).toBe(
      'OCPP 2.0.1 cannot trigger CustomTrigger',
    )
    expect(said('2.1', triggerCommand('2.1', { requestedMessage: 'CustomTrigger', customTrigger: 'Blink' }))).toEqual([
      'TriggerMessage',
      { requestedMessage: 'CustomTrigger', customTrigger: 'Blink' },
    ])
  })

  test('goes to the charge point, an EVSE or a connector', () => {
    const sentTo = (version: OcppVersion, place: { evseId?: number; connectorId?: number }) =>
      said(version, triggerCommand(version, { requestedMessage: 'MeterValues', ...place }))
    expect(sentTo('1.6', {})).toEqual(['TriggerMessage', { requestedMessage: 'MeterValues' }])
    expect(sentTo('1.6', { evseId: 2 })).toEqual([
      'TriggerMessage',
      { requestedMessage: 'MeterValues', connectorId: 2 },
    ])
    expect(sentTo('1.6', { evseId: 1, connectorId: 2 })).toBe(noSecond)
    expect(sentTo('2.1', { evseId: 2, connectorId: 1 })).toEqual([
      'TriggerMessage',
      { requestedMessage: 'MeterValues', evse: { id: 2, connectorId: 1 } },
    ])
  })

  test('of a StatusNotification is for one connector in 2.x (F06.FR.13)', () => {
    const trigger = (evseId?: number) =>
      triggerCommand('2.0.1', { requestedMessage: 'StatusNotification', ...(evseId === undefined ? {} : { evseId }) })
    expect(trigger(2)).toMatchObject({ payload: { evse: { id: 2, connectorId: 1 } } })
    expect(trigger()).toHaveProperty('reason')
  })

  test('that the charge point does not know has an outcome that says so', () => {
    expect(triggerOutcome('NotImplemented').message).toContain('does not know')
  })
})

test('a change of the availability goes to the charge point, an EVSE or a connector', () => {
  const changed = (version: OcppVersion, place: { evseId?: number; connectorId?: number }) =>
    said(version, availabilityCommand(version, { type: 'Inoperative', ...place }))
  expect(changed('1.6', {})).toEqual(['ChangeAvailability', { connectorId: 0, type: 'Inoperative' }])
  expect(changed('1.6', { evseId: 3 })).toEqual(['ChangeAvailability', { connectorId: 3, type: 'Inoperative' }])
  expect(changed('1.6', { evseId: 1, connectorId: 2 })).toBe(noSecond)
  expect(changed('2.0.1', {})).toEqual(['ChangeAvailability', { operationalStatus: 'Inoperative' }])
  expect(changed('2.0.1', { evseId: 3, connectorId: 1 })).toEqual([
    'ChangeAvailability',
    { evse: { id: 3, connectorId: 1 }, operationalStatus: 'Inoperative' },
  ])
})

test('the status of a transaction is asked by the id of the charge point, and not in 1.6', () => {
  const transaction = { transactionId: 7, stationTransactionId: 'tx-7' }
  expect(said('1.6', transactionStatusCommand('1.6', transaction))).toBe('OCPP 1.6 has no GetTransactionStatus')
  expect(said('2.0.1', transactionStatusCommand('2.0.1', transaction))).toEqual([
    'GetTransactionStatus',
    { transactionId: 'tx-7' },
  ])
  const of16 = { transactionId: 7, stationTransactionId: null }
  expect(said('2.1', transactionStatusCommand('2.1', of16))).toEqual(['GetTransactionStatus', { transactionId: '7' }])
  expect(said('2.1', transactionStatusCommand('2.1', null))).toEqual(['GetTransactionStatus', {}])
})

test('a composite schedule has one form for all versions', () => {
  const request = { evseId: 1, durationSeconds: 600, chargingRateUnit: 'A' } as const
  expect(ocppVersions.map((version) => said(version, compositeCommand(version, request)))).toEqual([
    ['GetCompositeSchedule', { connectorId: 1, duration: 600, chargingRateUnit: 'A' }],
    ['GetCompositeSchedule', { evseId: 1, duration: 600, chargingRateUnit: 'A' }],
    ['GetCompositeSchedule', { evseId: 1, duration: 600, chargingRateUnit: 'A' }],
  ])
  const periods = [{ startPeriod: 0, limit: 16 }]
  const form = { duration: 600, chargingRateUnit: 'A', chargingSchedulePeriod: periods }
  const scheduleStart = '2026-01-01T00:00:00Z'
  const schedule = { evseId: 1, scheduleStart, ...form }
  const answer16 = { status: 'Accepted', connectorId: 1, scheduleStart, chargingSchedule: form }
  expect(compositeOf('1.6', answer16)).toEqual(schedule)
  expect(compositeOf('2.0.1', { status: 'Accepted', schedule })).toEqual(schedule)
  expect(compositeOf('2.1', { status: 'Rejected' })).toBeNull()
})
