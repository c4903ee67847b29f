// Facts that a charge point tells without a usable time. Nothing in such a message tells a new fact from a resend of
// the last one; what came in between does. So each charge point counts these facts: a new one takes the next place, a
// resend has the place of the one that it repeats, and the keys in the database hold the place where others hold the
// time. It refuses to guess: what cannot be told for a resend is a new fact.

import { untimedSubjectsMax } from '../base/limits.ts'
import { isDateTime, readTime } from '../ocpp/date-time.ts'

/** What a charge point told last without a usable time. */
export interface UntimedFacts {
  /** The last place that was given. It only grows, so that no two facts ever have one place. */
  readonly count: number
  /** What each subject told last, if it told it without a time; the newest at the end, `untimedSubjectsMax` at most. */
  readonly last: Readonly<Record<string, LastTold>>
}

interface LastTold {
  readonly place: number
  /** `AcceptedFrame.content`. */
  readonly content: string
  readonly isStart?: true
}

/** What a message is about: the connectors and transactions for which it comes between two others. */
export interface About {
  /**
   * Where the message is remembered when it has no usable time, and found when it comes again; left out when its key
   * needs no place.
   */
  readonly subject?: string
  /** What else it is about. */
  readonly also?: readonly string[]
  /** It starts a transaction: then a boot comes in between as well. */
  readonly isStart?: true
  /** It comes in between for all starts of the charge point. */
  readonly endsStarts?: true
}

/** A fact without a usable time among all those of its charge point. */
export interface Placed {
  readonly place: number
  /** Whether the fact has been told before: nothing has come in between. */
  readonly isResend: boolean
}

/** The place of a fact, and what is remembered when it has been told. */
export interface Placing {
  /** Null for a fact that needs none. */
  readonly placed: Placed | null
  /** The facts given, when nothing changes. */
  readonly after: UntimedFacts | null
}

/** The time of a fact as its key has it: its place, when it has no usable time. */
export function timeKey(placed: Placed | null, time: unknown): string {
  return placed === null ? String(time) : `place ${placed.place}`
}

/**
 * The time in the key of a fact, in milliseconds: what was sent, as UTC where it names no zone. It depends on nothing
 * but the text, so that a resend has the same, whatever has been set for the charge point meanwhile. Null for a fact
 * with a place, and where nothing can be read.
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

/** @param id of 1.6 our number, of 2.x the charge point's own. */
export function transactionSubject(id: number | string): string {
  const text = String(id)
  return `transaction ${text.length > idCharactersMax ? Bun.hash.xxHash64(text) : text}`
}

/**
 * Places a message.
 *
 * @param content what the message says, when it has no usable time; undefined when it has one.
 * @param before what is remembered; null while the charge point has never told anything without a time.
 */
export function placing(about: About, content: string | undefined, before: UntimedFacts | null): Placing {
  const { subject } = about
  const told = new Map(Object.entries(before?.last ?? {}))
  const size = told.size
  for (const other of about.also ?? []) told.delete(other)
  if (about.endsStarts === true) for (const [key, { isStart }] of told) if (isStart === true) told.delete(key)
  const count = before?.count ?? 0
  if (subject === undefined || content === undefined) {
    if (subject !== undefined) told.delete(subject)
    return { placed: null, after: told.size === size ? before : { count, last: Object.fromEntries(told) } }
  }
  const last = told.get(subject)
  if (last !== undefined && last.content === content && last.isStart === about.isStart) {
    const after = told.size === size ? before : { count, last: Object.fromEntries(told) }
    return { placed: { place: last.place, isResend: true }, after }
  }
  const place = count + 1
  told.delete(subject)
  told.set(subject, about.isStart === true ? { place, content, isStart: true } : { place, content })
  const kept = [...told].slice(-untimedSubjectsMax)
  return { placed: { place, isResend: false }, after: { count: place, last: Object.fromEntries(kept) } }
}
