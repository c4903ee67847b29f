// The columns of rows as binary arrays: element type and encoder.

import {
  boolArray,
  bytesArray,
  float8Array,
  instantArray,
  int4Array,
  int8Array,
  jsonArray,
  textArray,
} from './binary-array.ts'

/** One column of rows. */
export interface Column<Row> {
  readonly type: string
  readonly encode: (rows: readonly Row[]) => Buffer
}

export function int4<Row>(of: (row: Row) => number | null): Column<Row> {
  return { type: 'int4', encode: (rows) => int4Array(rows.map(of)) }
}

export function int8<Row>(of: (row: Row) => number | bigint | null): Column<Row> {
  return { type: 'int8', encode: (rows) => int8Array(rows.map(of)) }
}

export function float8<Row>(of: (row: Row) => number | null): Column<Row> {
  return { type: 'float8', encode: (rows) => float8Array(rows.map(of)) }
}

export function bool<Row>(of: (row: Row) => boolean | null): Column<Row> {
  return { type: 'bool', encode: (rows) => boolArray(rows.map(of)) }
}

export function text<Row>(of: (row: Row) => string | null): Column<Row> {
  return { type: 'text', encode: (rows) => textArray(rows.map(of)) }
}

export function bytea<Row>(of: (row: Row) => Uint8Array | null): Column<Row> {
  return { type: 'bytea', encode: (rows) => bytesArray(rows.map(of)) }
}

export function json<Row>(of: (row: Row) => string | null): Column<Row> {
  return { type: 'json', encode: (rows) => jsonArray(rows.map(of)) }
}

export function instant<Row>(of: (row: Row) => number | null): Column<Row> {
  return { type: 'timestamptz', encode: (rows) => instantArray(rows.map(of)) }
}

/** Element type and encoder for values that are of the column's type: `RowOf` ensures that. */
type Encoding = readonly [type: string, encode: (values: readonly never[]) => Buffer]

function jsonOrTextArray(values: readonly unknown[]): Buffer {
  return jsonArray(values.map((value) => (value === null || typeof value === 'string' ? value : JSON.stringify(value))))
}

const encodings: Readonly<Record<string, Encoding>> = {
  integer: ['int4', int4Array],
  bigint: ['int8', int8Array],
  'double precision': ['float8', float8Array],
  boolean: ['bool', boolArray],
  text: ['text', textArray],
  bytea: ['bytea', bytesArray],
  json: ['json', jsonOrTextArray],
  'timestamp with time zone': ['timestamptz', instantArray],
}

/** The column of the values that rows have under `name`, of a type as PostgreSQL spells it. */
export function columnOfType(sqlType: string, name: string): Column<Readonly<Record<string, unknown>>> {
  const encoding = encodings[sqlType]
  if (encoding === undefined) throw new TypeError(`Arrays of ${sqlType} cannot be written.`)
  const [type, encode] = encoding
  return { type, encode: (rows) => encode(rows.map((row) => row[name] ?? null) as never[]) }
}
