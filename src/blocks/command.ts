// What an operator's request becomes: a CALL for the version that the charge point speaks, and afterwards a status and
// a sentence made of the answer. Pure, like everything here; sending it is the edge's business.

import type { Payload } from './decision.ts'

/** A CALL to send. */
export interface Command {
  readonly action: string
  readonly payload: Payload
  /**
   * JSON pointer into `payload` → the field of the operator's request that stands there, so that what the schema finds
   * can be told in the operator's own words. A pointer that is not listed is spelt the same in both.
   */
  readonly fields: Readonly<Record<string, string>>
}

/** What the charge point made of a command. */
export interface CommandOutcome {
  /** As the charge point said it. */
  readonly status: string
  readonly message: string
}

/**
 * The `status` of an answer; null when it carries none, as OCPP allows for some actions and stations forget for others.
 */
export function statusOf(answer: Payload): string | null {
  return typeof answer.status === 'string' ? answer.status : null
}

/** A status in a sentence: `accepted`, or what the charge point answered `command` with. */
export function outcomeOf(status: string, accepted: string, command: string): CommandOutcome {
  return status === 'Accepted'
    ? { status, message: accepted }
    : { status, message: `The charge point answered the ${command} with ${status}` }
}
