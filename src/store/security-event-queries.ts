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
          sql`SELECT json_build_object(${shown}) AS event
            FROM (SELECT * FROM ${events(Math.min(end, rowsMax + 1))} ORDER BY received_at DESC, "order" DESC
              LIMIT ${page.pageSize} OFFSET ${end - page.pageSize}) AS v LEFT JOIN charge_points c ON c.id = v.key
            ORDER BY v.received_at DESC, v."order" DESC`,
        ),
      ])
      const count = counted.rows[0]?.count ?? 0
      return { ...filteredTotalOf(count, count, rowsMax), items: found.rows.map(({ event }) => event) }
    },
  }
}

/** An event as it is shown. Of events before the page nothing is read out of their payloads. */
const shown = sql`'source', v.source, 'identity', COALESCE(v.identity, c.identity),
  'type', COALESCE(v.type, v.payload->>'type'), 'reason', COALESCE(v.reason, v.payload->>'techInfo'),
  'remoteAddress', v.remote_address, 'node', v.node, 'count', v.count, 'firstAtMs', ${ms(sql`v.first_at`)},
  'receivedAtMs', ${ms(sql`v.received_at`)}`

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
  return sql`(SELECT 'chargePoint' AS source, e.charge_point_id AS key, NULL::text AS identity, e.payload, NULL::text AS type,
      NULL::text AS reason, NULL::text AS remote_address, NULL::text AS node, 1 AS count, e.occurred_at AS first_at,
      e.received_at, e.digest AS "order"
    FROM charge_point_events e
    WHERE e.action = 'SecurityEventNotification'${within(sql`e.received_at`, filter)}${ofKeys}${ofScope}${ofType}
    ORDER BY e.received_at DESC LIMIT ${rows})`
}

function own(filter: SecurityEventFilter, isOurs: IsOurs, rows: number): SQL {
  const { type, identity } = filter
  const ofType = type === undefined ? sql`` : sql` AND s.type = ${storableText(type)}`
  const ofIdentity = identity === undefined ? sql`` : sql` AND s.identity = ${storableText(identity)}`
  return sql`(SELECT 'centralSystem' AS source, NULL::int4 AS key, s.identity, NULL::json AS payload, s.type, s.reason,
      s.remote_address, s.node, s.count, s.first_at, s.received_at, s.id AS "order"
    FROM security_events s
    WHERE true${within(sql`s.received_at`, filter)}${ofType}${ofIdentity}${scoped(isOurs(sql`s.charge_point_id`))}
    ORDER BY s.received_at DESC LIMIT ${rows})`
}
