// A new password that is made here and set on one charge point. Nobody is shown it.

import { StatorError } from '../base/errors.ts'
import type { RotationOutcome } from '../blocks/message-row.ts'
import { rowOf } from '../blocks/messages.ts'
import { passwordCommand, passwordOutcome } from '../blocks/provisioning/password-commands.ts'
import type { CommandOutcome } from '../blocks/command.ts'
import { newPassword } from './new-password.ts'
import { type CommandDeps, type CommandTarget, invalidAnswer, requireConnected, sendCommand } from './send-command.ts'

/** What the charge point answered, and which password is valid because of it. */
export interface RotatedCredentials extends CommandOutcome {
  readonly outcome: RotationOutcome
}

/**
 * Changes the password of a connected charge point. Where the charge point repeats the password in its answer, it is
 * hidden.
 *
 * @throws {StatorError} errors of `requireConnected` and `sendCommand`.
 */
export async function rotateCredentials(deps: CommandDeps, chargePoint: CommandTarget): Promise<RotatedCredentials> {
  const { version } = await requireConnected(deps, chargePoint)
  const password = newPassword(version)
  const command = passwordCommand(version, password)
  try {
    const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
    const answered = passwordOutcome(version, payload)
    if (answered === null) throw invalidAnswer(command.action, payload, problems)
    const outcome = rowOf(version, command.action)?.password?.outcome(command.payload, payload) ?? 'unknown'
    const { status, message } = answered
    return { outcome, status: without(password, status), message: without(password, message) }
  } catch (error) {
    throw error instanceof StatorError ? withoutPassword(error, password) : error
  }
}

const hidden = '***'

function without(password: string, text: string): string {
  return text.replaceAll(password, hidden)
}

function withoutPassword(error: StatorError, password: string): StatorError {
  const { code, details, message } = error
  const text = JSON.stringify(details ?? {})
  if (!message.includes(password) && !text.includes(password)) return error
  return new StatorError(code, without(password, message), JSON.parse(without(password, text)))
}
