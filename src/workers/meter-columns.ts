// Meter values of a batch of frames, written straight into PostgreSQL's binary array elements (see
// blocks/meter-block.ts). The common measurands become numbers in one unit each. The element is also kept as it was
// sent, so nothing is lost.

import { isObject, type JsonObject } from '../base/json.ts'
import type { ConnectorRef } from '../blocks/decision.ts'
import { firstFall } from '../blocks/metering/energy.ts'
import { meterColumns, type MeterBlock, transactionRef } from '../blocks/meter-block.ts'
import { meterValueOrder, orderedText } from '../ocpp/member-order.ts'
import { figureOf } from '../ocpp/sample-figure.ts'
import { isUsableTime } from '../ocpp/usable-time.ts'
import type { EnergyRegisters, MeterRange, RegisterReading } from '../ocpp/verdict.ts'
import { MeterPacker } from './meter-packer.ts'
import { OpenBlock } from './open-block.ts'
import { Measurand, MomentRegister, rankOf } from './measurand.ts'

/** Where a frame comes from. */
interface Origin {
  readonly chargePointKey: number
  readonly receivedAtMs: number
}

const postgresEpochMs = Date.UTC(2000, 0, 1)
const fixedColumns = meterColumns.filter((column) => column.bytes !== null)
// Initial size of buffers. They grow when needed, and are released if they have grown beyond `textBytesKeptMax`.
const rowsAtFirst = 64
const textBytesAtFirst = 65_536
const textBytesKeptMax = 4_194_304

function integerOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 32_767 ? value : otherwise
}

/** Where the values of the message were measured: 1.6 connectorId, 2.x evseId or evse; else 0 of 0. */
function connectorOf(payload: JsonObject): ConnectorRef {
  if (isObject(payload.evse)) {
    const evseId = integerOr(payload.evse.id, 0)
    return { evseId, connectorId: integerOr(payload.evse.connectorId, evseId === 0 ? 0 : 1) }
  }
  const evseId = integerOr(payload.evseId ?? payload.connectorId, 0)
  return { evseId, connectorId: evseId === 0 ? 0 : 1 }
}

function transactionRefOf(payload: JsonObject): bigint {
  if (isObject(payload.transactionInfo)) {
    const id = payload.transactionInfo.transactionId
    return typeof id === 'string' ? transactionRef(id) : 0n
  }
  const id = payload.transactionId
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? transactionRef(id) : 0n
}

/** The meter values as they were sent, each in the place of the repaired one. */
function verbatimOf(values: readonly unknown[], sent: unknown): readonly unknown[] {
  if (!Array.isArray(sent)) return values
  if (sent.length === values.length) return sent
  // A repair removes those without content.
  const kept = sent.filter(
    (value) => !isObject(value) || value.timestamp !== undefined || value.sampledValue !== undefined,
  )
  return kept.length === values.length ? kept : values
}

/**
 * Finds the energy registers of a frame with which a transaction begins and ends, in whatever order they are listed.
 */
class RegisterSearch {
  begin = Number.NaN
  end = Number.NaN
  first = Number.NaN
  last = Number.NaN
  #beginAtMs = 0
  #endAtMs = 0
  #firstAtMs = 0
  #lastAtMs = 0
  /** The readings before the last time: most frames have none. */
  #before: RegisterReading[] = []
  #moment = Number.NaN
  #momentAtMs = 0

  reset(): void {
    this.#moment = Number.NaN
    if (this.#before.length > 0) this.#before = []
    this.begin = Number.NaN
    this.end = Number.NaN
    this.first = Number.NaN
    this.last = Number.NaN
  }

  /**
   * Adds a meter value: its register, and its registers in the contexts of begin and end. Between values with one time,
   * the order of the list decides.
   */
  add(atMs: number, register: MomentRegister, atBegin: MomentRegister, atEnd: MomentRegister): void {
    if (!Number.isNaN(register.value)) this.#addRegister(atMs, register)
    if (!Number.isNaN(atBegin.value)) this.#addBegin(atMs, atBegin)
    if (!Number.isNaN(atEnd.value) && (Number.isNaN(this.end) || atMs >= this.#endAtMs)) {
      this.end = atEnd.value
      this.#endAtMs = atMs
    }
  }

  #addRegister(atMs: number, register: MomentRegister): void {
    const wh = register.value
    const isMoreOfFirst = atMs === this.#firstAtMs && register.isOfMoment
    if (Number.isNaN(this.first) || atMs < this.#firstAtMs || isMoreOfFirst) {
      this.first = wh
      this.#firstAtMs = atMs
    }
    if (register.isOfBegin) return
    if (Number.isNaN(this.last) || atMs >= this.#lastAtMs) {
      this.last = wh
      this.#lastAtMs = atMs
    }
    this.#read(wh, atMs)
  }

  #addBegin(atMs: number, register: MomentRegister): void {
    const isMoreOfBegin = atMs === this.#beginAtMs && register.isOfMoment
    if (Number.isNaN(this.begin) || atMs < this.#beginAtMs || isMoreOfBegin) {
      this.begin = register.value
      this.#beginAtMs = atMs
    }
  }

  /** The result, as plain data. */
  get found(): EnergyRegisters {
    if (Number.isNaN(this.first)) return noRegisters
    const readings = this.#readings
    return {
      begin: orNull(this.begin),
      end: orNull(this.end),
      first: orNull(this.first),
      last: orNull(this.last),
      lastAtMs: Number.isNaN(this.last) ? null : this.#lastAtMs,
      earlier: readings?.[0] ?? null,
      fall: readings === null ? null : firstFall(readings),
    }
  }

  /** A reading replaces an earlier one with the same time. */
  #read(wh: number, atMs: number): void {
    if (!Number.isNaN(this.#moment) && atMs !== this.#momentAtMs) {
      this.#before.push({ wh: this.#moment, atMs: this.#momentAtMs })
    }
    this.#moment = wh
    this.#momentAtMs = atMs
  }

  /** In the order of their times; null while there are fewer than two. */
  get #readings(): readonly RegisterReading[] | null {
    if (this.#before.length === 0) return null
    const all = [...this.#before, { wh: this.#moment, atMs: this.#momentAtMs }]
    return all.toSorted((one, other) => one.atMs - other.atMs)
  }
}

const noRegisters: EnergyRegisters = Object.freeze({
  ...{ begin: null, end: null, first: null, last: null, lastAtMs: null },
  ...{ earlier: null, fall: null },
})

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}

/**
 * Collects the meter values of one batch. If a measurand comes in several contexts, one counts (`rankOf`). Phases:
 * energy and power are summed, the largest current counts, and voltages (to neutral) of the phases in use are averaged.
 * A sample without a phase is a total and takes precedence over its phases. Samples from elsewhere than the outlet (the
 * default location) do not enter the columns, except the state of charge, which only the EV knows.
 */
export class MeterColumns {
  #rows = 0
  #rowsRoom = rowsAtFirst
  #views = fixedColumns.map((column) => new DataView(new ArrayBuffer(rowsAtFirst * (4 + column.bytes))))
  #text = Buffer.alloc(textBytesAtFirst)
  #textBytes = 0
  #offsets: number[] = []
  #open: OpenBlock | null = null
  readonly #packer = new MeterPacker()
  readonly #energy = new MomentRegister()
  readonly #energyAtBegin = new MomentRegister()
  readonly #energyAtEnd = new MomentRegister()
  /** When the meter value before this one of the frame was sampled; NaN for the first. */
  #momentMs = Number.NaN
  readonly #power = new Measurand('sum')
  readonly #current = new Measurand('max')
  readonly #voltage = new Measurand('mean')
  readonly #soc = new Measurand('max')
  readonly #registers = new RegisterSearch()
  /** The time that a repair uses instead of an unusable one; NaN for a frame with usable times. */
  #arrivalMs = Number.NaN

  get rows(): number {
    return this.#rows
  }

  /**
   * Adds the meter values that `payload` carries, if any, under `meterValue` or (1.6 StopTransaction)
   * `transactionData`.
   *
   * @param sent the payload before repairs, kept verbatim; its n-th meter value, without counting those without
   *   content, is the n-th of `payload`. A value without a usable time of its own has that of its message
   *   (TransactionEvent, StopTransaction).
   *
   * @param lacksTime whether a usable time is missing: a row with the time of arrival instead has it to the
   *   microsecond, as in `received_at`.
   */
  add(payload: JsonObject, sent: JsonObject, origin: Origin, lacksTime = false): MeterRange | null {
    const values = payload.meterValue ?? payload.transactionData
    if (!Array.isArray(values) || values.length === 0) return null
    const verbatim = verbatimOf(values, sent.meterValue ?? sent.transactionData)
    const connector = connectorOf(payload)
    const transaction = transactionRefOf(payload)
    const from = this.#rows
    this.#arrivalMs = lacksTime ? Math.trunc(origin.receivedAtMs) : Number.NaN
    this.#registers.reset()
    this.#momentMs = Number.NaN
    const messageMs = payload !== sent && !lacksTime ? timeOf(payload) : Number.NaN
    for (let index = 0; index < values.length; index++) {
      const value: unknown = values[index]
      if (!isObject(value)) continue
      // A microsecond each: samples with one time are listed in the order of arrival.
      const receivedAtMs = origin.receivedAtMs + (this.#rows - from) / 1_000
      const asSent = verbatim[index]
      const hasOwnTime =
        Number.isNaN(messageMs) || isUsableTime(value.timestamp, isObject(asSent) ? asSent.timestamp : undefined)
      const atMs = hasOwnTime ? timeOf(value) : messageMs
      this.#addRow(value, atMs, asSent, origin.chargePointKey, receivedAtMs, connector, transaction)
    }
    return { from, to: this.#rows, registers: this.#registers.found }
  }

  /** The block of everything added since the last one, and of what is added until it is read. */
  get open(): MeterBlock {
    this.#open ??= new OpenBlock(() => this.finish())
    return this.#open
  }

  /**
   * The block of everything added since the last one: a copy of exactly its size, in one piece of memory, so that the
   * buffers here are reused.
   */
  finish(): MeterBlock {
    const rows = this.#rows
    const fixedBytes = fixedColumns.reduce((bytes, column) => bytes + rows * (4 + column.bytes), 0)
    const bytes = new Uint8Array(fixedBytes + this.#textBytes)
    const columns: Uint8Array[] = []
    let at = 0
    const take = (source: Uint8Array, length: number): void => {
      bytes.set(source.subarray(0, length), at)
      columns.push(bytes.subarray(at, at + length))
      at += length
    }
    for (const [index, { buffer }] of this.#views.entries()) {
      take(new Uint8Array(buffer), rows * (4 + (fixedColumns[index]?.bytes ?? 0)))
    }
    take(this.#text, this.#textBytes)
    const offsets = Uint32Array.from([...this.#offsets, this.#textBytes])
    this.#rows = 0
    this.#textBytes = 0
    this.#offsets = []
    if (this.#text.length > textBytesKeptMax) this.#text = Buffer.alloc(textBytesAtFirst)
    const block = { rows, columns, offsets }
    this.#open?.fill(block)
    this.#open = null
    return block
  }

  #addRow(
    meterValue: JsonObject,
    readAtMs: number,
    sent: unknown,
    chargePointKey: number,
    receivedAtMs: number,
    { evseId, connectorId }: ConnectorRef,
    transaction: bigint,
  ): void {
    if (this.#rows === this.#rowsRoom) this.#growRows()
    const text = JSON.stringify(sent)
    const sampledAtMs = Number.isNaN(readAtMs) || readAtMs === this.#arrivalMs ? receivedAtMs : readAtMs
    this.#nextMoment(sampledAtMs)
    this.#measure(meterValue.sampledValue)
    const energyWh = this.#energy.value
    this.#registers.add(sampledAtMs, this.#energy, this.#energyAtBegin, this.#energyAtEnd)
    this.#int(0, chargePointKey)
    this.#bigint(1, transaction)
    this.#time(2, sampledAtMs)
    this.#short(3, evseId)
    this.#short(4, connectorId)
    this.#bigint(5, Bun.hash.xxHash64(orderedText(sent, meterValueOrder, text)))
    this.#time(6, receivedAtMs)
    this.#double(7, energyWh)
    this.#double(8, this.#power.value)
    this.#double(9, this.#current.value)
    this.#double(10, this.#voltage.value)
    this.#double(11, this.#soc.value)
    this.#addText(this.#packer.pack(text) ?? text)
    this.#rows++
  }

  #nextMoment(sampledAtMs: number): void {
    const isSame = sampledAtMs === this.#momentMs
    this.#momentMs = sampledAtMs
    this.#energy.next(isSame)
    this.#energyAtBegin.next(isSame)
    this.#energyAtEnd.next(isSame)
  }

  #measure(sampledValue: unknown): void {
    this.#power.reset()
    this.#current.reset()
    this.#voltage.reset()
    this.#soc.reset()
    if (!Array.isArray(sampledValue)) return
    for (const sample of sampledValue) {
      if (isObject(sample)) this.#addSample(sample)
    }
  }

  #addSample(sample: JsonObject): void {
    const { measurand = 'Energy.Active.Import.Register', phase, location, context } = sample
    const rank = rankOf(context)
    if (measurand === 'SoC') {
      this.#soc.add(figureOf(sample, 'Percent'), phase, rank)
      return
    }
    if (location !== undefined && location !== 'Outlet') return
    if (measurand === 'Energy.Active.Import.Register') this.#addEnergy(figureOf(sample, 'Wh'), phase, rank, context)
    else if (measurand === 'Power.Active.Import') this.#power.add(figureOf(sample, 'W'), phase, rank)
    else if (measurand === 'Current.Import') this.#current.add(figureOf(sample, 'A'), phase, rank)
    else if (measurand === 'Voltage' && !isBetweenPhases(phase)) this.#voltage.add(figureOf(sample, 'V'), phase, rank)
  }

  #addEnergy(valueWh: number, phase: unknown, rank: number, context: unknown): void {
    this.#energy.add(valueWh, phase, rank)
    if (context === 'Transaction.Begin') this.#energyAtBegin.add(valueWh, phase, rank)
    else if (context === 'Transaction.End') this.#energyAtEnd.add(valueWh, phase, rank)
  }

  #view(column: number): DataView<ArrayBuffer> {
    const view = this.#views[column]
    if (view === undefined) throw new RangeError(`meter column ${column} does not exist`)
    return view
  }

  #short(column: number, value: number): void {
    const at = this.#rows * 6
    const view = this.#view(column)
    view.setInt32(at, 2)
    view.setInt16(at + 4, value)
  }

  #int(column: number, value: number): void {
    const at = this.#rows * 8
    const view = this.#view(column)
    view.setInt32(at, 4)
    view.setInt32(at + 4, value)
  }

  // Of a value with more than 63 bits, the lowest 64 are kept.
  #bigint(column: number, value: bigint): void {
    const at = this.#rows * 12
    const view = this.#view(column)
    view.setInt32(at, 8)
    view.setBigInt64(at + 4, value)
  }

  #double(column: number, value: number): void {
    const at = this.#rows * 12
    const view = this.#view(column)
    view.setInt32(at, 8)
    view.setFloat64(at + 4, value)
  }

  // PostgreSQL counts microseconds from the year 2000.
  #time(column: number, ms: number): void {
    const microseconds = Math.round((ms - postgresEpochMs) * 1000)
    const at = this.#rows * 12
    const view = this.#view(column)
    view.setInt32(at, 8)
    view.setInt32(at + 4, Math.floor(microseconds / 2 ** 32))
    view.setUint32(at + 8, microseconds >>> 0)
  }

  #addText(text: string): void {
    // UTF-8 takes at most three bytes per UTF-16 unit.
    const bytesMax = 4 + text.length * 3
    if (this.#textBytes + bytesMax > this.#text.length) this.#growText(this.#textBytes + bytesMax)
    this.#offsets.push(this.#textBytes)
    const written = this.#text.write(text, this.#textBytes + 4)
    this.#text.writeInt32BE(written, this.#textBytes)
    this.#textBytes += 4 + written
  }

  #growText(bytesMin: number): void {
    const larger = Buffer.alloc(Math.max(bytesMin, this.#text.length * 2))
    larger.set(this.#text.subarray(0, this.#textBytes))
    this.#text = larger
  }

  #growRows(): void {
    this.#rowsRoom *= 2
    this.#views = this.#views.map((view, index) => {
      const larger = new Uint8Array(this.#rowsRoom * (4 + (fixedColumns[index]?.bytes ?? 0)))
      larger.set(new Uint8Array(view.buffer))
      return new DataView(larger.buffer)
    })
  }
}

/** The time of a message or of a meter value; NaN if it has none. */
function timeOf({ timestamp }: JsonObject): number {
  return typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN
}

function isBetweenPhases(phase: unknown): boolean {
  return phase === 'L1-L2' || phase === 'L2-L3' || phase === 'L3-L1'
}
