// A row of the ledger of transaction messages, and its idempotency key: the charge point, the time that it sent, and a
// digest of the content. The key contains nothing that differs in a retransmission: no message id, no time of arrival.

import { storableKey } from '../base/storable-text.ts'
import type { ChangeSet, TransactionFact, Verbatim } from '../blocks/decision.ts'
import type { transactionEvents, transactionFacts } from './schema.ts'
import type { RowOf } from '../blocks/stored-rows.ts'

/** A row of the ledger, and of the ledger of the previous version, whose key is `ref` and `seqNo`. */
export type FactRow = Readonly<RowOf<typeof transactionFacts> & RowOf<typeof transactionEvents>>

/**
 * `sent_at` of facts without a usable time. PostgreSQL requires the partition key in the unique index, so they need a
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

/** The key of a fact in the ledger. */
export function factKey({ chargePointKey, sentAtMs, digest }: FactRow): string {
  return `${chargePointKey}/${sentAtMs}/${digest}`
}

/** A fact that no charge point sent has no content. Its ref is used instead. */
function factDigest({ content, place, ref, seqNo }: TransactionFact): bigint {
  if (content !== undefined && place === null) return BigInt(content)
  const parts = content === undefined ? [ref, seqNo] : [content, place]
  return BigInt.asIntN(64, Bun.hash.xxHash64(parts.join('\0')))
}

/** JSON of a payload. */
export function jsonOf(payload: Verbatim): string {
  return typeof payload === 'string' ? payload : JSON.stringify(payload)
}

/** Longest `ref` of a fact that is kept unchanged, in characters: it has to fit into an index entry. */
const refCharactersMax = 255

/**
 * The `ref` under which the previous version stores a fact. If it is too long, it is cut and gets a digest of the
 * whole.
 */
export function storedRef(ref: string): string {
  return storableKey(ref, refCharactersMax)
}

/**
 * The `ref` under which the previous version stores a fact whose key belongs to another fact with different content.
 */
export function refOfOther({ ref, content }: FactRow): string {
  return storedRef(`${ref}#${content}`)
}

/** What takes the place of a `ref` with an id token that was erased: a resend is still recognised by it. */
export function erasedRef(ref: string): string {
  return `erased:${new Bun.CryptoHasher('sha256').update(ref).digest('base64url')}`
}
