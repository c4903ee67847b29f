// What routes of commands share whose answer is a status: they send the CALL, and say what became of it.

import type { Context } from 'hono'
import { StatorError } from '../base/errors.ts'
import type { Command, CommandOutcome, NoCommand } from '../blocks/command.ts'
import type { ChargePointRecord } from '../blocks/records.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { noteAnswer } from './audited.ts'
import type { ApiDeps } from './deps.ts'
import type { ApiEnv } from './env.ts'
import { requireConnected, sendForStatus } from './send-command.ts'

/** The CALL of a version, or why there is none. */
export type CommandOf = (version: OcppVersion) => Command | NoCommand

/** @throws {StatorError} `CONFLICT` if the version has no such command. */
export function commandIn(version: OcppVersion, commandOf: CommandOf): Command {
  const command = commandOf(version)
  if ('reason' in command) throw new StatorError('CONFLICT', command.reason)
  return command
}

/**
 * Sends a command and answers the request with its outcome.
 *
 * @throws {StatorError} those of `commandIn`, `requireConnected` and `sendForStatus`.
 */
export async function answerCommand(
  deps: ApiDeps,
  c: Context<ApiEnv>,
  chargePoint: ChargePointRecord,
  commandOf: CommandOf,
  outcome: (status: string) => CommandOutcome,
) {
  const { version } = await requireConnected(deps, chargePoint)
  const status = await sendForStatus(deps, chargePoint, version, commandIn(version, commandOf))
  noteAnswer(c, status)
  return c.json(outcome(status), 200)
}
