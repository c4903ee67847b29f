// A set of charge points as bits, by their keys. Whether a row belongs to one of them is then known without a look into
// another table: of the ten thousand rows that a list counts, each look costs microseconds.

import { type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { keyBitsBytesMax } from '../base/limits.ts'

/** A set of keys. */
export interface KeyBits {
  readonly first: number
  readonly last: number
  /** Bit `key - first` is 1 if the key is in the set. As in PostgreSQL, the lowest bit of a byte is the first one. */
  readonly bits: Buffer
}

/** The set of `keys`; null if they lie too far apart for it. */
export function keyBits(keys: readonly number[]): KeyBits | null {
  let first = keys[0] ?? 0
  let last = first
  for (const key of keys) {
    if (key < first) first = key
    else if (key > last) last = key
  }
  const bytes = Math.floor((last - first) / 8) + 1
  if (bytes > keyBitsBytesMax) return null
  const bits = Buffer.alloc(bytes)
  for (const key of keys) {
    const place = key - first
    bits.writeUInt8(bits.readUInt8(place >> 3) | (1 << (place & 7)), place >> 3)
  }
  return { first, last, bits }
}

/** Whether `key` is in the set; false if it is null. */
export function isAmong({ first, last, bits }: KeyBits, key: AnyPgColumn | SQL): SQL {
  const place = sql`${key} - ${first}::int4`
  // Outside the set `get_bit` would fail.
  return sql`CASE WHEN ${key} BETWEEN ${first}::int4 AND ${last}::int4 THEN get_bit(${bits}::bytea, ${place}) = 1 ELSE false END`
}
