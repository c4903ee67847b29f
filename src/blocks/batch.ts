// Batches of what operators provision: many lines in one request, each of which creates or changes one record.

import type { Strictness } from '../ocpp/verdict.ts'
import type { ChargePointInput, ChargePointRecord, IdTokenInput } from './records.ts'
import type { Scope } from './scope.ts'

/**
 * `atomic`: all lines are stored, or none. `partial`: those without a conflict are stored. `check`: nothing is stored;
 * the outcomes say what would be.
 */
export type BatchMode = 'atomic' | 'partial' | 'check'

export interface ChargePointLine {
  readonly identity: string
  readonly input: ChargePointInput
  /** Whether a stored hash is one of the password, or the key, of this line. */
  isPassword(hash: Uint8Array): boolean
  isApiKey(hash: Uint8Array): boolean
}

export interface IdTokenLine {
  readonly idToken: string
  readonly input: IdTokenInput
}

/**
 * What a line did. A conflict is never stored; `sentence` says what is in the way. Nor is a line of which one field
 * names something that does not exist.
 */
export type LineOutcome =
  | { readonly result: 'created' | 'changed' | 'unchanged' }
  | { readonly result: 'conflict'; readonly sentence: string }
  | { readonly result: 'invalid'; readonly field: string; readonly sentence: string }

/** Whether nothing of a line can be stored. */
export function isRefused(outcome: LineOutcome): boolean {
  return outcome.result === 'conflict' || outcome.result === 'invalid'
}

/** A charge point after its change, and which of its settings changed. */
export interface ChangedChargePoint {
  readonly chargePoint: Pick<ChargePointRecord, 'key' | 'identity' | 'strictness' | 'registrationStatus' | 'timeZone'>
  readonly changed: ChargePointInput
}

/** `change` is there if the charge point existed and was changed. */
export type ChargePointOutcome = LineOutcome & { readonly change?: ChangedChargePoint }

export interface ChargePointBatch {
  readonly scope: Scope
  readonly mode: BatchMode
  /** Of new charge points whose line has none. */
  readonly strictnessDefault: Strictness
}
