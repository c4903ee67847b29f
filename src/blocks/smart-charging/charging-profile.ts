// Converts charging profiles: operators write the form of 1.6 or of 2.x; charge points get that of their version.

import { isObject } from '../../base/json.ts'
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

const purposes16: Readonly<Record<string, string>> = { ChargingStationMaxProfile: 'ChargePointMaxProfile' }

/**
 * A profile in the form of 1.6, the reverse of `chargingProfile2x`: of several schedules the first one is taken. A
 * profile that already has this form is not changed.
 */
export function chargingProfile16(profile: Payload): Payload {
  const { id, chargingProfilePurpose: purpose, chargingSchedule, ...rest } = profile
  const sent = typeof purpose === 'string' ? (ownValue(purposes16, purpose) ?? purpose) : purpose
  return {
    ...(id === undefined ? {} : { chargingProfileId: id }),
    ...rest,
    ...(purpose === undefined ? {} : { chargingProfilePurpose: sent }),
    ...(chargingSchedule === undefined ? {} : { chargingSchedule: schedule16(chargingSchedule) }),
  }
}

function schedule16(schedules: unknown): unknown {
  const [first] = Array.isArray(schedules) ? schedules : [schedules]
  if (!isObject(first)) return first
  const { id: _, ...schedule } = first
  return schedule
}

/** What the registry says of a profile in the form of 2.x. */
export interface ProfileFacts {
  readonly stackLevel: number
  readonly purpose: string
  readonly validToMs: number | null
  readonly stationTransactionId: string | null
}

/** The facts in a profile of the form of 2.x that its schema allows. */
export function profileFacts({ stackLevel, chargingProfilePurpose, validTo, transactionId }: Payload): ProfileFacts {
  const validToMs = typeof validTo === 'string' ? Date.parse(validTo) : Number.NaN
  return {
    stackLevel: typeof stackLevel === 'number' ? stackLevel : 0,
    purpose: typeof chargingProfilePurpose === 'string' ? chargingProfilePurpose : '',
    validToMs: Number.isNaN(validToMs) ? null : validToMs,
    stationTransactionId: typeof transactionId === 'string' ? transactionId : null,
  }
}
