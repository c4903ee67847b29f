// Large change sets in parts. A message of 1 MiB contains 17,000 meter values or 12,000 variables. In one transaction
// they would delay all other answers by 100 ms and more. Only rows with an idempotency key of their own are split off:
// a resend, or a set that is repeated after a part of it was stored, stores them once.

import { partBytesMax, partRowsMax } from '../base/limits.ts'
import type { Change, ChangeSet } from '../blocks/decision.ts'
import type { MeterBlock, MeterRows } from '../blocks/meter-block.ts'
import { isOf, type RowChange } from '../blocks/stored-rows.ts'
import { firstWithoutTime, textBytes } from './wire/meter-rows.ts'

/**
 * A variable, or a monitor, costs PostgreSQL as much time as this many meter values: its key is wider, and its row may
 * have to be replaced.
 */
const variableRows = 2

/** Rows of which one report has thousands. */
type BulkRow = RowChange<'variables' | 'monitors'>

function isBulk(change: Change): change is BulkRow {
  return isOf('variables', change) || isOf('monitors', change)
}

/** The rows of a set, counted in meter values. Only rows of which one message can contain thousands are counted. */
export function bulkRowsOf({ meter, changes }: ChangeSet): number {
  let rows = meter === null ? 0 : meter.to - meter.from
  for (const change of changes) if (isBulk(change)) rows += variableRows
  return rows
}

/**
 * `set` as sets that are committed one after the other, in this order, each of at most `partRowsMax` bulk rows and
 * about `partBytesMax` bytes; a single row may be larger. The last one carries the fact, the answer, the anomalies and
 * all other changes; the others carry only slices of the meter values and of the variables. A set that is not large is
 * its only part.
 *
 * Meter values without a usable time are stored under their time of arrival, so a resend would store them again. In a
 * set with a fact, or with a place, that recognises the resend. So these values, and all after them, stay in the last
 * part, however many they are.
 */
export function partsOf(set: ChangeSet): readonly ChangeSet[] {
  const parts: ChangeSet[] = []
  let bytesLeft = set.bytes
  const cutOff = (meter: MeterRows | null, changes: readonly Change[], partBytes: number): void => {
    const bytes = Math.min(partBytes, bytesLeft)
    bytesLeft -= bytes
    parts.push({ ...set, fact: undefined, answer: {}, anomalies: [], meter, changes, bytes })
  }

  let { meter } = set
  if (meter !== null) {
    const { block, to } = meter
    let { from } = meter
    const isRecognised = set.fact !== undefined || set.meterPlace?.place !== undefined
    const end = isRecognised ? firstWithoutTime(meter) : to
    for (;;) {
      const sliceEnd = endOfSlice(block, from, end)
      if (sliceEnd === to || sliceEnd === from) break
      cutOff({ block, from, to: sliceEnd }, [], textBytes(block, from, sliceEnd))
      from = sliceEnd
    }
    meter = { block, from, to }
  }

  let { changes } = set
  const slices = slicesOf(changes.filter((change) => isBulk(change)))
  if (slices.length > 1) {
    const last = slices.pop()
    for (const { variables, bytes } of slices) cutOff(null, variables, bytes)
    changes = [...changes.filter((change) => !isBulk(change)), ...(last?.variables ?? [])]
  }
  if (parts.length === 0) return [set]
  return [...parts, { ...set, meter, changes, bytes: bytesLeft }]
}

/** The end of the largest slice from `from` that fits into a part: at least one row, and `end` at most. */
function endOfSlice(block: MeterBlock, from: number, end: number): number {
  let to = Math.min(end, from + partRowsMax)
  // Halving is precise enough: the rows of one message are similar.
  while (to - from > 1 && textBytes(block, from, to) > partBytesMax) to = from + ((to - from) >> 1)
  return to
}

interface Slice {
  readonly variables: BulkRow[]
  bytes: number
}

function slicesOf(variables: readonly BulkRow[]): Slice[] {
  const slices: Slice[] = []
  let slice: Slice | undefined
  for (const variable of variables) {
    const bytes = bytesOfVariable(variable)
    const isFull =
      slice !== undefined &&
      ((slice.variables.length + 1) * variableRows > partRowsMax || slice.bytes + bytes > partBytesMax)
    if (slice === undefined || isFull) slices.push((slice = { variables: [], bytes: 0 }))
    slice.variables.push(variable)
    slice.bytes += bytes
  }
  return slices
}

/** About its size in the frame. */
function bytesOfVariable({ row }: BulkRow): number {
  let bytes = 0
  for (const part of Object.values(row)) {
    if (typeof part === 'string') bytes += part.length
    else if (typeof part === 'object' && part !== null) bytes += JSON.stringify(part).length
  }
  return bytes
}
