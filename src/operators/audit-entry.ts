// An entry of the audit log: its columns, their canonical text, and the hash that chains it to the entry before it.
//
// The hash is SHA-256 over the hash of the entry before it and the canonical text of all other columns. The canonical
// text leaves out columns that are null. So a later version may add a column without changing the text of old entries.

import { createHash } from 'node:crypto'
import { storableText } from '../base/storable-text.ts'

export type PrincipalKind = 'operator' | 'chargePoint'

/** Who sent a request, and how it came. */
export interface AuditSender {
  readonly principalKind: PrincipalKind
  readonly principal: string
  /** Identity of the charge point that an operator acts as. */
  readonly actingAs: string | null
  readonly remoteAddress: string
}

/** The charge point that a request is about; a null key means that there is none of that identity. */
export interface AuditedChargePoint {
  readonly key: number | null
  readonly identity: string
}

/** JSON text without secrets and id tokens, and the digests of the id tokens that stood in it. */
export interface AuditedText {
  readonly json: string
  readonly idTags: readonly string[]
}

/** What is recorded before a request is served. */
export interface AuditIntent extends AuditSender {
  readonly atMs: number
  readonly requestId: string
  readonly operation: string
  readonly chargePoint: AuditedChargePoint | null
  readonly request: AuditedText
}

/** What is recorded after it. */
export interface AuditOutcome {
  readonly outcomeOf: number
  readonly atMs: number
  readonly chargePoint: AuditedChargePoint | null
  readonly before: AuditedText | null
  readonly after: AuditedText | null
  /** Digests by which it is found, besides those of `before` and `after`. */
  readonly idTags: readonly string[]
  readonly status: number
  readonly code: string | null
}

export type AuditEntry = AuditIntent | AuditOutcome

/** The hashed columns with their SQL types, in the order of the canonical text. */
export const auditColumns = {
  node: 'text',
  sequence: 'int8',
  outcome_of: 'int8',
  at: 'timestamptz',
  principal_kind: 'text',
  principal: 'text',
  acting_as: 'text',
  remote_address: 'text',
  request_id: 'text',
  operation: 'text',
  charge_point_id: 'int4',
  identity: 'text',
  request: 'json',
  before: 'json',
  after: 'json',
  status: 'int2',
  code: 'text',
  id_tags: 'text',
} as const

export type AuditColumn = keyof typeof auditColumns

/** Their names, in that order. */
export const auditColumnNames: readonly AuditColumn[] = Object.keys(auditColumns).filter((name): name is AuditColumn =>
  Object.hasOwn(auditColumns, name),
)

/**
 * An entry as text, column by column: what PostgreSQL answers for `…::text`. A time is the seconds since the Unix
 * epoch, with six decimals.
 */
export type AuditTexts = Readonly<Record<AuditColumn, string | null>>

/** The last entry of a chain. */
export interface AuditHead {
  readonly node: string
  readonly sequence: number
  readonly hash: Uint8Array
}

/** The hash before the first entry of a chain. */
export const firstHash: Uint8Array = new Uint8Array(32)

/** The columns of `entry` as the entry `sequence` of `node`. */
export function textsOf(entry: AuditEntry, node: string, sequence: number): AuditTexts {
  const { chargePoint } = entry
  const key = chargePoint?.key ?? null
  const shared = {
    node,
    sequence: String(sequence),
    at: `${(entry.atMs / 1_000).toFixed(3)}000`,
    charge_point_id: key === null ? null : String(key),
    identity: chargePoint === null ? null : storableText(chargePoint.identity),
  }
  if ('outcomeOf' in entry) {
    return {
      ...nothing,
      ...shared,
      outcome_of: String(entry.outcomeOf),
      before: entry.before?.json ?? null,
      after: entry.after?.json ?? null,
      status: String(entry.status),
      code: entry.code,
      id_tags: joined([...(entry.before?.idTags ?? []), ...(entry.after?.idTags ?? []), ...entry.idTags]),
    }
  }
  return {
    ...nothing,
    ...shared,
    principal_kind: entry.principalKind,
    principal: storableText(entry.principal),
    acting_as: entry.actingAs === null ? null : storableText(entry.actingAs),
    remote_address: storableText(entry.remoteAddress),
    request_id: storableText(entry.requestId),
    operation: entry.operation,
    request: entry.request.json,
    id_tags: joined(entry.request.idTags),
  }
}

/** The text of an entry that its hash is made of: a JSON list of the columns that are not null, with their names. */
export function canonicalText(texts: AuditTexts): string {
  const named = auditColumnNames.map((name) => [name, texts[name]] as const)
  return JSON.stringify(named.filter(([, text]) => text !== null))
}

/** The hash of an entry after the one whose hash is `previous`. 32 bytes. */
export function hashOf(previous: Uint8Array, texts: AuditTexts): Buffer {
  return createHash('sha256').update(previous).update(canonicalText(texts), 'utf8').digest()
}

/** A head as it is exported: `node:sequence:hash`, the hash in hexadecimal digits. */
export function headText({ node, sequence, hash }: AuditHead): string {
  return `${node}:${sequence}:${Buffer.from(hash).toString('hex')}`
}

/** The head that `headText` has written; null for any other text. */
export function readHead(text: string): AuditHead | null {
  const [, node = '', digits = '', hash = ''] = /^(.+):(\d{1,15}):([0-9a-f]{64})$/s.exec(text) ?? []
  return node === '' ? null : { node, sequence: Number(digits), hash: Buffer.from(hash, 'hex') }
}

/** Whether two heads of one node are the same entry. */
export function isSameHash(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.from(one).equals(other)
}

const nothing = {
  outcome_of: null,
  principal_kind: null,
  principal: null,
  acting_as: null,
  remote_address: null,
  request_id: null,
  operation: null,
  request: null,
  before: null,
  after: null,
  status: null,
  code: null,
  id_tags: null,
}

function joined(digests: readonly string[]): string | null {
  return digests.length === 0 ? null : [...new Set(digests)].toSorted().join(' ')
}
