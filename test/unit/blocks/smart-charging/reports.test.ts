import { expect, test } from 'bun:test'
import { reportedProfilesMax } from '../../../../src/base/limits.ts'
import { smartCharging201, smartCharging21 } from '../../../../src/blocks/smart-charging/messages.ts'
import { firstProfiles, readProfiles } from '../../../../src/blocks/smart-charging/reports.ts'
import { decide } from '../../../support/known.ts'

const versions = [smartCharging201, smartCharging21] as const
const eventOf = (action: string, payload: object) => ({
  table: 'chargePointEvents',
  row: { action, occurredAtMs: null, payload },
})

const profile = {
  id: 3,
  stackLevel: 1,
  chargingProfilePurpose: 'TxProfile' as const,
  chargingProfileKind: 'Absolute' as const,
  chargingSchedule: [
    { id: 1, chargingRateUnit: 'A' as const, chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] },
  ] as const,
  transactionId: 'tx-1',
}

test('ReportChargingProfiles stores each profile, and the part moves the job that asked for it', () => {
  const action = 'ReportChargingProfiles'
  const job = {
    jobId: 5,
    kind: 'chargingProfileReport',
    state: 'running',
    place: 2,
    status: 'Accepted',
    requestId: 9,
    timeoutSeconds: 60,
    startsAtMs: null,
    expiresAtMs: null,
  } as const
  for (const tbc of [true, false]) {
    const sent = { requestId: 9, chargingLimitSource: 'CSO' as const, evseId: 1, tbc, chargingProfile: [profile] }
    const { handler } = smartCharging201[action]
    expect(handler.needs?.(sent as never, undefined as never)).toEqual({
      jobsOfRequest: 9,
      report: { kind: 'chargingProfiles', requestId: 9 },
    })
    const { answer, changes } = decide(handler, sent as never, { action, jobs: [job] })
    const [status, state] = tbc ? ['Reporting', 'running'] : ['Reported', 'succeeded']
    expect(answer).toEqual({})
    expect(changes).toMatchObject([
      { table: 'chargePointEvents' },
      {
        table: 'reportedChargingProfiles',
        row: {
          profileId: 3,
          evseId: 1,
          source: 'CSO',
          stackLevel: 1,
          purpose: 'TxProfile',
          stationTransactionId: 'tx-1',
          profile,
        },
      },
      { table: 'deviceReports', row: { kind: 'chargingProfiles', requestId: 9, lastSeqNo: tbc ? null : 0 } },
      ...(tbc ? [] : [{ table: 'wholeReports', row: { kind: 'chargingProfiles', word: 'complete' } }]),
      { table: 'jobEvents', row: { jobId: 5, place: 3, state, status } },
    ])
  }
})

test('the registry takes some profiles of a report', () => {
  const many = Array.from({ length: reportedProfilesMax + 2 })
  expect(firstProfiles(many)).toHaveLength(reportedProfilesMax)
  expect(readProfiles(many)).toHaveLength(reportedProfilesMax + 1)
})

test('NotifyChargingLimit and ClearedChargingLimit store the last limit of a source', () => {
  for (const { NotifyChargingLimit, ClearedChargingLimit } of versions) {
    const limit = { chargingLimit: { chargingLimitSource: 'EMS' as const } }
    expect(decide(NotifyChargingLimit.handler, limit, { action: 'NotifyChargingLimit' })).toMatchObject({
      answer: {},
      changes: [
        eventOf('NotifyChargingLimit', limit),
        { table: 'chargingLimits', row: { evseId: 0, source: 'EMS', isCleared: false, payload: limit } },
      ],
    })
    const cleared = { chargingLimitSource: 'EMS' as const, evseId: 2 }
    expect(decide(ClearedChargingLimit.handler, cleared, { action: 'ClearedChargingLimit' })).toMatchObject({
      answer: {},
      changes: [
        eventOf('ClearedChargingLimit', cleared),
        { table: 'chargingLimits', row: { evseId: 2, source: 'EMS', isCleared: true, payload: cleared } },
      ],
    })
  }
})

test('NotifyEVChargingNeeds is rejected, and NotifyEVChargingSchedule accepted; both are kept for their EVSE', () => {
  for (const { NotifyEVChargingNeeds, NotifyEVChargingSchedule } of versions) {
    const needs = { evseId: 1, chargingNeeds: { requestedEnergyTransfer: 'DC' as const } }
    expect(decide(NotifyEVChargingNeeds.handler, needs, { action: 'NotifyEVChargingNeeds' })).toMatchObject({
      answer: { status: 'Rejected' },
      changes: [
        eventOf('NotifyEVChargingNeeds', needs),
        { table: 'evChargingNeeds', row: { evseId: 1, payload: needs } },
      ],
    })
    const chosen = { evseId: 1, timeBase: '2026-01-01T00:00:00Z', chargingSchedule: profile.chargingSchedule[0] }
    const sent = chosen as never
    expect(decide(NotifyEVChargingSchedule.handler, sent, { action: 'NotifyEVChargingSchedule' })).toMatchObject({
      answer: { status: 'Accepted' },
      changes: [{ table: 'chargePointEvents' }, { table: 'evChargingSchedules', row: { evseId: 1, payload: chosen } }],
    })
  }
})
