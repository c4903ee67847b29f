// The reset command of an operator.

import type { ByVersion, OcppVersion } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, type NoCommand, outcomeOf } from '../command.ts'

/** The words of 1.6 (§7.40) and of 2.x (ResetEnumType). */
export const resetTypes = ['Soft', 'Hard', 'OnIdle', 'Immediate', 'ImmediateAndResume'] as const

export type ResetType = (typeof resetTypes)[number]

export interface ResetRequest {
  readonly type: ResetType
  /** 2.x: reset this EVSE only. */
  readonly evseId?: number | undefined
}

// Soft is OnIdle and Hard is Immediate (2.0.1 B11, B12); ImmediateAndResume came with 2.1.
const types201 = { Soft: 'OnIdle', Hard: 'Immediate', OnIdle: 'OnIdle', Immediate: 'Immediate' } as const

const types: ByVersion<{ readonly [Type in ResetType]?: string }> = {
  '1.6': { Soft: 'Soft', Hard: 'Hard', OnIdle: 'Soft', Immediate: 'Hard' },
  '2.0.1': types201,
  '2.1': { ...types201, ImmediateAndResume: 'ImmediateAndResume' },
}

const hasEvse: ByVersion<boolean> = { '1.6': false, '2.0.1': true, '2.1': true }

/** The Reset of each version (1.6 §5.14, 2.0.1 B11 and B12, 2.1 B13). */
export function resetCommand(version: OcppVersion, { type, evseId }: ResetRequest): Command | NoCommand {
  const sent = types[version][type]
  if (sent === undefined) return { reason: `OCPP ${version} has no reset of type ${type}` }
  if (evseId === undefined) return { action: 'Reset', payload: { type: sent }, fields: {} }
  if (!hasEvse[version]) return { reason: `OCPP ${version} resets the whole charge point only; leave out evseId` }
  return { action: 'Reset', payload: { type: sent, evseId }, fields: {} }
}

/** The outcome of a reset. */
export function resetOutcome(status: string): CommandOutcome {
  return status === 'Scheduled'
    ? { status, message: 'Reset scheduled for when the charge point is idle' }
    : outcomeOf(status, 'Reset command sent successfully', 'reset')
}
