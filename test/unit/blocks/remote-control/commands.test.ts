// The commands for start, stop, reset and firmware updates in each version. Every payload is checked by its schema.

import { describe, expect, test } from 'bun:test'
import type { Command } from '../../../../src/blocks/command.ts'
import { updateFirmwareCommand } from '../../../../src/blocks/firmware/commands.ts'
import { firmwareUpdate } from '../../../../src/blocks/firmware/job.ts'
import { resetCommand, resetOutcome } from '../../../../src/blocks/provisioning/reset-command.ts'
import { remoteStart, startCommand, startOutcome, stopCommand } from '../../../../src/blocks/remote-control/commands.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import type { OcppVersion } from '../../../../src/ocpp/version.ts'

const chargingProfile = {
  chargingProfileId: 1,
  stackLevel: 0,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Absolute',
  chargingSchedule: { chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 32.0 }] },
}
const start = { connectorId: 2, idTag: 'USER123', idTokenType: null, chargingProfile, transactionId: 12345 }

function expectValid(version: OcppVersion, { action, payload }: Command): void {
  expect(checkRequest(version, action, payload)).toEqual([])
}

describe('a remote start', () => {
  test('is a RemoteStartTransaction in 1.6, with an unchanged charging profile', () => {
    const command = startCommand('1.6', start)
    expect(command.action).toBe('RemoteStartTransaction')
    expect(command.payload).toEqual({ connectorId: 2, idTag: 'USER123', chargingProfile })
    expectValid('1.6', command)
  })

  test('is a RequestStartTransaction in 2.0.1, with the charging profile in the form of 2.x', () => {
    const command = startCommand('2.0.1', start)
    expect(command.action).toBe('RequestStartTransaction')
    expect(command.payload).toEqual({
      remoteStartId: 12345,
      idToken: { idToken: 'USER123', type: 'Central' },
      evseId: 2,
      chargingProfile: {
        id: 1,
        stackLevel: 0,
        chargingProfilePurpose: 'TxDefaultProfile',
        chargingProfileKind: 'Absolute',
        chargingSchedule: [{ id: 1, chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 32.0 }] }],
      },
    })
    expectValid('2.0.1', command)
  })

  test('does not change a charging profile that already has the form of 2.x', () => {
    const profile2x = {
      id: 7,
      stackLevel: 1,
      chargingProfilePurpose: 'TxProfile',
      chargingProfileKind: 'Relative',
      chargingSchedule: [{ id: 3, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] }],
    }
    const command = startCommand('2.0.1', { ...start, chargingProfile: profile2x })
    expect(command.payload.chargingProfile).toEqual(profile2x)
    expectValid('2.0.1', command)
  })

  test('renames the purpose that 2.x renamed', () => {
    const command = startCommand('2.0.1', {
      ...start,
      chargingProfile: { ...chargingProfile, chargingProfilePurpose: 'ChargePointMaxProfile' },
    })
    expect(command.payload.chargingProfile).toMatchObject({ chargingProfilePurpose: 'ChargingStationMaxProfile' })
    expectValid('2.0.1', command)
  })

  test('does not change a charging profile of no known form; the schema checks it', () => {
    const command = startCommand('2.0.1', { ...start, chargingProfile: { chargingSchedule: 'soon' } })
    expect(command.payload.chargingProfile).toEqual({ chargingSchedule: 'soon' })
    expect(checkRequest('2.0.1', command.action, command.payload)).not.toEqual([])
  })

  test('has no charging profile if the request has none', () => {
    const { chargingProfile: _, ...plain } = start
    expect(startCommand('1.6', plain).payload).toEqual({ connectorId: 2, idTag: 'USER123' })
    expect(startCommand('2.0.1', plain).payload).not.toHaveProperty('chargingProfile')
    expectValid('2.0.1', startCommand('2.0.1', plain))
  })

  test('has the type of the stored id token in 2.0.1', () => {
    const command = startCommand('2.0.1', { ...start, idTokenType: 'ISO14443' })
    expect(command.payload.idToken).toEqual({ idToken: 'USER123', type: 'ISO14443' })
  })

  test('is recognised by connector and id tag in 1.6, by its remoteStartId in 2.0.1', () => {
    expect(remoteStart('1.6', start)).toEqual({ evseId: 2, connectorId: 1, idToken: 'USER123' })
    expect(remoteStart('2.0.1', start)).toEqual({ remoteStartId: 12345, evseId: 2, idToken: 'USER123' })
  })

  test('that was rejected has an outcome that says so', () => {
    expect(startOutcome('Accepted').message).toBe('Remote start request sent successfully')
    expect(startOutcome('Rejected')).toEqual({
      status: 'Rejected',
      message: 'The charge point answered the remote start with Rejected',
    })
  })
})

describe('a remote stop', () => {
  test('has our transactionId in 1.6 and that of the charge point in 2.0.1', () => {
    const transaction = { transactionId: 12345, stationTransactionId: 'tx-1' }
    const command16 = stopCommand('1.6', transaction)
    const command201 = stopCommand('2.0.1', transaction)
    expect(command16).toMatchObject({ action: 'RemoteStopTransaction', payload: { transactionId: 12345 } })
    expect(command201).toMatchObject({ action: 'RequestStopTransaction', payload: { transactionId: 'tx-1' } })
    expectValid('1.6', command16)
    expectValid('2.0.1', command201)
  })

  test('of a transaction that started over 1.6 is a valid request in 2.0.1', () => {
    expectValid('2.0.1', stopCommand('2.0.1', { transactionId: 12345, stationTransactionId: null }))
  })
})

describe('a reset', () => {
  test.each([
    ['1.6', 'Soft', 'Soft'],
    ['1.6', 'Hard', 'Hard'],
    ['2.0.1', 'Soft', 'OnIdle'],
    ['2.0.1', 'Hard', 'Immediate'],
    ['1.6', 'OnIdle', 'Soft'],
    ['1.6', 'Immediate', 'Hard'],
    ['2.1', 'OnIdle', 'OnIdle'],
    ['2.1', 'ImmediateAndResume', 'ImmediateAndResume'],
  ] as const)('in %s, %s is %s', (version, type, sent) => {
    const command = resetCommand(version, { type })
    if ('reason' in command) throw new Error(command.reason)
    expect(command).toMatchObject({ action: 'Reset', payload: { type: sent } })
    expectValid(version, command)
  })

  test('that a version does not have is none', () => {
    const noResume = { reason: 'OCPP 2.0.1 has no reset of type ImmediateAndResume' }
    expect(resetCommand('2.0.1', { type: 'ImmediateAndResume' })).toEqual(noResume)
    const noEvse = { reason: 'OCPP 1.6 resets the whole charge point only; leave out evseId' }
    expect(resetCommand('1.6', { type: 'Soft', evseId: 1 })).toEqual(noEvse)
  })

  test('that is scheduled has an outcome that says when', () => {
    expect(resetOutcome('Scheduled').message).toBe('Reset scheduled for when the charge point is idle')
  })
})

describe('a firmware update', () => {
  const request = {
    location: 'https://firmware.example.com/firmware-v1.2.3.bin',
    retrieveDateMs: Date.parse('2025-12-27T00:00:00Z'),
    retries: 3,
    retryIntervalSeconds: 300,
    requestId: 99,
  }

  test('has the fields of 1.6', () => {
    const command = updateFirmwareCommand('1.6', request)
    expect(command.payload).toEqual({
      location: request.location,
      retrieveDate: '2025-12-27T00:00:00.000Z',
      retries: 3,
      retryInterval: 300,
    })
    expectValid('1.6', command)
  })

  test('has the fields of 2.0.1', () => {
    const command = updateFirmwareCommand('2.0.1', request)
    expect(command.payload).toEqual({
      requestId: 99,
      firmware: { location: request.location, retrieveDateTime: '2025-12-27T00:00:00.000Z' },
      retries: 3,
      retryInterval: 300,
    })
    expectValid('2.0.1', command)
  })

  test('is accepted by an empty answer in 1.6, and only there', () => {
    const accepted = { type: 'accepted', status: 'Accepted', message: 'Firmware update scheduled' } as const
    expect(firmwareUpdate.answered('1.6', {}, {})).toEqual(accepted)
    expect(firmwareUpdate.answered('1.6', { status: 5 }, {})).toBeNull()
    expect(firmwareUpdate.answered('2.0.1', {}, {})).toBeNull()
    const refused = firmwareUpdate.answered('2.0.1', { status: 'InvalidCertificate' }, {})
    expect(refused).toMatchObject({ type: 'refused', status: 'InvalidCertificate' })
  })
})
