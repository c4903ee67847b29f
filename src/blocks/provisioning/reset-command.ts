// The reset command of an operator.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, outcomeOf } from '../command.ts'

type ResetType = 'Soft' | 'Hard'

const types = since2<Readonly<Record<ResetType, string>>>(
  { Soft: 'Soft', Hard: 'Hard' },
  { Soft: 'OnIdle', Hard: 'Immediate' },
)

/** The Reset of each version: in 2.x Soft is OnIdle and Hard is Immediate (2.0.1 B11, B12). */
export function resetCommand(version: OcppVersion, type: ResetType): Command {
  return { action: 'Reset', payload: { type: types[version][type] }, fields: {} }
}

/** The outcome of a reset. */
export function resetOutcome(status: string): CommandOutcome {
  return status === 'Scheduled'
    ? { status, message: 'Reset scheduled for when the charge point is idle' }
    : outcomeOf(status, 'Reset command sent successfully', 'reset')
}
