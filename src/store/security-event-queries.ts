// Security events as the REST API lists them: those that charge points report, and those of the central system.

import { sql, type SQL } from 'drizzle-orm'
import { filteredMessagesMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import type { Page, PageOf, SecurityEventFilter, SecurityEventRecord } from '../blocks/records.ts'
import { filteredKeys } from './identity-keys.ts'
import { filteredTotalOf, type ListSource, requireInReach, rowsMaxOf } from './paging.ts'
import { type IsOurs, scopeOfList } from './scoped-rows.ts'

export function createSecurityEventQueries(source: ListSource) {
  const { db } = source

  return {
    /** Newest first, of both sources together. */
    async listSecurityEvents(filter: SecurityEventFilter, page: Page): Promise<PageOf<SecurityEventRecord>> {
      requireInReach(source, page, filteredMessagesMax)
      const rowsMax = rowsMaxOf(source, { rowsMax: filteredMessagesMax }) ?? filteredMessagesMax
      const keys = await filteredKeys({ db, rowsMax }, filter)
      const isOurs = await scopeOfList(source, filter.scope)
      const events = (rows: number) => {
        const parts = [
          ...(filter.source === 'centralSystem' ? [] : [reported(filter, keys, isOurs, rows)]),
          ...(filter.source === 'chargePoint' ? [] : [own(filter, isOurs, rows)]),
        ]
        return sql`(${sql.join(parts, sql` UNION ALL `)}) AS events`
      }
      const end = page.page * page.pageSize
      const [counted, found] = await Promise.all([
        db.execute<{ readonly count: number }>(sql`SELECT count(*)::int4 AS count FROM ${events(rowsMax + 1)}`),
        db.execute<{ readonly event: SecurityEventRecord }>(
          sql`SELECT json_build_object(${columns}) AS event FROM ${events(Math.min(end, rowsMax + 1))}
            ORDER BY "receivedAtMs" DESC, "order" DESC
            LIMIT ${page.pageSize} OFFSET ${(page.page - 1) * page.pageSize}`,
        ),
      ])
      const count = counted.rows[0]?.count ?? 0
      return { ...filteredTotalOf(count, count, rowsMax), items: found.rows.map(({ event }) => event) }
    },
  }
}

const columns = sql.raw(
  ['source', 'identity', 'type', 'reason', 'remoteAddress', 'node', 'count', 'firstAtMs', 'receivedAtMs']
    .map((name) => `'${name}', "${name}"`)
    .join(', '),
)

function ms(column: SQL): SQL {
  return sql`(extract(epoch FROM ${column}) * 1000)::float8`
}

function within(column: SQL, { fromMs, toMs }: SecurityEventFilter): SQL {
  const from = fromMs === undefined ? sql`` : sql` AND ${column} >= ${new Date(fromMs).toISOString()}::timestamptz`
  const to = toMs === undefined ? sql`` : sql` AND ${column} <= ${new Date(toMs).toISOString()}::timestamptz`
  return sql`${from}${to}`
}

function scoped(isOurs: SQL | undefined): SQL {
  return isOurs === undefined ? sql`` : sql` AND ${isOurs}`
}

/** SecurityEventNotifications; the partial index `charge_point_events_security` has them. */
function reported(filter: SecurityEventFilter, keys: readonly number[] | null, isOurs: IsOurs, rows: number): SQL {
  const { type } = filter
  const ofType = type === undefined ? sql`` : sql` AND e.payload->>'type' = ${storableText(type)}`
  const ofKeys = keys === null ? sql`` : sql` AND e.charge_point_id = ANY(${sql.param(keys)}::int4[])`
  const ofScope = keys === null ? scoped(isOurs(sql`e.charge_point_id`)) : sql``
  return sql`(SELECT 'chargePoint' AS source, c.identity, e.payload->>'type' AS type, e.payload->>'techInfo' AS reason,
      NULL::text AS "remoteAddress", NULL::text AS node, 1 AS count, ${ms(sql`e.occurred_at`)} AS "firstAtMs",
      ${ms(sql`e.received_at`)} AS "receivedAtMs", e.digest AS "order"
    FROM charge_point_events e JOIN charge_points c ON c.id = e.charge_point_id
    WHERE e.action = 'SecurityEventNotification'${within(sql`e.received_at`, filter)}${ofKeys}${ofScope}${ofType}
    ORDER BY e.received_at DESC LIMIT ${rows})`
}

function own(filter: SecurityEventFilter, isOurs: IsOurs, rows: number): SQL {
  const { type, identity } = filter
  const ofType = type === undefined ? sql`` : sql` AND s.type = ${storableText(type)}`
  const ofIdentity = identity === undefined ? sql`` : sql` AND s.identity = ${storableText(identity)}`
  return sql`(SELECT 'centralSystem' AS source, s.identity, s.type, s.reason, s.remote_address AS "remoteAddress", s.node,
      s.count, ${ms(sql`s.first_at`)} AS "firstAtMs", ${ms(sql`s.received_at`)} AS "receivedAtMs", s.id AS "order"
    FROM security_events s
    WHERE true${within(sql`s.received_at`, filter)}${ofType}${ofIdentity}${scoped(isOurs(sql`s.charge_point_id`))}
    ORDER BY s.received_at DESC LIMIT ${rows})`
}
