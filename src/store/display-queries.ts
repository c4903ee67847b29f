// Display messages.

import { storableText } from '../base/storable-text.ts'
import type { DisplayMessageRecord, DisplayQueries } from '../blocks/display/registry.ts'
import type { Database } from './database.ts'
import { ms } from './known-transaction.ts'

const store = `
  INSERT INTO display_messages (charge_point_id, message_id, priority, transaction_id, starts_at, ends_at, message,
    set_at, set_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ON CONFLICT (charge_point_id, message_id) DO UPDATE SET priority = EXCLUDED.priority,
    transaction_id = EXCLUDED.transaction_id, starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at,
    message = EXCLUDED.message, set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by, status = NULL, cleared_at = NULL`

// One that was reported before was replaced by it; and what was cleared before is not this one.
const answer = `
  WITH replaced AS (
    DELETE FROM reported_display_messages r USING display_messages m
    WHERE $3::text = 'Accepted' AND r.charge_point_id = $1 AND r.message_id = $2
      AND m.charge_point_id = $1 AND m.message_id = $2 AND r.received_at <= m.set_at
  )
  UPDATE display_messages SET status = $3, cleared_at = NULL WHERE charge_point_id = $1 AND message_id = $2`

// Of messages that are always in front a charge point keeps the newest (MessagePriorityEnumType).
const replace = `
  UPDATE display_messages m SET cleared_at = $3 FROM display_messages n
  WHERE n.charge_point_id = $1 AND n.message_id = $2 AND n.priority = 'AlwaysFront'
    AND m.charge_point_id = n.charge_point_id AND m.message_id <> n.message_id AND m.priority = n.priority
    AND m.cleared_at IS NULL AND COALESCE(m.status, 'Accepted') = 'Accepted' AND m.set_at <= n.set_at`

const clear = `
  WITH forgotten AS (
    DELETE FROM reported_display_messages WHERE charge_point_id = $1 AND message_id = $2 AND received_at <= $3
  )
  UPDATE display_messages SET cleared_at = $3 WHERE charge_point_id = $1 AND message_id = $2 AND cleared_at IS NULL`

// Of a message that was set and reported, the report counts for what the charge point has. A transaction that a report
// names is found by the id that its charge point gave it.
const messagesFrom = (table: string): string => `(
    SELECT * FROM ${table} WHERE charge_point_id = $1 AND ($2::int8 IS NULL OR message_id > $2)
    ORDER BY message_id LIMIT $3)`

// The page is cut first; then each transaction is looked for in its partition only.
const page = `
  SELECT p."messageId", p.priority, p.message, t.id AS "transactionId",
    t.stopped_at IS NOT NULL AS "isTransactionOver", p."startsAtMs", p."endsAtMs", p."reportedAtMs", p.status,
    p."clearedAtMs", p."setAtMs", p."setBy"
  FROM (
    SELECT COALESCE(m.message_id, r.message_id) AS "messageId", COALESCE(r.priority, m.priority) AS priority,
      COALESCE(r.message, m.message) AS message, m.transaction_id, r.station_transaction_id,
      ${ms('m.starts_at')} AS "startsAtMs", ${ms('COALESCE(r.ends_at, m.ends_at)')} AS "endsAtMs",
      ${ms('r.received_at')} AS "reportedAtMs", m.status, ${ms('m.cleared_at')} AS "clearedAtMs",
      ${ms('m.set_at')} AS "setAtMs", m.set_by AS "setBy"
    FROM ${messagesFrom('display_messages')} m
    FULL JOIN ${messagesFrom('reported_display_messages')} r ON r.message_id = m.message_id
    ORDER BY 1 LIMIT $3) p
  LEFT JOIN LATERAL (
    SELECT s.transaction_id AS id FROM station_transactions s
    WHERE s.charge_point_id = $1 AND s.station_transaction_id = p.station_transaction_id
    ORDER BY s.transaction_id DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (
    SELECT * FROM transactions WHERE id = COALESCE(p.transaction_id, s.id) LIMIT 1) t ON true
  ORDER BY 1`

const time = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString())

export function createDisplayQueries({ restPool: pool }: Pick<Database, 'restPool'>): DisplayQueries {
  const named = (name: string): string => `stator_display_${name}`
  const run = (name: string, text: string, values: unknown[]) => pool.query({ name: named(name), text, values })
  return {
    async storeDisplayMessage(made) {
      const { chargePointKey, messageId, priority, transactionId, startsAtMs, endsAtMs } = made
      const message = storableText(JSON.stringify(made.message))
      const facts = [chargePointKey, messageId, priority, transactionId, time(startsAtMs), time(endsAtMs), message]
      await run('store', store, [...facts, time(made.setAtMs), storableText(made.setBy)])
    },

    async answerDisplayMessage({ chargePointKey, messageId }, status, nowMs) {
      await run('answer', answer, [chargePointKey, messageId, storableText(status)])
      if (status === 'Accepted') await run('replace', replace, [chargePointKey, messageId, time(nowMs)])
    },

    async clearDisplayMessage(chargePointKey, messageId, nowMs) {
      await run('clear', clear, [chargePointKey, messageId, time(nowMs)])
    },

    async displayMessagesOf(chargePointKey, after, rowsMax) {
      const values = [chargePointKey, after, rowsMax]
      return (await pool.query<DisplayMessageRecord>({ name: named('page'), text: page, values })).rows
    },
  }
}
