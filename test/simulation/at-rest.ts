// What must hold for the facts once everything has been reported and nothing is under way.

import type { DatabaseModel } from './database-model.ts'
import { historyProblem } from './history.ts'
import { localTimeProblem } from './local-times.ts'
import type { Message } from './message.ts'
import { fallProblem } from './register-falls.ts'
import type { Rule, Violation } from './rules.ts'
import { stopCardProblem } from './stop-cards.ts'
import { type Histories, historiesOf } from './reported.ts'

type Check = (model: DatabaseModel, histories: Histories, messages: readonly Message[]) => string | null

/** The rules, each after those that it depends on. */
const checks: readonly (readonly [Rule, Check])[] = [
  ['localTimeIsRead', (model, _, messages) => localTimeProblem(model, messages)],
  ['otherCardIsNoted', stopCardProblem],
  ['fallIsSeen', fallProblem],
  ['historyAsStored', historyProblem],
]

/**
 * The first rule that is broken; null if none is.
 *
 * @param messages all answered messages.
 */
export function problemAtRest(model: DatabaseModel, messages: readonly Message[]): Violation | null {
  const histories = historiesOf(model, messages)
  for (const [rule, check] of checks) {
    const seen = check(model, histories, messages)
    if (seen !== null) return { rule, seen }
  }
  return null
}
