// Fills a database of the version of migration 0009 with as many rows as an operator of some size has.

import type { Client } from 'pg'
import { earlierNode } from './earlier-load.ts'

/** Rows of the large tables for each charge point. */
const rowsPerChargePoint = 100
/** Rows that one statement writes. */
const pieceRows = 1_000_000

/**
 * Writes `rows` rows into each of `transactions`, `transaction_events`, `meter_values` and `message_log`, and a
 * hundredth of that into `charge_points` and `connectors`. Returns how many charge points there are.
 */
export async function fillWithRows(client: Client, rows: number): Promise<number> {
  const chargePoints = Math.ceil(rows / rowsPerChargePoint)
  await client.query("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'")
  await client.query(
    `INSERT INTO charge_points (identity, vendor, model, connected, node, connection_epoch, last_seen_at)
     SELECT 'CP' || n, 'Vendor', 'Model', n % 10 > 0, $2, nextval('connection_epochs'), now()
     FROM generate_series(1, $1::int4) n`,
    [chargePoints, earlierNode],
  )
  await client.query(
    `INSERT INTO connectors (charge_point_id, evse_id, connector_id, status, status_sent, occurred_at, updated_at)
     SELECT n, 1, 1, 'Available', 'Available', now(), now() FROM generate_series(1, $1::int4) n`,
    [chargePoints],
  )
  for (let from = 1; from <= rows; from += pieceRows) {
    const piece = [from, Math.min(rows, from + pieceRows - 1), chargePoints]
    for (const statement of largeTables) await client.query(statement, piece)
  }
  // Nodes take numbers from there: above these rows, and above those that a load adds.
  await client.query("SELECT setval('transaction_ids', $1)", [rows * 100])
  await client.query('ANALYZE')
  return chargePoints
}

const numbers = `generate_series($1::int8, $2::int8) n, LATERAL (SELECT (1 + n % $3::int8)::int4 AS key, now() - n % 1440 * interval '1 s' AS at) r`
const largeTables = [
  `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, id_token, id_token_status, started_at, meter_start_wh,
     stopped_at, meter_stop_wh, stop_reason, closed_by, received_at)
   SELECT n, key, 1, 1, 'CARD' || key, 'Accepted', at, 0, CASE WHEN n % 100 > 0 THEN at END, 10, 'Local', 'station', at FROM ${numbers}`,
  `INSERT INTO transaction_events (charge_point_id, ref, seq_no, event, transaction_id, message_id, occurred_at, received_at, payload, answer)
   SELECT key, n, 0, 'StartTransaction', n, n, at, at, '{"connectorId":1,"idTag":"CARD","meterStart":0}', '{}' FROM ${numbers}`,
  `INSERT INTO meter_values (charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest, received_at, energy_wh, meter_value)
   SELECT key, n, at, 1, 1, n, at, 10, '{"sampledValue":[{"value":"10"}]}' FROM ${numbers}`,
  `INSERT INTO message_log (charge_point_id, at, from_charge_point, frame)
   SELECT key, at, true, '[2,"' || n || '","Heartbeat",{}]' FROM ${numbers}`,
]
