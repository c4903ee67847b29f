// Facts that a charge point sends without a usable time. Nothing in such a message distinguishes a new fact from a
// resend of the last one; only the messages in between do. So Stator counts these facts per charge point: a new fact
// takes the next place, a resend has the place of the fact that it repeats, and the keys in the database contain the
// place instead of the time. Stator does not guess: what is not recognised as a resend is a new fact.

import { untimedSubjectsMax } from '../base/limits.ts'
import { isDateTime, readTime } from '../ocpp/date-time.ts'

/** The last facts of a charge point without a usable time. */
export interface UntimedFacts {
  /** The last place that was given away. It only grows, so that no two facts have the same place. */
  readonly count: number
  /** The last fact of each subject, if it had no time; newest last, at most `untimedSubjectsMax`. */
  readonly last: Readonly<Record<string, LastFact>>
}

interface LastFact {
  readonly place: number
  /** `AcceptedFrame.content`. */
  readonly content: string
  readonly isStart?: true
}

/**
 * The subjects of a message: its connectors and transactions. After it, an earlier message of the same subject cannot
 * be resent.
 */
export interface About {
  /**
   * The subject under which the message is remembered if it has no usable time; left out if its key needs no place.
   */
  readonly subject?: string
  /** Its other subjects. */
  readonly also?: readonly string[]
  /** It starts a transaction: after a boot, too, it cannot be resent. */
  readonly isStart?: true
  /** After it, no earlier start of the charge point can be resent. */
  readonly endsStarts?: true
}

/** The place of a fact without a usable time. */
export interface Placed {
  readonly place: number
  /** Whether the fact came before, and nothing of its subject in between. */
  readonly isResend: boolean
}

/** The place of a fact, and what is remembered after it. */
export interface Placing {
  /** Null for a fact that needs no place. */
  readonly placed: Placed | null
  /** The same object as before if nothing changes. */
  readonly after: UntimedFacts | null
}

/** The time in the key of a fact; its place if it has no usable time. */
export function timeKey(placed: Placed | null, time: unknown): string {
  return placed === null ? String(time) : `place ${placed.place}`
}

/**
 * The time in the key of a fact, in milliseconds since the Unix epoch; a time without a zone is read as UTC. It depends
 * only on the text, so that a resend has the same time even if the settings of the charge point have changed. Null for
 * a fact with a place, and if the time cannot be read.
 *
 * @param sent the time as it was sent.
 */
export function sentTimeMs(placed: Placed | null, sent: unknown): number | null {
  if (placed !== null) return null
  if (typeof sent === 'string' && isDateTime(sent)) return Date.parse(sent)
  return readTime(sent)?.ms ?? null
}

export function connectorSubject(connector: { readonly evseId: number; readonly connectorId: number }): string {
  return `${connector.evseId}/${connector.connectorId}`
}

const idCharactersMax = 64

/** @param id 1.6: our transactionId; 2.x: the charge point's own. */
export function transactionSubject(id: number | string): string {
  const text = String(id)
  return `transaction ${text.length > idCharactersMax ? Bun.hash.xxHash64(text) : text}`
}

/**
 * Places a message.
 *
 * @param content digest of the message if it has no usable time, else undefined.
 * @param before what is remembered; null if all facts of the charge point have had a time.
 */
export function placing(about: About, content: string | undefined, before: UntimedFacts | null): Placing {
  const { subject } = about
  const facts = new Map(Object.entries(before?.last ?? {}))
  const size = facts.size
  for (const other of about.also ?? []) facts.delete(other)
  if (about.endsStarts === true) for (const [key, { isStart }] of facts) if (isStart === true) facts.delete(key)
  const count = before?.count ?? 0
  if (subject === undefined || content === undefined) {
    if (subject !== undefined) facts.delete(subject)
    return { placed: null, after: facts.size === size ? before : { count, last: Object.fromEntries(facts) } }
  }
  const last = facts.get(subject)
  if (last !== undefined && last.content === content && last.isStart === about.isStart) {
    const after = facts.size === size ? before : { count, last: Object.fromEntries(facts) }
    return { placed: { place: last.place, isResend: true }, after }
  }
  const place = count + 1
  facts.delete(subject)
  facts.set(subject, about.isStart === true ? { place, content, isStart: true } : { place, content })
  const kept = [...facts].slice(-untimedSubjectsMax)
  return { placed: { place, isResend: false }, after: { count: place, last: Object.fromEntries(kept) } }
}
