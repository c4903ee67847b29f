// Turns an operator's request into a CALL of the charge point's OCPP version, and the answer into a status and a
// sentence. These functions are pure; the API sends the CALL.

import type { Payload } from './decision.ts'

/** A CALL to send. */
export interface Command {
  readonly action: string
  readonly payload: Payload
  /**
   * JSON pointer into `payload` → the field of the operator's request that it was made from, so that a schema error can
   * name that field. A pointer that is not listed has the same name in both.
   */
  readonly fields: Readonly<Record<string, string>>
  /** The quirk profile of the charge point makes nothing else of it. */
  readonly isForced?: boolean | undefined
}

/** The version has no CALL for the request; the reason is a sentence for the operator. */
export interface NoCommand {
  readonly reason: string
}

/** The result of a command. */
export interface CommandOutcome {
  /** The status that the charge point sent. */
  readonly status: string
  readonly message: string
}

/**
 * The `status` of an answer; null when it has none. OCPP allows that for some actions, and some stations leave it out
 * where it is required.
 */
export function statusOf(answer: Payload): string | null {
  return typeof answer.status === 'string' ? answer.status : null
}

/** The outcome of `command`. The message is `accepted` if the charge point accepted, else it names the status. */
export function outcomeOf(status: string, accepted: string, command: string): CommandOutcome {
  return status === 'Accepted'
    ? { status, message: accepted }
    : { status, message: `The charge point answered the ${command} with ${status}` }
}
