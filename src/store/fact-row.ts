// A row of the ledger of transaction messages, and what it is known by: the charge point, the time that it sent, and a
// digest of what it said. Nothing of our own is in it: no message id, no time of arrival.

import { storableKey } from '../base/storable-text.ts'
import type { ChangeSet, TransactionFact, Verbatim } from '../blocks/decision.ts'
import type { transactionEvents, transactionFacts } from './schema.ts'
import type { RowOf } from '../blocks/stored-rows.ts'

/** A row of the ledger, and of that of the version before, which knows it by `ref` and `seqNo`. */
export type FactRow = Readonly<RowOf<typeof transactionFacts> & RowOf<typeof transactionEvents>>

/**
 * `sent_at` of facts without a usable time. PostgreSQL wants the partition key in the unique index, so they need some
 * time.
 */
const noTimeMs = 0

export function factRow(set: ChangeSet, fact: TransactionFact): FactRow {
  return {
    chargePointKey: set.chargePointKey,
    sentAtMs: fact.sentAtMs ?? noTimeMs,
    digest: factDigest(fact),
    transactionId: fact.transactionId,
    messageId: set.messageId,
    receivedAtMs: set.receivedAtMs,
    payload: jsonOf(fact.payload),
    answer: JSON.stringify(set.answer),
    ref: storedRef(fact.ref),
    seqNo: fact.seqNo,
    content: fact.content === undefined ? null : BigInt(fact.content),
    event: fact.event,
    occurredAtMs: fact.occurredAtMs,
  }
}

/** What the ledger knows a fact by. */
export function factKey({ chargePointKey, sentAtMs, digest }: FactRow): string {
  return `${chargePointKey}/${sentAtMs}/${digest}`
}

/** What no charge point sent has no content; its ref stands for it. */
function factDigest({ content, place, ref, seqNo }: TransactionFact): bigint {
  if (content !== undefined && place === null) return BigInt(content)
  const parts = content === undefined ? [ref, seqNo] : [content, place]
  return BigInt.asIntN(64, Bun.hash.xxHash64(parts.join('\0')))
}

/** JSON of a payload. */
export function jsonOf(payload: Verbatim): string {
  return typeof payload === 'string' ? payload : JSON.stringify(payload)
}

/** Longest `ref` of a fact that is kept as it is, in characters: it has to fit an index entry. */
const refCharactersMax = 255

/**
 * The `ref` under which the version before stores a fact: cut and marked with a digest of the whole when it is too
 * long.
 */
export function storedRef(ref: string): string {
  return storableKey(ref, refCharactersMax)
}

/** The `ref` under which the version before stores a fact whose key another fact has that says something else. */
export function refOfOther({ ref, content }: FactRow): string {
  return storedRef(`${ref}#${content}`)
}
