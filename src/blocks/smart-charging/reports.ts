// What charge points of 2.x report of smart charging: profiles (K09), limits by others (K11-K13), and what the vehicle
// needs and has chosen (K15-K17). Each is stored as an event as well.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { reportedProfilesMax } from '../../base/limits.ts'
import type { Change, Handler } from '../decision.ts'
import { jobNeeds, withJob } from '../jobs/reported.ts'
import { evseSubjects, notification } from '../notification.ts'
import { nextPartOf, reportNeeds } from '../provisioning/report-messages.ts'
import { profileFacts } from './charging-profile.ts'
import { profileReport, reportParts } from './profile-commands.ts'

/** The profiles of a report that are stored one by one. The event has them all. */
export function firstProfiles<Profile>(profiles: readonly Profile[]): readonly Profile[] {
  return profiles.slice(0, reportedProfilesMax)
}

/** The profiles of a long report that are read: one more than are stored, which shows that it has others. */
export function readProfiles<Profile>(profiles: readonly Profile[]): readonly Profile[] {
  return profiles.slice(0, reportedProfilesMax + 1)
}

type ProfilesReport = OCPP20.ReportChargingProfilesRequest | OCPP21.ReportChargingProfilesRequest

/** 2.0.1 K09: one part of a report, which moves the job that asked for it. */
export const reportChargingProfiles: Handler<ProfilesReport> = {
  needs: ({ requestId }) => ({ ...jobNeeds({ requestId }), ...reportNeeds('chargingProfiles', { requestId }) }),
  decide: (report, known) => {
    const { requestId, chargingLimitSource, evseId, tbc } = report
    const profiles: readonly ProfilesReport['chargingProfile'][number][] = report.chargingProfile
    const rows = firstProfiles(profiles).map(({ ...profile }): Change => {
      const { stackLevel, purpose, stationTransactionId } = profileFacts(profile)
      const { id: profileId } = profile
      const row = { profileId, evseId, source: chargingLimitSource, stackLevel, purpose, stationTransactionId, profile }
      return { table: 'reportedChargingProfiles', row }
    })
    const status = tbc === true ? reportParts.more : reportParts.last
    const isCut = profiles.length > reportedProfilesMax
    const part = nextPartOf('chargingProfiles', { requestId, tbc }, isCut, known)
    return withJob(notification(known, undefined, ...rows, ...part), known, [profileReport], { status, requestId })
  },
}

/** 2.0.1 K11, K12: a limit that an energy management system or the grid operator has set. */
export const notifyChargingLimit: Handler<OCPP20.NotifyChargingLimitRequest | OCPP21.NotifyChargingLimitRequest> = {
  about: ({ evseId }, known) => (evseId === undefined ? {} : { also: evseSubjects(evseId, known) }),
  decide: ({ evseId = 0, chargingLimit }, known) =>
    notification(known, undefined, {
      table: 'chargingLimits',
      row: { evseId, source: chargingLimit.chargingLimitSource, isCleared: false, payload: known.verbatim },
    }),
}

/** 2.0.1 K13: the limit is over. */
export const clearedChargingLimit: Handler<OCPP20.ClearedChargingLimitRequest | OCPP21.ClearedChargingLimitRequest> = {
  about: ({ evseId }, known) => (evseId === undefined ? {} : { also: evseSubjects(evseId, known) }),
  decide: ({ evseId = 0, chargingLimitSource }, known) =>
    notification(known, undefined, {
      table: 'chargingLimits',
      row: { evseId, source: chargingLimitSource, isCleared: true, payload: known.verbatim },
    }),
}

type Needs = (OCPP20.NotifyEVChargingNeedsRequest | OCPP21.NotifyEVChargingNeedsRequest) & {
  readonly timestamp?: string
}

/** Stator makes no schedules for vehicles. After Rejected the station continues with its own profiles (K15, K17). */
export const notifyEvChargingNeeds: Handler<Needs> = {
  about: ({ evseId }, known) => ({ also: evseSubjects(evseId, known) }),
  decide: ({ evseId, timestamp }, known) => ({
    ...notification(known, timestamp, { table: 'evChargingNeeds', row: { evseId, payload: known.verbatim } }),
    answer: { status: 'Rejected' },
  }),
}

/** 2.0.1 K15-K17: the schedule of the vehicle is within the limits that its charge point gave it. */
export const notifyEvChargingSchedule: Handler<
  OCPP20.NotifyEVChargingScheduleRequest | OCPP21.NotifyEVChargingScheduleRequest
> = {
  about: ({ evseId }, known) => ({ also: evseSubjects(evseId, known) }),
  decide: ({ evseId }, known) => ({
    ...notification(known, undefined, { table: 'evChargingSchedules', row: { evseId, payload: known.verbatim } }),
    answer: { status: 'Accepted' },
  }),
}
