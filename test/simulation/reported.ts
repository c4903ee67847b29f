// What is stored of each transaction, and what the charge point reported about it.

import type { DatabaseModel, StoredFact } from './database-model.ts'
import type { Message, SessionPart } from './message.ts'
import { hasUsableTimes } from './plan.ts'
import type { Session } from './sessions.ts'

/** A stored message with what it reports; null if no charge point sent it. */
export interface Reported {
  readonly fact: StoredFact
  readonly part: SessionPart | null
}

/** The actions under which an operator's closing and corrections are stored. */
const byOperator = /^(close|correct):/

/** Whether it is the closing or the correction by an operator. */
export function isOfOperator({ ref }: StoredFact): boolean {
  return byOperator.test(ref)
}

/** The messages about each transaction, in the order in which they were stored. */
export type Histories = ReadonlyMap<number, readonly Reported[]>

/**
 * The histories of the charge points that send usable times. Without them, too little can be checked.
 *
 * @param messages all answered messages.
 */
export function historiesOf(model: DatabaseModel, messages: readonly Message[]): Histories {
  const parts = new Map<string, SessionPart>()
  const keys = new Set<number>()
  for (const { said, reports, station } of messages) {
    if (said === null || reports === null || !hasUsableTimes(station.habits)) continue
    parts.set(factKey(station.key, said.payload), reports)
    keys.add(station.key)
  }
  const histories = new Map<number, Reported[]>()
  for (const fact of model.facts.values()) {
    const { transactionId, chargePointKey, payload } = fact
    if (transactionId === null || !keys.has(chargePointKey)) continue
    const message = { fact, part: parts.get(`${chargePointKey}/${payload}`) ?? null }
    const history = histories.get(transactionId)
    if (history === undefined) histories.set(transactionId, [message])
    else history.push(message)
  }
  return histories
}

function factKey(key: number, { meterValue: _, transactionData: __, ...payload }: Readonly<Record<string, unknown>>) {
  return `${key}/${JSON.stringify(payload)}`
}

/** A session that was reported from its start to its end. */
export interface Whole {
  readonly session: Session
  readonly end: Reported
}

/** The session of a history; null if it was not reported completely, or not under its own transactionId. */
export function wholeOf(history: readonly Reported[]): Whole | null {
  const end = endOf(history)
  const session = history.find(({ part }) => part !== null)?.part?.session
  const hasStart = history.some(({ fact }) => fact.event === 'Started')
  if (end === undefined || session === undefined || !hasStart || session.truth.isUnnamed) return null
  return { session, end }
}

/** The first end that the charge point reported, unless an operator had closed the transaction before it. */
function endOf(history: readonly Reported[]): Reported | undefined {
  const end = history.find(({ fact }) => fact.event === 'Ended')
  return end === undefined || isOfOperator(end.fact) ? undefined : end
}
