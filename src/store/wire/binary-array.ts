// JavaScript values as PostgreSQL arrays in binary form, for `unnest($1::int4[], …)`. Format: array_recv in
// src/backend/utils/adt/arrayfuncs.c. Text form would have to be quoted here and parsed there, element by element:
// binary takes 0.30 times the CPU of the client and 0.62 times that of PostgreSQL a row (bench/measurements.md, "Binary
// arrays").
//
// Nothing that a charge point sends may make a commit fail, so a number that does not fit its type becomes the nearest
// one that does. U+0000, which a text of PostgreSQL cannot contain, becomes U+FFFD, and so does half of a surrogate
// pair.

import { storableText } from '../../base/storable-text.ts'

const headerBytes = 20
const nullLength = -1
const postgresEpochMs = Date.UTC(2000, 0, 1)

const oids = { bool: 16, bytea: 17, int8: 20, int4: 23, text: 25, json: 114, float8: 701, timestamptz: 1184 } as const

type Nullable<T> = readonly (T | null)[]

function withHeader(oid: number, count: number, bodyBytes: number, hasNull: boolean): Buffer {
  const array = Buffer.allocUnsafe(headerBytes + bodyBytes)
  writeArrayHeader(array, oid, count, hasNull)
  return array
}

/** Bytes before the elements of a one-dimensional array. */
export const arrayHeaderBytes = headerBytes

/** Writes the header of a one-dimensional array of `count` elements into the first `arrayHeaderBytes` of `array`. */
export function writeArrayHeader(array: Buffer, oid: number, count: number, hasNull: boolean): void {
  array.writeInt32BE(1, 0)
  array.writeInt32BE(hasNull ? 1 : 0, 4)
  array.writeInt32BE(oid, 8)
  array.writeInt32BE(count, 12)
  array.writeInt32BE(1, 16)
}

function fixed<T>(
  oid: number,
  bytes: number,
  values: Nullable<T>,
  write: (to: Buffer, value: T, at: number) => void,
): Buffer {
  let nulls = 0
  for (const value of values) if (value === null) nulls++
  const array = withHeader(oid, values.length, values.length * (4 + bytes) - nulls * bytes, nulls > 0)
  let at = headerBytes
  for (const value of values) {
    if (value === null) {
      array.writeInt32BE(nullLength, at)
      at += 4
    } else {
      array.writeInt32BE(bytes, at)
      write(array, value, at + 4)
      at += 4 + bytes
    }
  }
  return array
}

const int4Max = 2_147_483_647
const int8Max = 9_223_372_036_854_775_807n

/** `value` as the nearest int4; 0 when it is not a number. */
function toInt4(value: number): number {
  if (Number.isNaN(value)) return 0
  return Math.max(-int4Max - 1, Math.min(int4Max, Math.trunc(value)))
}

function toInt8(value: number | bigint): bigint {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value)
  if (Number.isNaN(value)) return 0n
  if (value >= Number(int8Max)) return int8Max
  return value <= -Number(int8Max) ? -int8Max : BigInt(Math.trunc(value))
}

export function int4Array(values: Nullable<number>): Buffer {
  return fixed(oids.int4, 4, values, (to, value, at) => to.writeInt32BE(toInt4(value), at))
}

export function int8Array(values: Nullable<number | bigint>): Buffer {
  return fixed(oids.int8, 8, values, (to, value, at) => to.writeBigInt64BE(toInt8(value), at))
}

export function float8Array(values: Nullable<number>): Buffer {
  return fixed(oids.float8, 8, values, (to, value, at) => to.writeDoubleBE(value, at))
}

export function boolArray(values: Nullable<boolean>): Buffer {
  return fixed(oids.bool, 1, values, (to, value, at) => to.writeUInt8(value ? 1 : 0, at))
}

// Years 1 to 9999: both PostgreSQL and ISO 8601 can write them in the usual format.
const instantMsMin = Date.parse('0001-01-01T00:00:00Z')
const instantMsMax = Date.parse('9999-12-31T23:59:59.999Z')

/** `values` in milliseconds since the Unix epoch. */
export function instantArray(values: Nullable<number>): Buffer {
  return fixed(oids.timestamptz, 8, values, (to, ms, at) => {
    // An invalid time is stored as the Unix epoch: visibly wrong, but the fact is kept.
    const sinceMs = (Number.isNaN(ms) ? 0 : Math.max(instantMsMin, Math.min(instantMsMax, ms))) - postgresEpochMs
    to.writeBigInt64BE(BigInt(Math.trunc(sinceMs)) * 1000n, at)
  })
}

function variable(oid: number, values: Nullable<string>): Buffer {
  const lengths = values.map((value) => (value === null ? nullLength : Buffer.byteLength(value)))
  let bodyBytes = 0
  for (const length of lengths) bodyBytes += 4 + Math.max(0, length)
  const array = withHeader(oid, values.length, bodyBytes, lengths.includes(nullLength))
  let at = headerBytes
  for (let i = 0; i < values.length; i++) {
    array.writeInt32BE(lengths[i] ?? nullLength, at)
    at += 4
    const value = values[i]
    if (typeof value === 'string') at += array.write(value, at, 'utf8')
  }
  return array
}

export function textArray(values: Nullable<string>): Buffer {
  return variable(
    oids.text,
    values.map((value) => (value === null ? null : storableText(value))),
  )
}

export function bytesArray(values: Nullable<Uint8Array>): Buffer {
  let bodyBytes = 0
  for (const value of values) bodyBytes += 4 + (value?.length ?? 0)
  const array = withHeader(oids.bytea, values.length, bodyBytes, values.includes(null))
  let at = headerBytes
  for (const value of values) {
    array.writeInt32BE(value?.length ?? nullLength, at)
    at += 4
    if (value === null) continue
    array.set(value, at)
    at += value.length
  }
  return array
}

/** `values` are JSON texts. */
export function jsonArray(values: Nullable<string>): Buffer {
  return variable(oids.json, values)
}
