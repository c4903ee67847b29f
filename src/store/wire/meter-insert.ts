// The INSERT of meter values: ranges of worker blocks become its binary arrays. The element bodies are copied as they
// are. Making the rows and sending them takes the client 0.66 times what a binary COPY takes, which also fails on
// duplicates (7.9 against 11.9 µs a row; bench/measurements.md, "Inserting meter values").

import type { MeterPlace } from '../../blocks/decision.ts'
import { type MeterBlock, type MeterRows, meterColumns } from '../../blocks/meter-block.ts'
import { arrayHeaderBytes, writeArrayHeader } from './binary-array.ts'
import type { BoundStatement } from './bind-messages.ts'
import { rowsOf } from './unnest.ts'

/** Measurements whose absence a block writes as NaN. */
const measured: ReadonlySet<string> = new Set(['energy_wh', 'power_w', 'current_a', 'voltage_v', 'soc_percent'])
const evseColumn = meterColumns.findIndex((column) => column.name === 'evse_id')
const connectorColumn = meterColumns.findIndex((column) => column.name === 'connector_id')
const digestColumn = meterColumns.findIndex((column) => column.name === 'digest')
const sampledColumn = meterColumns.findIndex((column) => column.name === 'sampled_at')
const receivedColumn = meterColumns.findIndex((column) => column.name === 'received_at')
const transactionColumn = meterColumns.findIndex((column) => column.name === 'transaction_ref')

const textName = 'meter_value'
const others = meterColumns.flatMap(({ name }) => (name === textName ? [] : [name]))

// A packed text begins with a control character, and JSON never does.
const isPacked = `ascii(${textName}) < ascii(' ')`

/** SQL of the columns of the text: packed ones as they are, or as the JSON that they were made of. */
const textColumns = {
  packed: {
    names: `${textName}, packed`,
    values: `CASE WHEN NOT ${isPacked} THEN ${textName}::json END, CASE WHEN ${isPacked} THEN ${textName} END`,
  },
  plain: {
    names: textName,
    values: `CASE WHEN ${isPacked} THEN meter_value_of(NULL, ${textName}) ELSE ${textName}::json END`,
  },
} as const

function insertOf(form: keyof typeof textColumns, expectsNew: boolean) {
  const { names, values } = textColumns[form]
  return {
    name: `stator_insert${expectsNew ? '_new' : ''}_${form}_meter_values`,
    text: `INSERT INTO meter_values (${others.join(', ')}, ${names})
      SELECT ${others.map((name) => (measured.has(name) ? `NULLIF(${name}, 'NaN')` : name)).join(', ')}, ${values}
      FROM ${rowsOf(meterColumns)}${expectsNew ? '' : ' ON CONFLICT DO NOTHING'}`,
  }
}

const inserts = {
  packed: { new: insertOf('packed', true), any: insertOf('packed', false) },
  plain: { new: insertOf('plain', true), any: insertOf('plain', false) },
}

/** Consecutive rows of one block. */
interface Run {
  readonly block: MeterBlock
  readonly from: number
  to: number
  readonly place: MeterPlace | undefined
}

/** The meter values of any number of change sets. */
export class MeterInsert {
  readonly #runs: Run[] = []
  #rows = 0

  get rows(): number {
    return this.#rows
  }

  /** Adds rows; `place` overrides the place in the block. */
  add(rows: MeterRows, place: MeterPlace | undefined): void {
    if (rows.to <= rows.from) return
    this.#rows += rows.to - rows.from
    const last = this.#runs.at(-1)
    if (last?.block === rows.block && last.to === rows.from && last.place === undefined && place === undefined) {
      last.to = rows.to
    } else {
      this.#runs.push({ block: rows.block, from: rows.from, to: rows.to, place })
    }
  }

  /**
   * The statement that stores the rows; null if there are none. With `expectsNew` it fails if one of them is stored
   * already. Otherwise it leaves those out, and its row count is the number of new rows.
   *
   * @param packs whether texts that are packed are stored like that, which nodes of the version before cannot read.
   */
  statement(expectsNew: boolean, packs: boolean): BoundStatement | null {
    if (this.#rows === 0) return null
    const values = meterColumns.map((column, i) =>
      column.bytes === null ? this.#varying(i, column.oid) : this.#fixed(i, column.oid, 4 + column.bytes),
    )
    this.#overridePlaces(values)
    const { new: ofNew, any } = packs ? inserts.packed : inserts.plain
    return { ...(expectsNew ? ofNew : any), values }
  }

  #fixed(column: number, oid: number, elementBytes: number): Buffer {
    const array = Buffer.allocUnsafe(arrayHeaderBytes + this.#rows * elementBytes)
    writeArrayHeader(array, oid, this.#rows, false)
    let at = arrayHeaderBytes
    for (const { block, from, to } of this.#runs) {
      array.set(bodies(block, column, from * elementBytes, to * elementBytes), at)
      at += (to - from) * elementBytes
    }
    return array
  }

  #varying(column: number, oid: number): Buffer {
    let bodyBytes = 0
    for (const { block, from, to } of this.#runs) bodyBytes += offset(block, to) - offset(block, from)
    const array = Buffer.allocUnsafe(arrayHeaderBytes + bodyBytes)
    writeArrayHeader(array, oid, this.#rows, false)
    let at = arrayHeaderBytes
    for (const { block, from, to } of this.#runs) {
      const body = bodies(block, column, offset(block, from), offset(block, to))
      array.set(body, at)
      at += body.length
    }
    return array
  }

  #overridePlaces(values: readonly Buffer[]): void {
    let row = 0
    for (const { from, to, place } of this.#runs) {
      const end = row + to - from
      if (place !== undefined) for (let at = row; at < end; at++) overridePlace(values, at, place, from + at - row)
      row = end
    }
  }
}

// An element has four bytes of length before its value.
function overridePlace(values: readonly Buffer[], row: number, meterPlace: MeterPlace, blockRow: number): void {
  const { connector, isOfNoTransaction, place } = meterPlace
  if (connector !== undefined) {
    const at = arrayHeaderBytes + row * (4 + 2) + 4
    values[evseColumn]?.writeInt16BE(toInt2(connector.evseId), at)
    values[connectorColumn]?.writeInt16BE(toInt2(connector.connectorId), at)
  }
  const at = arrayHeaderBytes + row * (4 + 8) + 4
  if (isOfNoTransaction) values[transactionColumn]?.writeBigInt64BE(0n, at)
  const digest = values[digestColumn]
  const hasArrivalTime = values[sampledColumn]?.readBigInt64BE(at) === values[receivedColumn]?.readBigInt64BE(at)
  if (place === undefined || digest === undefined || !hasArrivalTime) return
  digest.writeBigInt64BE(placedDigest(digest.readBigInt64BE(at), place, blockRow), at)
}

/** Two samples without a time may be equal in the same microsecond, in one message or in two. */
export function placedDigest(digest: bigint, place: number, row: number): bigint {
  return BigInt.asIntN(64, digest ^ Bun.hash.xxHash64(`${place}/${row}`))
}

function toInt2(value: number): number {
  return Math.max(0, Math.min(32_767, Math.trunc(value)))
}

function offset(block: MeterBlock, row: number): number {
  const at = block.offsets[row]
  if (at === undefined) throw new RangeError(`A meter block of ${block.rows} rows was asked for row ${row}.`)
  return at
}

function bodies(block: MeterBlock, column: number, from: number, to: number): Uint8Array {
  const bytes = block.columns[column]
  if (bytes === undefined || to > bytes.length) {
    throw new RangeError(`A meter block of ${block.rows} rows ends before byte ${to} of column ${column}.`)
  }
  return bytes.subarray(from, to)
}
