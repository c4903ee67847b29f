// Walks the chains of the audit log, and finds what was changed, removed or put in. It needs the same memory for any
// number of entries.

import type { ClientBase } from 'pg'
import { auditEntriesReadAtOnce } from '../../base/limits.ts'
import {
  auditColumnNames,
  auditColumns,
  type AuditColumn,
  type AuditHead,
  type AuditTexts,
  firstHash,
  hashOf,
  headText,
  isSameHash,
} from '../../operators/audit-entry.ts'

/** What was found about the chain of one node. */
export interface VerifiedChain {
  readonly node: string
  /** The last entry that retention has deleted, as the database says; 0: none. */
  readonly deletedUpTo: number
  /** Entries that are right, before the first that is wrong. */
  readonly rightCount: number
  /** The last of them; with none, the last entry that retention has deleted. */
  readonly head: AuditHead
  /** Null if all is right. */
  readonly problem: { readonly sequence: number; readonly sentence: string } | null
  /** Exported heads that lie before the oldest entry: retention has deleted what they could be compared with. */
  readonly uncomparable: readonly AuditHead[]
}

/** An entry as PostgreSQL has it. */
type StoredEntry = AuditTexts & { readonly hash: string; readonly isAnchor: boolean }

const columns = auditColumnNames.map((name) => `${asText(name)} AS "${name}"`).join(', ')

const nextEntries = `
  SELECT ${columns}, encode(hash, 'hex') AS hash FROM audit_log
  WHERE node = $1 AND sequence > $2 ORDER BY audit_log.sequence LIMIT ${auditEntriesReadAtOnce}`

const entryBefore = `
  SELECT sequence::text AS sequence FROM audit_log
  WHERE node = $1 AND sequence <= $2 ORDER BY audit_log.sequence LIMIT 1`

function asText(name: AuditColumn): string {
  return auditColumns[name] === 'timestamptz' ? `extract(epoch FROM "${name}")::text` : `"${name}"::text`
}

/**
 * Verifies the chain of every node that is in the database or in `heads`, by name. `client` is in a transaction that
 * sees one state of the database.
 *
 * @param heads as they were exported: each must be an entry of its chain.
 */
export async function* verifyChains(client: ClientBase, heads: readonly AuditHead[]): AsyncGenerator<VerifiedChain> {
  const { rows } = await client.query<{ readonly node: string }>(
    'SELECT node FROM audit_anchors UNION SELECT DISTINCT node FROM audit_log',
  )
  const nodes = new Set([...rows.map(({ node }) => node), ...heads.map(({ node }) => node)])
  for (const node of [...nodes].toSorted()) {
    yield await verifyChain(
      client,
      node,
      heads.filter((head) => head.node === node),
    )
  }
}

async function verifyChain(client: ClientBase, node: string, heads: readonly AuditHead[]): Promise<VerifiedChain> {
  const anchor = await anchorOf(client, node)
  let last = anchor
  let rightCount = 0
  const uncomparable = heads.filter(({ sequence }) => sequence < anchor.sequence)
  const found = (sequence: number | null, sentence = ''): VerifiedChain => ({
    node,
    deletedUpTo: anchor.sequence,
    rightCount,
    head: last,
    problem: sequence === null ? null : { sequence, sentence },
    uncomparable,
  })
  const isExported = (at: AuditHead): boolean =>
    heads.every(({ sequence, hash }) => sequence !== at.sequence || isSameHash(hash, at.hash))
  if (!isExported(anchor)) {
    return found(anchor.sequence, 'what retention has kept of it is another entry than the head that was exported')
  }
  const [early] = (await client.query<{ readonly sequence: string }>(entryBefore, [node, anchor.sequence])).rows
  if (early !== undefined) return found(Number(early.sequence), 'it is there, before the begin of the chain')
  for (;;) {
    const { rows } = await client.query<StoredEntry>(nextEntries, [node, last.sequence])
    for (const entry of rows) {
      const expected = last.sequence + 1
      const sequence = Number(entry.sequence)
      const isFirst = rightCount === 0
      if (sequence !== expected) {
        const which = sequence - expected === 1 ? `${expected} is` : `${expected} to ${sequence - 1} are`
        return found(
          expected,
          `${which} missing, ${isFirst ? 'and retention has not deleted them' : 'and later entries are there'}`,
        )
      }
      const hash = hashOf(last.hash, entry)
      if (entry.hash !== hash.toString('hex')) {
        return found(
          sequence,
          isFirst && anchor.sequence > 0
            ? 'it was changed, or what retention has kept of the entry before it was'
            : 'it was changed, or the entry before it was replaced',
        )
      }
      const next = { node, sequence, hash }
      if (!isExported(next)) return found(sequence, 'it is another entry than the head that was exported')
      last = next
      rightCount++
    }
    if (rows.length === 0) break
  }
  const cut = heads.filter(({ sequence }) => sequence > last.sequence).toSorted((a, b) => b.sequence - a.sequence)[0]
  if (cut === undefined) return found(null)
  return found(last.sequence + 1, `the end is missing: the head that was exported is ${headText(cut)}`)
}

/** Where the chain begins. A chain without an anchor begins with entry 1. */
async function anchorOf(client: ClientBase, node: string): Promise<AuditHead> {
  const { rows } = await client.query<{ readonly sequence: string; readonly hash: string }>(
    `SELECT sequence::text AS sequence, encode(hash, 'hex') AS hash FROM audit_anchors WHERE node = $1`,
    [node],
  )
  const [anchor] = rows
  if (anchor === undefined) return { node, sequence: 0, hash: firstHash }
  return { node, sequence: Number(anchor.sequence), hash: Buffer.from(anchor.hash, 'hex') }
}
