// What is stored of each transaction, beside what the charge point told of it.

import type { DatabaseModel, StoredFact } from './database-model.ts'
import type { Message, SessionPart } from './message.ts'
import { hasUsableTimes } from './plan.ts'
import type { Session } from './sessions.ts'

/** A stored message, with what it tells; null for what no charge point sent. */
export interface Told {
  readonly fact: StoredFact
  readonly part: SessionPart | null
}

/** What an operator's closing and its corrections are stored under. */
const byOperator = /^(close|correct):/

/** Whether it is the closing or the correction by an operator. */
export function isOfOperator({ ref }: StoredFact): boolean {
  return byOperator.test(ref)
}

/** What was told of each transaction, in the order in which it was stored. */
export type Histories = ReadonlyMap<number, readonly Told[]>

/**
 * The histories of the charge points that tell usable times: without them, one leaves more open than can be checked.
 *
 * @param messages everything that has been answered.
 */
export function historiesOf(model: DatabaseModel, messages: readonly Message[]): Histories {
  const parts = new Map<string, SessionPart>()
  const keys = new Set<number>()
  for (const { said, tells, station } of messages) {
    if (said === null || tells === null || !hasUsableTimes(station.habits)) continue
    parts.set(factKey(station.key, said.payload), tells)
    keys.add(station.key)
  }
  const histories = new Map<number, Told[]>()
  for (const fact of model.facts.values()) {
    const { transactionId, chargePointKey, payload } = fact
    if (transactionId === null || !keys.has(chargePointKey)) continue
    const told = { fact, part: parts.get(`${chargePointKey}/${payload}`) ?? null }
    const history = histories.get(transactionId)
    if (history === undefined) histories.set(transactionId, [told])
    else history.push(told)
  }
  return histories
}

function factKey(key: number, { meterValue: _, transactionData: __, ...payload }: Readonly<Record<string, unknown>>) {
  return `${key}/${JSON.stringify(payload)}`
}

/** A session that has been told from its start to its end. */
export interface Whole {
  readonly session: Session
  readonly end: Told
}

/** The session of a history; null when it has not been told as a whole, or not under its own number. */
export function wholeOf(history: readonly Told[]): Whole | null {
  const end = endOf(history)
  const session = history.find(({ part }) => part !== null)?.part?.session
  const hasStart = history.some(({ fact }) => fact.event === 'Started')
  if (end === undefined || session === undefined || !hasStart || session.truth.isUnnamed) return null
  return { session, end }
}

/** The first end that the charge point told, unless an operator had closed the transaction before it. */
function endOf(history: readonly Told[]): Told | undefined {
  const end = history.find(({ fact }) => fact.event === 'Ended')
  return end === undefined || isOfOperator(end.fact) ? undefined : end
}
