// The audit log as the REST API lists it: the entry that a request began with, and the one about its outcome, as one
// item.

import { sql, type SQL } from 'drizzle-orm'
import { listedExactlyMax } from '../../base/limits.ts'
import { storableText } from '../../base/storable-text.ts'
import type { Page, PageOf } from '../../blocks/records.ts'
import type { AuditHead } from '../../operators/audit-entry.ts'
import type { AuditFilter, AuditRecord } from '../../operators/audit-records.ts'
import { comesAfter, cursorOf, keyIn, keyOf, type Order, orderBy } from '../keyset.ts'
import { type ListSource, requireCounted, totalOf } from '../paging.ts'
import { scopeOfList } from '../scoped-rows.ts'

export function createAuditQueries(source: ListSource) {
  const { db } = source

  return {
    /** Newest first. Requests are counted up to `listedExactlyMax`; a cursor reads on. */
    async listAuditLog(filter: AuditFilter, page: Page): Promise<PageOf<AuditRecord>> {
      const skip = (page.page - 1) * page.pageSize
      requireCounted(skip)
      const isAfter =
        page.after === undefined ? sql`` : sql` AND ${comesAfter(newestFirst, keyIn(newestFirst, page.after))}`
      const isOurs = (await scopeOfList(source, filter.scope))(sql`coalesce(e.charge_point_id, b.charge_point_id)`)
      const begun = sql`FROM audit_log b ${needsEnd(filter) ? withEnd : sql``}
          WHERE b.outcome_of IS NULL${conditionsOf(filter, isOurs)}`
      const [counted, listed] = await Promise.all([
        db.execute<{ readonly count: number }>(
          sql`SELECT count(*)::int4 AS count FROM (SELECT 1 ${begun} LIMIT ${listedExactlyMax + 1}) AS counted`,
        ),
        db.execute<{ readonly item: AuditRecord; readonly cursor: readonly string[] }>(
          sql`SELECT json_build_object(${members}) AS item, cursor
            FROM (SELECT ${shown}, ${keyOf(newestFirst)} AS cursor
              FROM (SELECT b.* ${begun}${isAfter} ORDER BY ${inOrder} LIMIT ${page.pageSize + 1} OFFSET ${skip}) b ${withEnd}
              ORDER BY ${inOrder}) AS requests`,
        ),
      ])
      const items = listed.rows.slice(0, page.pageSize)
      const last = listed.rows.length > page.pageSize ? items.at(-1) : undefined
      return {
        ...totalOf(counted.rows[0]?.count ?? 0, listedExactlyMax),
        ...(last === undefined ? {} : { next: cursorOf(newestFirst, last.cursor) }),
        items: items.map(({ item }) => item),
      }
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

const newestFirst: Order = {
  name: 'audit log',
  direction: 'DESC',
  columns: [
    { column: sql`b.at`, type: 'timestamptz' },
    { column: sql`b.node`, type: 'text' },
    { column: sql`b.sequence`, type: 'int8' },
  ],
}
const inOrder = sql.join(orderBy(newestFirst), sql`, `)

/** The entry about the outcome; there is at most one. */
const withEnd = sql`LEFT JOIN audit_log e ON e.node = b.node AND e.outcome_of = b.sequence`

/** Whether the conditions of a filter read the entry about the outcome. */
function needsEnd({ scope, outcome: wanted }: AuditFilter): boolean {
  return scope !== 'all' || wanted !== undefined
}

const outcome = sql`CASE WHEN e.status IS NULL THEN 'unknown' WHEN e.status < 400 THEN 'done'
  WHEN e.status < 500 THEN 'refused' ELSE 'failed' END`

const shown = sql`b.node, b.sequence::float8 AS sequence, e.sequence::float8 AS "outcomeSequence",
  ${ms(sql`b.at`)} AS "atMs", ${ms(sql`e.at`)} AS "endedAtMs", b.principal_kind AS "principalKind", b.principal,
  b.acting_as AS "actingAs", b.remote_address AS "remoteAddress", b.request_id AS "requestId", b.operation,
  coalesce(e.charge_point_id, b.charge_point_id) AS "chargePointKey", coalesce(e.identity, b.identity) AS identity,
  b.request, e.before, e.after, ${outcome} AS outcome, e.status, e.code`

function conditionsOf(
  { principal, identity, operation, outcome: wanted, idTagDigests, fromMs, toMs }: AuditFilter,
  isOurs: SQL | undefined,
) {
  const conditions = [
    isOurs ?? null,
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
