// The last registers of open transactions, by which a register that falls is noticed after a reconnect. Read once for each transaction and
// connection, so batched, and no more than is asked for.

import type { Pool } from 'pg'
import type { KnownTransaction } from '../csms/decision.ts'
import { transactionRef } from '../csms/meter-block.ts'
import type { RegisterReading } from '../ocpp/verdict.ts'
import { BatchedLookup } from './batched-lookup.ts'
import { instantArray, int4Array, int8Array } from './binary-array.ts'
import { ms } from './known-transaction.ts'
import { isOfBegin } from './register-of-begin.ts'

/** Meter values that are looked at for a register, from the last. */
const rowsMax = 100

const readLastRegisters = `
  SELECT v.id, l.energy_wh AS wh, ${ms('l.sampled_at')} AS "atMs"
  FROM unnest($1::int4[], $2::int8[], $3::timestamptz[], $4::int8[]) AS v(charge_point_id, ref, started_at, id)
  CROSS JOIN LATERAL (SELECT r.energy_wh, r.sampled_at FROM (
      SELECT m.energy_wh, m.sampled_at, m.meter_value FROM meter_values m WHERE m.charge_point_id = v.charge_point_id
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
