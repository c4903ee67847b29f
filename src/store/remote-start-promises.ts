// The transactionIds that remote starts have promised. They are stored before the command is sent, so that the start
// finds its promise after a restart or at another node. Nothing is written when a transaction begins: its own row makes
// the promise void.

import type { Pool } from 'pg'
import { remoteStartPromiseMs, remoteStartPromisesMax } from '../base/limits.ts'
import type { RemoteStart } from '../blocks/remote-control/commands.ts'

const isOpen = `promised_at > now() - interval '${remoteStartPromiseMs} ms'`

// A new promise deletes the oldest ones beyond the limit.
const promise = `
  WITH forgotten AS (
    DELETE FROM remote_start_promises WHERE charge_point_id = $1 AND transaction_id IN (
      SELECT transaction_id FROM remote_start_promises WHERE charge_point_id = $1
      ORDER BY promised_at DESC, transaction_id DESC OFFSET ${remoteStartPromisesMax - 1})
  )
  INSERT INTO remote_start_promises (charge_point_id, transaction_id, start, promised_at) VALUES ($1, $2, $3, now())`

/** SQL of a charge point's open promises as JSON, the oldest first; null when there are none. `key` is its number. */
export function openPromisesOf(key: string): string {
  return `(SELECT json_agg(json_build_object('transactionId', p.transaction_id, 'start', p.start,
      'leftMs', ceil(${remoteStartPromiseMs} - extract(epoch FROM now() - p.promised_at) * 1000)::int8)
      ORDER BY p.promised_at, p.transaction_id)
    FROM remote_start_promises p WHERE p.charge_point_id = ${key} AND ${isOpen}
      AND NOT EXISTS (SELECT FROM transactions t WHERE t.id = p.transaction_id))`
}

/** SQL of a condition: the promise is not needed any more. */
export const isExpiredPromise = `NOT (${isOpen})`

/** Stores and withdraws promises. Each change commits before it resolves. */
export function createPromiseQueries(pool: Pick<Pool, 'query'>) {
  return {
    /**
     * Promises `transactionId` to the transaction that `start` causes within `remoteStartPromiseMs`. If the charge
     * point has `remoteStartPromisesMax` promises, the oldest one is deleted.
     */
    async promiseTransaction(chargePointKey: number, start: RemoteStart, transactionId: number): Promise<void> {
      const values = [chargePointKey, transactionId, JSON.stringify(start)]
      await pool.query({ name: 'stator_promise_transaction', text: promise, values })
    },

    /** The charge point will not start the transaction: its promise is void. */
    async withdrawPromise(chargePointKey: number, transactionId: number): Promise<void> {
      const text = 'DELETE FROM remote_start_promises WHERE charge_point_id = $1 AND transaction_id = $2'
      await pool.query({ name: 'stator_withdraw_promise', text, values: [chargePointKey, transactionId] })
    },
  }
}
