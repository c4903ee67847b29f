// How PostgreSQL's values become JavaScript's on every connection of the store: timestamptz as milliseconds since the
// Unix epoch, int8 as a number (every int8 that is read this way is far below 2^53), the rest as `pg` does it.

import { types } from 'pg'
import { parseInstant } from '../blocks/column-types.ts'

type TypeParser = (text: string) => unknown

const parsers: ReadonlyMap<number, TypeParser> = new Map<number, TypeParser>([
  [types.builtins.TIMESTAMPTZ, parseInstant],
  [types.builtins.INT8, Number],
])

/** The `types` of every pool and client of the store. */
export const storeTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    return (format === 'binary' ? undefined : parsers.get(oid)) ?? types.getTypeParser(oid, format ?? 'text')
  },
}
