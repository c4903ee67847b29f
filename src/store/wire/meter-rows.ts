// What the writer reads from the bytes of a meter block to cut it into parts. A block is not decoded into rows for
// that: of 17,000 rows it reads two columns.

import { meterColumns, type MeterBlock, type MeterRows } from '../../blocks/meter-block.ts'

/** Bytes of the texts of rows. */
export function textBytes({ offsets }: MeterBlock, from: number, to: number): number {
  return (offsets[to] ?? 0) - (offsets[from] ?? 0)
}

const sampledAt = meterColumns.findIndex((column) => column.name === 'sampled_at')
const receivedAt = meterColumns.findIndex((column) => column.name === 'received_at')
/** Bytes of a row in either: a length and an int8, in microseconds. */
const instantBytes = 12
const lengthBytes = 4
/**
 * A row without a time has the millisecond in which its frame arrived; the rows of a frame count up from there by
 * microseconds.
 */
const arrivalMicrosecondsMax = 2_000n

/** The first row that was given the time of arrival of its frame as its time; `to` when there is none. */
export function firstWithoutTime({ block, from, to }: MeterRows): number {
  const sampled = block.columns[sampledAt]
  const received = block.columns[receivedAt]
  if (sampled === undefined || received === undefined) return from
  const arrivedAt = instantOf(received, from)
  for (let row = from; row < to; row++) {
    const at = instantOf(sampled, row)
    const apart = arrivedAt - at
    if (at === instantOf(received, row) || (apart > -arrivalMicrosecondsMax && apart < arrivalMicrosecondsMax))
      return row
  }
  return to
}

function instantOf(column: Uint8Array, row: number): bigint {
  return new DataView(column.buffer, column.byteOffset).getBigInt64(row * instantBytes + lengthBytes)
}
