import { describe, expect, test } from 'bun:test'
import type { Command, NoCommand } from '../../../../src/blocks/command.ts'
import {
  clearProfileCommand,
  clearProfileOutcome,
  profileReport,
  replacesAlike,
  reportProfilesCommand,
  sentProfile,
  setProfileCommand,
} from '../../../../src/blocks/smart-charging/profile-commands.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { type OcppVersion, ocppVersions } from '../../../../src/ocpp/version.ts'

const schedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] }
const in16 = {
  chargingProfileId: 3,
  stackLevel: 1,
  chargingProfilePurpose: 'ChargePointMaxProfile',
  chargingProfileKind: 'Absolute',
  chargingSchedule: schedule,
}
const in2x = {
  id: 3,
  stackLevel: 1,
  chargingProfilePurpose: 'ChargingStationMaxProfile',
  chargingProfileKind: 'Absolute',
  chargingSchedule: [{ id: 1, ...schedule }],
}

function valid(version: OcppVersion, command: Command | NoCommand | null) {
  if (command === null || 'reason' in command) throw new Error('there is a command')
  expect([version, checkRequest(version, command.action, command.payload)]).toEqual([version, []])
  return command.payload
}

describe('a charging profile', () => {
  test.each([
    ['1.6', in16],
    ['2.x', in2x],
  ])('in the form of %s is sent in that of each version', (_, profile) => {
    const request = { evseId: 0, profileId: 3, profile, transaction: null }
    const sent = ocppVersions.map((version) => valid(version, setProfileCommand(version, request)))
    expect(sent).toEqual([
      { connectorId: 0, csChargingProfiles: in16 },
      { evseId: 0, chargingProfile: in2x },
      { evseId: 0, chargingProfile: in2x },
    ])
  })

  test('has the id and the transaction of the request', () => {
    const profile = { ...in16, chargingProfilePurpose: 'TxProfile', transactionId: 99 }
    const transaction = { transactionId: 7, stationTransactionId: 'tx-7' }
    const request = { evseId: 1, profileId: 5, profile, transaction }
    const [of16, of201] = ocppVersions.map((version) => valid(version, setProfileCommand(version, request)))
    expect(of16).toMatchObject({ csChargingProfiles: { chargingProfileId: 5, transactionId: 7 } })
    expect(of201).toMatchObject({ chargingProfile: { id: 5, transactionId: 'tx-7' } })
  })

  test('is stored in the form of 2.x, whatever was sent', () => {
    const request = { evseId: 0, profileId: 3, profile: in16, transaction: null }
    for (const version of ocppVersions) expect(sentProfile(setProfileCommand(version, request))).toEqual(in2x)
  })

  test('replaces one that is alike in 1.6 only', () => {
    expect(replacesAlike).toEqual({ '1.6': true, '2.0.1': false, '2.1': false })
  })
})

test('profiles are cleared by id, by criteria, or all of them', () => {
  const cleared = (version: OcppVersion, criteria: Parameters<typeof clearProfileCommand>[1]) =>
    valid(version, clearProfileCommand(version, criteria))
  expect(cleared('1.6', { profileId: 3 })).toEqual({ id: 3 })
  expect(cleared('2.0.1', { profileId: 3 })).toEqual({ chargingProfileId: 3 })
  const criteria = { evseId: 0, purpose: 'ChargingStationMaxProfile', stackLevel: 1 }
  expect(cleared('1.6', criteria)).toEqual({
    connectorId: 0,
    chargingProfilePurpose: 'ChargePointMaxProfile',
    stackLevel: 1,
  })
  expect(cleared('2.1', criteria)).toEqual({
    chargingProfileCriteria: { evseId: 0, chargingProfilePurpose: 'ChargingStationMaxProfile', stackLevel: 1 },
  })
  for (const version of ocppVersions) expect(cleared(version, {})).toEqual({})
  expect(clearProfileOutcome('Unknown').message).toBe('The charge point has no such charging profile')
})

test('a report is asked for in 2.x only', () => {
  const request = { requestId: 9, evseId: 1, purpose: 'TxProfile', stackLevel: 0, profileIds: [3], sources: ['CSO'] }
  expect(reportProfilesCommand('1.6', request)).toBeNull()
  for (const version of ['2.0.1', '2.1'] as const) {
    expect(valid(version, reportProfilesCommand(version, { requestId: 9 }))).toEqual({
      requestId: 9,
      chargingProfile: {},
    })
  }
  expect(valid('2.1', reportProfilesCommand('2.1', request))).toEqual({
    requestId: 9,
    evseId: 1,
    chargingProfile: {
      chargingProfilePurpose: 'TxProfile',
      stackLevel: 0,
      chargingProfileId: [3],
      chargingLimitSource: ['CSO'],
    },
  })
  expect(profileReport.answered('2.0.1', { status: 'NoProfiles' }, {})).toMatchObject({ type: 'done' })
  expect(profileReport.answered('2.0.1', { status: 'Odd' }, {})).toMatchObject({ type: 'refused' })
})
