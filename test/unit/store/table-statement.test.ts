// Statements that are derived from a table.

import { describe, expect, test } from 'bun:test'
import { bigint, boolean, integer, json, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from '../../../src/blocks/column-types.ts'
import {
  boolArray,
  instantArray,
  int4Array,
  int8Array,
  jsonArray,
  textArray,
} from '../../../src/store/wire/binary-array.ts'
import { append, columnsOf, latest, patch, upsert } from '../../../src/store/table-statement.ts'

const readings = pgTable(
  'readings',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    place: text('place').notNull(),
    total: bigint('total', { mode: 'number' }),
    isRaw: boolean('is_raw').notNull(),
    readAtMs: instant('read_at').notNull(),
    detail: json('detail').$type<{ readonly n: number }>(),
  },
  (table) => [primaryKey({ columns: [table.chargePointKey, table.place] })],
)

const rows = [
  { chargePointKey: 1, place: 'a', total: 5, isRaw: true, readAtMs: 1_000, detail: { n: 1 } },
  { chargePointKey: 2, place: 'b', total: null, isRaw: false, readAtMs: 2_000, detail: '{"n":2}' },
]

const given = `(SELECT unnest($1::int4[]) AS "charge_point_id", unnest($2::text[]) AS "place", unnest($3::int8[]) AS "total", \
unnest($4::bool[]) AS "is_raw", unnest($5::timestamptz[]) AS "read_at", unnest($6::json[]) AS "detail") AS v`

describe('a statement of a table', () => {
  test('appends rows by all its columns, each encoded by its type', () => {
    const statement = append('insert_readings', readings)
    expect(statement.name).toBe('stator_insert_readings')
    expect(statement.text).toBe(
      `INSERT INTO readings ("charge_point_id", "place", "total", "is_raw", "read_at", "detail") SELECT * FROM ${given} ` +
        'ON CONFLICT DO NOTHING',
    )
    expect(statement.values(rows)).toEqual([
      int4Array([1, 2]),
      textArray(['a', 'b']),
      int8Array([5, null]),
      boolArray([true, false]),
      instantArray([1_000, 2_000]),
      jsonArray(['{"n":1}', '{"n":2}']),
    ])
  })

  test('replaces what is not the primary key of a row that is there', () => {
    expect(upsert('upsert_readings', readings).text).toEndWith(
      'ON CONFLICT (charge_point_id, place) DO UPDATE SET "total" = EXCLUDED."total", "is_raw" = EXCLUDED."is_raw", ' +
        '"read_at" = EXCLUDED."read_at", "detail" = EXCLUDED."detail"',
    )
  })

  test('patches the columns that it names, each by its rule: null is stored, and what is left out stays', () => {
    const statement = patch('update_readings', readings, {
      key: 'place',
      alias: 'r',
      names: ['total', 'readAtMs'],
      rules: { readAtMs: latest },
    })
    expect(statement.text.replaceAll(/\s+/g, ' ')).toBe(
      'UPDATE readings r SET total = CASE WHEN v.given & 1 <> 0 THEN v.total ELSE r.total END, ' +
        'read_at = GREATEST(r.read_at, v.read_at) FROM (SELECT unnest($1::text[]) AS "place", ' +
        'unnest($2::int8[]) AS "total", unnest($3::timestamptz[]) AS "read_at", unnest($4::int8[]) AS "given") AS v ' +
        'WHERE r.place = v.place',
    )
    expect(statement.values([{ place: 'a', total: 7 }, { place: 'b', total: null }, { place: 'c' }])).toEqual([
      textArray(['a', 'b', 'c']),
      int8Array([7, null, null]),
      instantArray([null, null, null]),
      int8Array([1, 1, 0]),
    ])
  })

  test('is refused at the start when a column has a type that has no encoder', () => {
    const odd = pgTable('odd', { id: uuid('id').primaryKey() })
    expect(() => columnsOf(odd)).toThrow('Arrays of uuid cannot be written.')
  })
})
