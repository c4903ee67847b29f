// The formats of exports as text, and what all formats have in common.

import { byteOrderMark, type Cell, csvLines, type Separator } from '../api/csv.ts'
import type { ExportRequest } from '../blocks/exports.ts'
import { cursorOf } from './cursor.ts'
import { type Column, type Item, type KeyedItem, kinds } from './kinds.ts'

/** Turns the rows of one export into bytes. Each method returns those that are ready; there may be none. */
export interface Format {
  begin(): Uint8Array
  rows(piece: readonly KeyedItem[]): Uint8Array
  end(): Uint8Array
}

/** The column that cursors are in. */
const cursorColumn: Column = { name: 'cursor', type: 'text' }

/** The columns of an export. */
export function columnsOf({ exported, hasCursors }: Pick<ExportRequest, 'exported' | 'hasCursors'>): readonly Column[] {
  const { columns } = kinds[exported.kind]
  return hasCursors ? [...columns, cursorColumn] : columns
}

/** The item of a row, with its cursor if cursors are asked for. */
export function itemOf({ item, key }: KeyedItem, { exported, hasCursors }: ExportRequest): Item {
  return hasCursors ? { ...item, cursor: cursorOf(exported.kind, key) } : item
}

const nothing = new Uint8Array()
const encoder = new TextEncoder()

export function csvFormat(request: ExportRequest): Format {
  const columns = columnsOf(request)
  const separator: Separator = request.separator
  const lines = (rows: readonly (readonly Cell[])[]) => csvLines(rows, separator)
  return {
    begin: () => encoder.encode(byteOrderMark + lines([columns.map(({ name }) => name)])),
    rows: (piece) =>
      encoder.encode(
        lines(
          piece.map((row) => {
            const item = itemOf(row, request)
            return columns.map((column) => cellOf(item[column.name], column))
          }),
        ),
      ),
    end: () => nothing,
  }
}

function cellOf(value: unknown, { type }: Column): Cell {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' || typeof value === 'number') return value
  return type === 'json' ? JSON.stringify(value) : String(value)
}

export function ndjsonFormat(request: ExportRequest): Format {
  return {
    begin: () => nothing,
    rows: (piece) => encoder.encode(piece.map((row) => `${JSON.stringify(itemOf(row, request))}\n`).join('')),
    end: () => nothing,
  }
}
