// The audit log as the REST API lists it: the entry that a request began with, and the one about its outcome, as one
// item.

import { sql, type SQL } from 'drizzle-orm'
import { filteredMessagesMax } from '../../base/limits.ts'
import { storableText } from '../../base/storable-text.ts'
import type { Page, PageOf } from '../../blocks/records.ts'
import type { AuditHead } from '../../operators/audit-entry.ts'
import type { AuditFilter, AuditRecord } from '../../operators/audit-records.ts'
import { isOfScope } from '../in-scope.ts'
import { filteredTotalOf, type ListSource, requireInReach, rowsMaxOf } from '../paging.ts'

export function createAuditQueries(source: ListSource) {
  const { db } = source

  return {
    /** Newest first. */
    async listAuditLog(filter: AuditFilter, page: Page): Promise<PageOf<AuditRecord>> {
      requireInReach(source, page, filteredMessagesMax)
      const rowsMax = rowsMaxOf(source, { rowsMax: filteredMessagesMax }) ?? filteredMessagesMax
      const found = sql`(${requests(filter, rowsMax + 1)}) AS requests`
      const [counted, listed] = await Promise.all([
        db.execute<{ readonly count: number }>(sql`SELECT count(*)::int4 AS count FROM ${found}`),
        db.execute<{ readonly item: AuditRecord }>(
          sql`SELECT json_build_object(${members}) AS item FROM ${found}
            ORDER BY "atMs" DESC, node DESC, sequence DESC
            LIMIT ${page.pageSize} OFFSET ${(page.page - 1) * page.pageSize}`,
        ),
      ])
      const count = counted.rows[0]?.count ?? 0
      return { ...filteredTotalOf(count, count, rowsMax), items: listed.rows.map(({ item }) => item) }
    },

    /** The last entry of each chain, by node. */
    async auditHeads(): Promise<readonly AuditHead[]> {
      const { rows } = await db.execute<{ readonly node: string; readonly sequence: number; readonly hash: string }>(
        sql`SELECT a.node, coalesce(l.sequence, a.sequence)::float8 AS sequence,
            encode(coalesce(l.hash, a.hash), 'hex') AS hash
          FROM audit_anchors a LEFT JOIN LATERAL (
            SELECT sequence, hash FROM audit_log WHERE node = a.node ORDER BY sequence DESC LIMIT 1) l ON true
          ORDER BY a.node`,
      )
      return rows.map(({ node, sequence, hash }) => ({ node, sequence, hash: Buffer.from(hash, 'hex') }))
    },
  }
}

const members = sql.raw(
  [
    ...['node', 'sequence', 'outcomeSequence', 'atMs', 'endedAtMs', 'principalKind', 'principal', 'actingAs'],
    ...['remoteAddress', 'requestId', 'operation', 'chargePointKey', 'identity', 'request', 'before', 'after'],
    ...['outcome', 'status', 'code'],
  ]
    .map((name) => `'${name}', "${name}"`)
    .join(', '),
)

function ms(column: SQL): SQL {
  return sql`(extract(epoch FROM ${column}) * 1000)::float8`
}

function requests(filter: AuditFilter, rows: number): SQL {
  return sql`SELECT b.node, b.sequence::float8 AS sequence, e.sequence::float8 AS "outcomeSequence",
      ${ms(sql`b.at`)} AS "atMs", ${ms(sql`e.at`)} AS "endedAtMs", b.principal_kind AS "principalKind", b.principal,
      b.acting_as AS "actingAs", b.remote_address AS "remoteAddress", b.request_id AS "requestId", b.operation,
      coalesce(e.charge_point_id, b.charge_point_id) AS "chargePointKey", coalesce(e.identity, b.identity) AS identity,
      b.request, e.before, e.after, ${outcome} AS outcome, e.status, e.code
    FROM audit_log b LEFT JOIN audit_log e ON e.node = b.node AND e.outcome_of = b.sequence
    WHERE b.outcome_of IS NULL${conditionsOf(filter)}
    ORDER BY b.at DESC, b.node DESC, b.sequence DESC LIMIT ${rows}`
}

const outcome = sql`CASE WHEN e.status IS NULL THEN 'unknown' WHEN e.status < 400 THEN 'done'
  WHEN e.status < 500 THEN 'refused' ELSE 'failed' END`

function conditionsOf({
  scope,
  principal,
  identity,
  operation,
  outcome: wanted,
  idTagDigests,
  fromMs,
  toMs,
}: AuditFilter) {
  const conditions = [
    isOfScope(scope, sql`coalesce(e.charge_point_id, b.charge_point_id)`) ?? null,
    principal === undefined ? null : sql`b.principal = ${storableText(principal)}`,
    identity === undefined ? null : withEither(sql`identity = ${storableText(identity)}`),
    operation === undefined ? null : sql`b.operation = ${storableText(operation)}`,
    wanted === undefined ? null : sql`${outcome} = ${wanted}`,
    idTagDigests === undefined
      ? null
      : withEither(sql`string_to_array(id_tags, ' ') && ${sql.param(idTagDigests)}::text[]`),
    fromMs === undefined ? null : sql`b.at >= ${new Date(fromMs).toISOString()}::timestamptz`,
    toMs === undefined ? null : sql`b.at <= ${new Date(toMs).toISOString()}::timestamptz`,
  ].filter((condition) => condition !== null)
  return conditions.length === 0 ? sql`` : sql` AND ${sql.join(conditions, sql` AND `)}`
}

/** One of the two entries of a request satisfies `condition`. */
function withEither(condition: SQL): SQL {
  return sql`(b.node, b.sequence) IN (
    SELECT node, coalesce(outcome_of, sequence) FROM audit_log WHERE ${condition})`
}
