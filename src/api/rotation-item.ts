// One charge point of a credential rotation: sends it a new password, and says what became of it.

import { type ErrorCode, StatorError } from '../base/errors.ts'
import type { ItemResult, RotationItemState } from '../blocks/provisioning/credential-rotation.ts'
import { rotateCredentials } from './rotate-credentials.ts'
import type { CommandDeps, CommandTarget } from './send-command.ts'

/** States after an error, when nothing was sent. Any other error may be gone at the next attempt. */
const statesUnsent: { readonly [Code in ErrorCode]?: RotationItemState } = {
  NOT_FOUND: 'cancelled',
  BAD_REQUEST: 'failed',
  INTERNAL: 'failed',
}

/** States after an error, when the CALL was sent. After any other error both passwords are valid. */
const statesSent: { readonly [Code in ErrorCode]?: RotationItemState } = {
  CALL_ERROR: 'refused',
  // It did not leave the queue.
  CALL_QUEUE_FULL: 'waiting',
}

/** Sends a charge point a new password; an error is a result, too. */
export async function sendNewPassword(deps: CommandDeps, chargePoint: CommandTarget): Promise<ItemResult> {
  let isSent = false
  const noting: CommandDeps = {
    ...deps,
    live: {
      get: (given) => deps.live.get(given),
      noteQuirk: (given, quirk) => deps.live.noteQuirk(given, quirk),
      call: async (given, ...call) => {
        if (deps.live.get(given) === undefined) {
          throw new StatorError('NOT_CONNECTED', `Charge point '${given.identity}' is not connected`)
        }
        isSent = true
        return deps.live.call(given, ...call)
      },
    },
  }
  try {
    const { outcome, status } = await rotateCredentials(noting, chargePoint)
    return { state: outcome, status, errorCode: null, error: null }
  } catch (error) {
    const { code, message } =
      error instanceof StatorError ? error : new StatorError('INTERNAL', 'An unexpected error occurred')
    const state = (isSent ? statesSent[code] : statesUnsent[code]) ?? (isSent ? 'unknown' : 'waiting')
    return { state, status: null, errorCode: code, error: message }
  }
}
