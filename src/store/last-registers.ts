// The registers of a transaction that a message is compared with, to detect one that falls: the last register of an
// open transaction, read once for each transaction and connection, and the neighbours of a late message. Batched, and
// limited to what is asked for.

import type { Pool } from 'pg'
import type { KnownTransaction } from '../blocks/decision.ts'
import { transactionRef } from '../blocks/meter-block.ts'
import type { RegisterReading, RegistersNextTo } from '../ocpp/verdict.ts'
import { BatchedLookup } from './batched-lookup.ts'
import { instantArray, int4Array, int8Array } from './wire/binary-array.ts'
import { ms } from './known-transaction.ts'
import { isOfBegin } from './register-of-begin.ts'

/** How many meter values are searched for a register, from the last. */
const rowsMax = 100

const readLastRegisters = `
  SELECT v.id, l.energy_wh AS wh, ${ms('l.sampled_at')} AS "atMs"
  FROM unnest($1::int4[], $2::int8[], $3::timestamptz[], $4::int8[]) AS v(charge_point_id, ref, started_at, id)
  CROSS JOIN LATERAL (SELECT r.energy_wh, r.sampled_at FROM (
      SELECT m.energy_wh, m.sampled_at, m.meter_value, m.packed FROM meter_values m WHERE m.charge_point_id = v.charge_point_id
        AND m.transaction_ref = v.ref AND m.sampled_at >= v.started_at
      ORDER BY m.sampled_at DESC, m.received_at DESC LIMIT ${rowsMax}) r
    WHERE r.energy_wh IS NOT NULL AND NOT ${isOfBegin} LIMIT 1) l`

/** The last register among the meter values of a transaction; null when there is none. */
export function createLastRegister(
  pool: Pick<Pool, 'query'>,
): (transaction: KnownTransaction) => Promise<RegisterReading | null> {
  const lookup = new BatchedLookup<KnownTransaction, RegisterReading>(
    ({ transactionId }) => String(transactionId),
    async (transactions) => {
      const refs = transactions.map(({ transactionId, stationTransactionId }) =>
        transactionRef(stationTransactionId ?? transactionId),
      )
      const { rows } = await pool.query<RegisterReading & { readonly id: number }>({
        name: 'stator_last_registers',
        text: readLastRegisters,
        values: [
          int4Array(transactions.map(({ chargePointKey }) => chargePointKey)),
          int8Array(refs),
          instantArray(transactions.map(({ startedAtMs }) => startedAtMs)),
          int8Array(transactions.map(({ transactionId }) => transactionId)),
        ],
      })
      return new Map(rows.map(({ id, wh, atMs }) => [String(id), { wh, atMs }]))
    },
  )
  return async (transaction) => (await lookup.get(transaction)) ?? null
}

// The start of the first use of an id may not have been reported yet: then the transaction seems to begin later than it
// did.
const firstSampleAt = `CASE WHEN t.station_use > 1 THEN t.started_at ELSE '-infinity' END`

// A value that an operator entered is not a reading of the meter.
const stopWh = `CASE WHEN t.closed_by = 'station' THEN t.meter_stop_wh END`

/**
 * SQL of the registers next to `v.at`: the rows on that side of it, and the register of the start or the stop beside
 * them.
 */
function nearest(order: 'ASC' | 'DESC', side: string, atEnd: string, whOfEnd: string): string {
  return `SELECT wh, at FROM (
      (SELECT r.energy_wh AS wh, r.sampled_at AS at FROM (
        SELECT m.energy_wh, m.sampled_at, m.received_at, m.meter_value, m.packed FROM meter_values m
        WHERE m.charge_point_id = t.charge_point_id
          AND m.transaction_ref = v.ref AND m.sampled_at >= ${firstSampleAt}
          AND m.sampled_at <= COALESCE(t.stopped_at, 'infinity')
          AND (${stopWh} IS NULL OR m.sampled_at < t.stopped_at)
          AND m.sampled_at ${side} v.at ORDER BY m.sampled_at ${order} LIMIT ${rowsMax}) r
      WHERE r.energy_wh IS NOT NULL AND NOT ${isOfBegin} ORDER BY r.sampled_at ${order}, r.received_at DESC LIMIT 1)
      UNION ALL SELECT ${whOfEnd}, ${atEnd} WHERE ${whOfEnd} IS NOT NULL AND ${atEnd} ${side}= v.at) near
    ORDER BY at ${order} LIMIT 1`
}

const reading = (one: string) =>
  `CASE WHEN ${one}.at IS NOT NULL THEN json_build_object('wh', ${one}.wh, 'atMs', ${ms(`${one}.at`)}) END`

// Of several rows with one time, the row that arrived last has the sum of all phases.
const readRegistersNextTo = `
  SELECT v.id, ${ms('v.at')} AS "atMs", ${reading('b')} AS before, ${reading('a')} AS after
  FROM unnest($1::int8[], $2::int8[], $3::timestamptz[]) AS v(id, ref, at) JOIN transactions t ON t.id = v.id
  LEFT JOIN LATERAL (${nearest('DESC', '<', 't.started_at', 't.meter_start_wh')}) b ON true
  LEFT JOIN LATERAL (${nearest('ASC', '>', 't.stopped_at', stopWh)}) a ON true
  WHERE NOT EXISTS (SELECT FROM meter_values m WHERE m.charge_point_id = t.charge_point_id AND m.transaction_ref = v.ref
    AND m.sampled_at = v.at AND m.energy_wh IS NOT NULL)`

interface Moment {
  readonly transaction: KnownTransaction
  readonly atMs: number
}

/**
 * The registers of a transaction before and after a time; null if it has a register with this time, and so recognises a
 * retransmission.
 */
export function createRegistersNextTo(
  pool: Pick<Pool, 'query'>,
): (transaction: KnownTransaction, atMs: number) => Promise<RegistersNextTo | null> {
  const lookup = new BatchedLookup<Moment, RegistersNextTo>(
    ({ transaction, atMs }) => `${transaction.transactionId}/${atMs}`,
    async (moments) => {
      const refs = moments.map(({ transaction }) =>
        transactionRef(transaction.stationTransactionId ?? transaction.transactionId),
      )
      const { rows } = await pool.query<RegistersNextTo & { readonly id: number; readonly atMs: number }>({
        name: 'stator_registers_next_to',
        text: readRegistersNextTo,
        values: [
          int8Array(moments.map(({ transaction }) => transaction.transactionId)),
          int8Array(refs),
          instantArray(moments.map(({ atMs }) => atMs)),
        ],
      })
      return new Map(rows.map(({ id, atMs, before, after }) => [`${id}/${atMs}`, { before, after }]))
    },
  )
  return async (transaction, atMs) => (await lookup.get({ transaction, atMs })) ?? null
}
