// Converts charging profiles: operators write the form of 1.6; 2.x charge points get the form of 2.x.

import { ownValue } from '../../base/own-value.ts'
import type { Payload } from '../decision.ts'

// 2.x renamed one purpose (1.6 §7.11, 2.0.1 ChargingProfilePurposeEnumType).
const purposes: Readonly<Record<string, string>> = { ChargePointMaxProfile: 'ChargingStationMaxProfile' }

/**
 * A 1.6 charging profile (§7.8) as a 2.x ChargingProfileType: `chargingProfileId` becomes `id`, and the one schedule
 * becomes a list of schedules with ids. A profile that already has the 2.x form, or no known form, is not changed; the
 * schema checks it.
 */
export function chargingProfile2x(profile: Payload): Payload {
  const { chargingProfileId, chargingProfilePurpose, chargingSchedule, ...rest } = profile
  return {
    ...(chargingProfileId === undefined ? {} : { id: chargingProfileId }),
    ...rest,
    ...(chargingProfilePurpose === undefined ? {} : { chargingProfilePurpose: purpose2x(chargingProfilePurpose) }),
    ...(chargingSchedule === undefined ? {} : { chargingSchedule: schedules2x(chargingSchedule) }),
  }
}

function purpose2x(purpose: unknown): unknown {
  return typeof purpose === 'string' ? (ownValue(purposes, purpose) ?? purpose) : purpose
}

function schedules2x(schedule: unknown): unknown {
  if (Array.isArray(schedule) || typeof schedule !== 'object' || schedule === null) return schedule
  return [{ id: 1, ...schedule }]
}
