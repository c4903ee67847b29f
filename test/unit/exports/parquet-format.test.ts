// Parquet as another implementation reads it: row groups, types, nulls, and texts of any kind.

import { expect, test } from 'bun:test'
import type { ExportRequest } from '../../../src/blocks/exports.ts'
import { keyIn } from '../../../src/exports/cursor.ts'
import type { KeyedItem } from '../../../src/exports/kinds.ts'
import { cursorName, parquetFormat } from '../../../src/exports/parquet-format.ts'
import { readParquet } from '../../support/parquet.ts'

const request: ExportRequest = {
  exported: { kind: 'messages', filter: { chargePointKey: 1 } },
  format: 'parquet',
  separator: 'comma',
  after: null,
  rowsMax: null,
  hasCursors: false,
}

const texts = ['', 'plain', '"quotes", \r\n and lines', '電気 😀', '\u0000', 'x'.repeat(70_000), "it's"]

function rowOf(at: number): KeyedItem {
  return {
    item: {
      id: at === 0 ? Number.MAX_SAFE_INTEGER : at,
      timestamp: new Date(Date.UTC(1970 + at * 30, 0, 1, 0, 0, 0, at)).toISOString(),
      direction: 'fromChargePoint',
      messageType: at % 2 === 0 ? null : 'CALL',
      messageId: null,
      action: undefined,
      frame: texts[at % texts.length],
    },
    key: ['2026-01-01 00:00:00+00', String(at)],
  }
}

function fileOf(pieces: readonly (readonly KeyedItem[])[], groupRowsMax: number, more: Partial<ExportRequest> = {}) {
  const format = parquetFormat({ ...request, ...more }, groupRowsMax)
  return Buffer.concat([format.begin(), ...pieces.map((piece) => format.rows(piece)), format.end()])
}

const rows = Array.from({ length: 23 }, (_, at) => rowOf(at))

test('rows come back as they were, over several row groups and pieces', async () => {
  const file = await readParquet(fileOf([rows.slice(0, 4), [], rows.slice(4)], 5))
  const { frame: _, ...withoutFrame } = file.types
  expect(withoutFrame).toEqual({
    id: 'BIGINT',
    timestamp: 'TIMESTAMP WITH TIME ZONE',
    direction: 'VARCHAR',
    messageType: 'VARCHAR',
    messageId: 'VARCHAR',
    action: 'VARCHAR',
  })
  expect(file.rows).toEqual(rows.map(({ item }) => ({ ...item, action: null })))
  expect(file.groups).toEqual([5, 5, 5, 5, 3].map((count) => ({ rows: count, compressions: 'ZSTD' })))
})

test('the metadata has the cursor of the last row, and each row has its own if that is asked for', async () => {
  const { metadata, rows: read } = await readParquet(fileOf([rows], 100, { hasCursors: true }))
  expect(keyIn(metadata[cursorName] ?? '', 'messages')).toEqual(['2026-01-01 00:00:00+00', '22'])
  expect(read.map(({ cursor }) => keyIn(String(cursor), 'messages')[1])).toEqual(rows.map((_, at) => String(at)))
})

test('a file without rows has its columns', async () => {
  const file = await readParquet(fileOf([], 5))
  expect([Object.keys(file.types).length, file.rows, file.metadata]).toEqual([7, [], {}])
})
