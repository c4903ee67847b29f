// Functional block K, smart charging: setting, clearing and asking for charging profiles, in each version.

import { type ByVersion, type OcppVersion, since2 } from '../../ocpp/version.ts'
import { withDefined } from '../../base/with-defined.ts'
import type { Command, CommandOutcome, NoCommand } from '../command.ts'
import { outcomeOf, statusOf } from '../command.ts'
import type { JobKind } from '../jobs/job.ts'
import { reportAsked } from '../provisioning/whole-report.ts'
import type { Payload } from '../values.ts'
import { chargingProfile16, chargingProfile2x } from './charging-profile.ts'
import type { ProfileCriteria } from './registry.ts'

export interface SetProfileRequest {
  readonly evseId: number
  readonly profileId: number
  /** In the form of 1.6 or of 2.x; its id and transaction are those of this request. */
  readonly profile: Payload
  /** Of a TxProfile: by our id and by that of the charge point; null: none. */
  readonly transaction: { readonly transactionId: number; readonly stationTransactionId: string | null } | null
}

/** SetChargingProfile (1.6 §5.16, 2.0.1 K01). */
export function setProfileCommand(version: OcppVersion, request: SetProfileRequest): Command {
  return sets[version](request)
}

const sets = since2<(request: SetProfileRequest) => Command>(
  ({ evseId, profileId, profile, transaction }) => {
    const { chargingProfileId: _, transactionId: __, ...rest } = chargingProfile16(profile)
    const ofTransaction = transaction === null ? {} : { transactionId: transaction.transactionId }
    const csChargingProfiles = { chargingProfileId: profileId, ...ofTransaction, ...rest }
    return {
      action: 'SetChargingProfile',
      payload: { connectorId: evseId, csChargingProfiles },
      fields: {
        '/connectorId': 'evseId',
        '/csChargingProfiles/chargingProfileId': 'profileId',
        '/csChargingProfiles': 'chargingProfile',
      },
    }
  },
  ({ evseId, profileId, profile, transaction }) => {
    const { id: _, transactionId: __, ...rest } = chargingProfile2x(profile)
    const station = transaction?.stationTransactionId ?? transaction?.transactionId.toString()
    const chargingProfile = { id: profileId, ...rest, ...(station === undefined ? {} : { transactionId: station }) }
    return {
      action: 'SetChargingProfile',
      payload: { evseId, chargingProfile },
      fields: { '/chargingProfile/id': 'profileId' },
    }
  },
)

/** The profile in a SetChargingProfile, as it is stored: in the form of 2.x. */
export function sentProfile({ payload }: Command): Payload {
  const profile = payload.csChargingProfiles ?? payload.chargingProfile
  return typeof profile === 'object' && profile !== null ? chargingProfile2x({ ...profile }) : {}
}

/**
 * Whether a new profile replaces others of its EVSE, purpose and stack level: in 1.6 it does (§5.16.5); in 2.x only one
 * with its id (2.0.1 K01).
 */
export const replacesAlike: ByVersion<boolean> = since2(true, false)

/** The outcome of setting a profile. */
export function setProfileOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'The charge point has the charging profile', 'charging profile')
}

/** ClearChargingProfile (1.6 §5.5, 2.0.1 K10). Without criteria: all profiles. */
export function clearProfileCommand(version: OcppVersion, criteria: ProfileCriteria): Command | NoCommand {
  return clears[version](criteria)
}

const clears = since2<(criteria: ProfileCriteria) => Command | NoCommand>(
  ({ profileId, evseId, purpose, stackLevel }) => {
    const { chargingProfilePurpose } = chargingProfile16({ chargingProfilePurpose: purpose })
    const payload = withDefined({ id: profileId, connectorId: evseId, chargingProfilePurpose, stackLevel })
    const fields = { '/id': 'profileId', '/connectorId': 'evseId', '/chargingProfilePurpose': 'purpose' }
    return { action: 'ClearChargingProfile', payload, fields }
  },
  ({ profileId, evseId, purpose, stackLevel }) => {
    const chargingProfileCriteria = withDefined({ evseId, chargingProfilePurpose: purpose, stackLevel })
    const named = profileId === undefined ? {} : { chargingProfileId: profileId }
    const criteria = Object.keys(chargingProfileCriteria).length === 0 ? {} : { chargingProfileCriteria }
    return {
      action: 'ClearChargingProfile',
      payload: { ...named, ...criteria },
      fields: { '/chargingProfileCriteria/chargingProfilePurpose': 'purpose', '/chargingProfileCriteria': '' },
    }
  },
)

/** The outcome of clearing profiles. */
export function clearProfileOutcome(status: string): CommandOutcome {
  return status === 'Unknown'
    ? { status, message: 'The charge point has no such charging profile' }
    : outcomeOf(status, 'The charge point has cleared the charging profiles', 'clearing of charging profiles')
}

export interface ReportProfilesRequest extends Omit<ProfileCriteria, 'profileId'> {
  readonly profileIds?: readonly number[] | undefined
  readonly sources?: readonly string[] | undefined
  readonly requestId: number
}

/** GetChargingProfiles (2.0.1 K09); 1.6 has none. */
export function reportProfilesCommand(version: OcppVersion, request: ReportProfilesRequest): Command | null {
  return asks[version](request)
}

const asks = since2<(request: ReportProfilesRequest) => Command | null>(
  () => null,
  ({ requestId, evseId, purpose, stackLevel, profileIds, sources }) => ({
    action: 'GetChargingProfiles',
    payload: {
      requestId,
      ...withDefined({ evseId }),
      chargingProfile: withDefined({
        chargingProfilePurpose: purpose,
        stackLevel,
        chargingProfileId: profileIds,
        chargingLimitSource: sources,
      }),
    },
    fields: {
      '/chargingProfile/chargingProfilePurpose': 'purpose',
      '/chargingProfile/chargingProfileId': 'profileIds',
      '/chargingProfile/chargingLimitSource': 'sources',
      '/chargingProfile/stackLevel': 'stackLevel',
    },
  }),
)

/** 2.0.1 K09: all profiles are asked for, or there is none. */
export const profileReportAsked = reportAsked(
  'chargingProfiles',
  ['evseId', 'chargingProfile'],
  (status) => status === 'NoProfiles',
)

/** What a part of a report is, as the job shows it. */
export const reportParts = { more: 'Reporting', last: 'Reported' } as const

/** Reports of charging profiles: they come in parts, of which the last one says so. */
export const profileReport: JobKind = {
  kind: 'chargingProfileReport',
  isRead: true,
  answered(_, answer) {
    const status = statusOf(answer)
    switch (status) {
      case null:
        return null
      case 'Accepted':
        return { type: 'accepted', status, message: 'The charge point reports its charging profiles' }
      case 'NoProfiles':
        return { type: 'done', status, message: 'The charge point has no such charging profile' }
      default:
        return { type: 'refused', status, message: `The charge point answered the request for a report with ${status}` }
    }
  },
  reports: { [reportParts.more]: 'progress', [reportParts.last]: 'success' },
}
