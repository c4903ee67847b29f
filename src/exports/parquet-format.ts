// Exports as Apache Parquet. One row group at a time is in memory; only what its footer says of each group stays.

import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer'
import { parquetGroupCharactersMax } from '../base/limits.ts'
import type { ExportRequest } from '../blocks/exports.ts'
import { cursorOf } from './cursor.ts'
import { columnsOf, type Format, itemOf } from './format.ts'
import type { Column, ColumnType, Item } from './kinds.ts'

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]

const elementOf: Readonly<Record<ColumnType, Partial<SchemaElement>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
}

/** The name under which the footer has the cursor of the last row. */
export const cursorName = 'stator.cursor'

/** @param groupRowsMax rows of a row group. */
export function parquetFormat(request: ExportRequest, groupRowsMax: number): Format {
  const columns = columnsOf(request)
  const bytes = new ByteWriter()
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: 'rows', num_children: columns.length }, ...columns.map(schemaOf)],
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => Bun.zstdCompressSync(input, { level: 1 }) },
    statistics: false,
    createdBy: 'Stator',
  })
  let group = newGroup(columns)
  let lastCursor: string | null = null

  const take = (): Uint8Array => {
    const taken = bytes.getBytes().slice()
    bytes.index = 0
    return taken
  }
  const endGroup = (): void => {
    const { length } = group.data[0] ?? []
    if (length === 0) return
    const columnData = columns.map(({ name }, at): ColumnSource => {
      // Zstandard finds what repeats; a dictionary beside it doubles the time.
      return { name, data: group.data[at] ?? [], encoding: 'PLAIN', offsetIndex: false }
    })
    void writer.write({ columnData, rowGroupSize: length })
    group = newGroup(columns)
  }
  return {
    begin: take,
    rows(piece) {
      for (const row of piece) {
        addTo(group, columns, itemOf(row, request))
        const { length } = group.data[0] ?? []
        if (length >= groupRowsMax || group.characters >= parquetGroupCharactersMax) endGroup()
      }
      const last = piece.at(-1)
      if (last !== undefined) lastCursor = cursorOf(request.exported.kind, last.key)
      return take()
    },
    end() {
      endGroup()
      if (lastCursor !== null) writer.kvMetadata = [{ key: cursorName, value: lastCursor }]
      void writer.finish()
      return take()
    },
  }
}

function schemaOf({ name, type }: Column): SchemaElement {
  return { name, repetition_type: 'OPTIONAL', ...elementOf[type] }
}

/** The rows of a row group, by column. */
interface Group {
  readonly data: unknown[][]
  /** Characters of all texts. */
  characters: number
}

function newGroup(columns: readonly Column[]): Group {
  return { data: columns.map(() => []), characters: 0 }
}

function addTo(group: Group, columns: readonly Column[], item: Item): void {
  let at = 0
  for (const { name, type } of columns) {
    const value = valueOf(item[name], type)
    if (typeof value === 'string') group.characters += value.length
    group.data[at++]?.push(value)
  }
}

function valueOf(value: unknown, type: ColumnType): string | number | bigint | null {
  if (value === undefined || value === null) return null
  if (type === 'json') return JSON.stringify(value)
  if (type === 'time') return BigInt(Date.parse(String(value)))
  if (type === 'integer') return BigInt(Number(value))
  return type === 'number' ? Number(value) : String(value)
}
