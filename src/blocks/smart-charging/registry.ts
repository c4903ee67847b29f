// The registry of charging profiles: what operators set, what charge points report, and the state that follows. Pure.

import type { Payload } from '../values.ts'

/** A profile that is to be set. */
export interface NewChargingProfile {
  readonly chargePointKey: number
  readonly profileId: number
  readonly evseId: number
  readonly stackLevel: number
  readonly purpose: string
  readonly transactionId: number | null
  readonly validToMs: number | null
  readonly profile: Payload
  readonly setAtMs: number
  readonly setBy: string
}

/** A profile that an operator set, that the charge point reported, or both. */
export interface ChargingProfileRecord {
  readonly profileId: number
  readonly evseId: number
  readonly stackLevel: number
  readonly purpose: string
  readonly profile: Payload
  /** Who set it, as the charge point reports it (ChargingLimitSourceEnumType); null: it did not report it. */
  readonly source: string | null
  readonly reportedAtMs: number | null
  /** Ours. */
  readonly transactionId: number | null
  readonly isTransactionOver: boolean
  readonly validToMs: number | null
  readonly status: string | null
  readonly clearedAtMs: number | null
  /** Null: no operator set it. */
  readonly setAtMs: number | null
  readonly setBy: string | null
}

/** Which profiles are meant; a field that is left out means any. */
export interface ProfileCriteria {
  readonly profileId?: number | undefined
  readonly evseId?: number | undefined
  readonly purpose?: string | undefined
  readonly stackLevel?: number | undefined
}

/** The last limit of a source. */
export interface ChargingLimitRecord {
  readonly evseId: number
  readonly source: string
  readonly isCleared: boolean
  readonly payload: Payload
  readonly receivedAtMs: number
}

/** What is known of the vehicle at an EVSE. */
export interface EvChargingRecord {
  readonly evseId: number
  readonly needs: Payload | null
  readonly needsAtMs: number | null
  readonly schedule: Payload | null
  readonly scheduleAtMs: number | null
}

/** Reads and stores what is known of smart charging, by the key of a charge point. */
export interface SmartChargingQueries {
  /** Before it is sent. One of the same id is replaced, as it is at the charge point. */
  storeChargingProfile(profile: NewChargingProfile): Promise<void>
  /**
   * What the charge point has answered. If it does not take the profile, one of the same id that it has stays in force,
   * and is stored again. Nothing changes if another one of this id was set since.
   *
   * @param replaces whether the profile replaces others of its EVSE, purpose and stack level there.
   */
  answerChargingProfile(
    made: Pick<NewChargingProfile, 'chargePointKey' | 'profileId' | 'setAtMs'>,
    status: string,
    replaces: boolean,
    nowMs: number,
  ): Promise<void>
  /** The charge point has cleared them. */
  clearChargingProfiles(chargePointKey: number, criteria: ProfileCriteria, nowMs: number): Promise<void>
  /** By id, after `after`. */
  chargingProfilesOf(
    chargePointKey: number,
    criteria: ProfileCriteria,
    after: number | null,
    rowsMax: number,
  ): Promise<readonly ChargingProfileRecord[]>
  chargingLimitsOf(chargePointKey: number): Promise<readonly ChargingLimitRecord[]>
  evChargingOf(chargePointKey: number): Promise<readonly EvChargingRecord[]>
}

/** The states of a profile, and what each means, for readers of the API. */
export const profileStateMeanings = {
  requested: 'sent; there is no answer (yet)',
  rejected: 'the charge point does not take it',
  active: 'the charge point has it',
  ended: 'its transaction is over, and it with that',
  expired: 'the time until when it is valid has passed',
  cleared: 'it was cleared, another one has replaced it, or the charge point does not report it any more',
} as const

export type ProfileState = keyof typeof profileStateMeanings

/** The state of a profile at `nowMs`. What the charge point has reported since counts more than what it answered. */
export function profileState(record: ChargingProfileRecord, nowMs: number): ProfileState {
  const { status, clearedAtMs, setAtMs, reportedAtMs, isTransactionOver, validToMs } = record
  const isReported = (since: number | null): boolean =>
    reportedAtMs !== null && (since === null || reportedAtMs > since)
  if (clearedAtMs !== null && !isReported(clearedAtMs)) return 'cleared'
  if (!isReported(setAtMs)) {
    if (status === null) return 'requested'
    if (status !== 'Accepted') return 'rejected'
  }
  if (isTransactionOver) return 'ended'
  return validToMs !== null && validToMs <= nowMs ? 'expired' : 'active'
}
