// Meter values on their way from a worker to PostgreSQL, as columns. The worker writes each column as the element
// bodies of a PostgreSQL binary array (per element a length word, then the value), so that the writer only puts an
// array header before them. This file is the contract between `workers/` and `store/`, which do not import each other.

import type { EnergyRegisters } from '../ocpp/verdict.ts'
import { stationTransactionIdOf } from './station-transaction-id.ts'

/** One column of a meter block. `bytes` is the width of a value; null for a column of varying width. */
export interface MeterColumn {
  readonly name: string
  readonly type: 'int2' | 'int4' | 'int8' | 'float8' | 'timestamptz' | 'text'
  /** PostgreSQL type oid of the element. */
  readonly oid: number
  readonly bytes: number | null
}

/**
 * The columns, in the order of the block. Elements are never SQL NULL, so that all elements of a column have one width:
 * a missing measurement is NaN, a missing transaction is 0. `meter_value` is the element of the `meterValue` array as
 * the charge point sent it: its JSON text, or what workers/meter-packer.ts makes of it, which begins with a control
 * character. It is the only column of varying width and comes last.
 */
export const meterColumns = [
  { name: 'charge_point_id', type: 'int4', oid: 23, bytes: 4 },
  { name: 'transaction_ref', type: 'int8', oid: 20, bytes: 8 },
  { name: 'sampled_at', type: 'timestamptz', oid: 1184, bytes: 8 },
  { name: 'evse_id', type: 'int2', oid: 21, bytes: 2 },
  { name: 'connector_id', type: 'int2', oid: 21, bytes: 2 },
  { name: 'digest', type: 'int8', oid: 20, bytes: 8 },
  { name: 'received_at', type: 'timestamptz', oid: 1184, bytes: 8 },
  { name: 'energy_wh', type: 'float8', oid: 701, bytes: 8 },
  { name: 'power_w', type: 'float8', oid: 701, bytes: 8 },
  { name: 'current_a', type: 'float8', oid: 701, bytes: 8 },
  { name: 'voltage_v', type: 'float8', oid: 701, bytes: 8 },
  { name: 'soc_percent', type: 'float8', oid: 701, bytes: 8 },
  { name: 'meter_value', type: 'text', oid: 25, bytes: null },
] as const satisfies readonly MeterColumn[]

/** The meter values of one batch of frames. */
export interface MeterBlock {
  readonly rows: number
  /** Element bodies per column, in the order of `meterColumns`. */
  readonly columns: readonly Uint8Array[]
  /** Where each row of `meter_value` begins in its column; one more entry says where the last row ends. */
  readonly offsets: Uint32Array
}

/** Some rows of a block, from `from` (inclusive) to `to` (exclusive). */
export interface MeterRows {
  readonly block: MeterBlock
  readonly from: number
  readonly to: number
}

/** The rows of one frame, and the energy registers in them. */
export interface FrameMeter extends MeterRows {
  readonly registers: EnergyRegisters
}

const sampledColumn = meterColumns.findIndex(({ name }) => name === 'sampled_at')
const postgresEpochMs = Date.UTC(2000, 0, 1)
/** Four bytes of length, then the value. */
const elementBytes = 4 + 8

/** When the last of the meter values of a frame was sampled; minus infinity for none. */
export function lastSampledAtMs({ block, from, to }: MeterRows): number {
  const column = block.columns[sampledColumn]
  if (column === undefined) throw new RangeError('A meter block has no column of times.')
  const view = new DataView(column.buffer, column.byteOffset, column.byteLength)
  let lastMs = Number.NEGATIVE_INFINITY
  for (let row = from; row < to; row++) {
    lastMs = Math.max(lastMs, postgresEpochMs + Number(view.getBigInt64(row * elementBytes + 4)) / 1_000)
  }
  return lastMs
}

/**
 * `transaction_ref` of a meter value. 1.6: the transactionId (0 for none). 2.x: a negative 63-bit hash of the charge
 * point's own transaction id as stored, so that a worker can compute it without a look-up. The two never collide,
 * because their signs differ.
 */
export function transactionRef(transactionId: number | string | undefined): bigint {
  if (transactionId === undefined || transactionId === '') return 0n
  if (typeof transactionId === 'number') return BigInt(Math.trunc(transactionId))
  return -1n - (Bun.hash.xxHash64(stationTransactionIdOf(transactionId)) >> 1n)
}
