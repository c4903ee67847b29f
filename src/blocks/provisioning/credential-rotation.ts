// A credential rotation: new passwords for many charge points, one after another. It is a job of its own, and each of
// its items is the job of one charge point.

import type { Scope } from '../scope.ts'
import type { Strictness } from '../../ocpp/verdict.ts'
import type { ChargePointFilter } from '../records.ts'

/** What a rotation as a whole is doing. Only a running one sends anything. */
export const rotationStates = ['running', 'done', 'cancelled', 'expired'] as const

export type RotationState = (typeof rotationStates)[number]

/** The states of an item, and what each means, for readers of the API. */
export const itemStateMeanings = {
  waiting: 'it was sent nothing yet: its turn has not come, or it is not connected',
  sending: 'its new password is under way',
  accepted: 'it uses the new password',
  refused: 'it keeps its old password',
  unknown: 'no usable answer, or it reboots first: both passwords are valid until it uses the new one',
  failed: 'nothing could be sent',
  expired: 'the rotation expired before its turn came',
  cancelled: 'the rotation was cancelled, or the charge point deleted, before its turn came',
} as const

export type RotationItemState = keyof typeof itemStateMeanings

export const rotationItemStates = Object.keys(itemStateMeanings).filter(
  (state): state is RotationItemState => state in itemStateMeanings,
)

/** How many items are in each state. */
export type ItemCounts = Readonly<Record<RotationItemState, number>>

/** `found`, with zero for the states that it leaves out. */
export function allCounts(found: Partial<ItemCounts>): ItemCounts {
  return { ...none, ...found }
}

const none: ItemCounts = {
  waiting: 0,
  sending: 0,
  accepted: 0,
  refused: 0,
  unknown: 0,
  failed: 0,
  expired: 0,
  cancelled: 0,
}

export interface NewCredentialRotation {
  readonly scope: Scope
  /** The charge points: by identity, or all of a filter. */
  readonly chargePoints: readonly string[] | Omit<ChargePointFilter, 'scope'>
  readonly createdAtMs: number
  readonly createdBy: string
  /** How many charge points are sent a new password in a minute, by all nodes together. */
  readonly perMinute: number
  readonly expiresAtMs: number
}

export interface CredentialRotationRecord {
  readonly id: number
  readonly createdAtMs: number
  /** Name of the operator's key. */
  readonly createdBy: string
  readonly perMinute: number
  readonly expiresAtMs: number
  readonly state: RotationState
  /** When nothing was left to send; null while it runs. */
  readonly endedAtMs: number | null
  readonly counts: ItemCounts
}

export interface RotationItemRecord {
  readonly identity: string
  readonly state: RotationItemState
  /** The status that the charge point answered; null if it answered none. */
  readonly status: string | null
  /** Code of `errorTable`, and a sentence; null if nothing went wrong. */
  readonly errorCode: string | null
  readonly error: string | null
  readonly changedAtMs: number
}

/** An item that a node sends: it is stored as `sending`. */
export interface ClaimedItem {
  readonly rotationId: number
  readonly key: number
  readonly identity: string
  readonly strictness: Strictness
}

/** What became of an item. It is `waiting` if nothing was sent, and later something may be. */
export type ItemResult = Pick<RotationItemRecord, 'state' | 'status' | 'errorCode' | 'error'>

/** A rotation that has just ended. */
export type EndedRotation = Pick<CredentialRotationRecord, 'id' | 'state' | 'counts'>
