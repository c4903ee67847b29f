// Values on their way into rows: binary arrays, refs, folded changes, errors.

import { describe, expect, test } from 'bun:test'
import { DatabaseError } from 'pg'
import { StatorError } from '../../../src/base/errors.ts'
import { storableText } from '../../../src/base/storable-text.ts'
import type { Change } from '../../../src/blocks/decision.ts'
import { boolArray, instantArray, int4Array, int8Array, textArray } from '../../../src/store/wire/binary-array.ts'
import { ChangeRows } from '../../../src/store/change-rows.ts'
import { storedRef } from '../../../src/store/fact-row.ts'
import { parseInstant } from '../../../src/blocks/column-types.ts'
import { isConnectionLost, isTransient, storeError } from '../../../src/store/store-error.ts'
import { changeSet } from '../../support/store.ts'

const hex = (array: Buffer): string =>
  array
    .toString('hex')
    .replaceAll(/(.{8})/g, '$1 ')
    .trim()

describe('binary arrays', () => {
  test('have the layout that PostgreSQL documents: dimensions, nulls, element type, length, lower bound, elements', () => {
    expect(hex(int4Array([1, null, -1]))).toBe(
      '00000001 00000001 00000017 00000003 00000001 00000004 00000001 ffffffff 00000004 ffffffff',
    )
    expect(hex(boolArray([true, false]))).toBe('00000001 00000000 00000010 00000002 00000001 00000001 01000000 0100')
    expect(hex(textArray(['é', '']))).toBe('00000001 00000000 00000019 00000002 00000001 00000002 c3a90000 0000')
  })

  test('count microseconds from the year 2000', () => {
    const at = instantArray([Date.UTC(2000, 0, 1) + 1])
    expect(at.readBigInt64BE(24)).toBe(1000n)
  })

  test('cut numbers to their type instead of failing', () => {
    const int4 = (value: number): number => int4Array([value]).readInt32BE(24)
    const int8 = (value: number | bigint): bigint => int8Array([value]).readBigInt64BE(24)
    expect([1e12, -1e12, 1.9, Number.NaN].map(int4)).toEqual([2_147_483_647, -2_147_483_648, 1, 0])
    expect([1e30, -1e30, 2.5, Number.NaN, 2n ** 63n].map(int8)).toEqual([
      2n ** 63n - 1n,
      1n - 2n ** 63n,
      2n,
      0n,
      -(2n ** 63n),
    ])
  })

  test('hold no character that a text cannot', () => {
    expect(storableText('a\0b\ud800c')).toBe('a\ufffdb\ufffdc')
    expect(storableText('⚡ plain')).toBe('⚡ plain')
  })
})

test('instants of PostgreSQL are read to the millisecond, whatever the zone', () => {
  expect(parseInstant('2026-01-01 00:00:00.123+00')).toBe(Date.UTC(2026, 0, 1, 0, 0, 0, 123))
  expect(parseInstant('2026-01-01 05:30:00+05:30')).toBe(Date.UTC(2026, 0, 1))
  expect(parseInstant('2025-12-31 19:00:00.5-05')).toBe(Date.UTC(2026, 0, 1, 0, 0, 0, 500))
})

test('a ref of any length is stored under a name that fits an index and stays its own', () => {
  const long = 'x'.repeat(300)
  expect(storedRef('stop:42')).toBe('stop:42')
  expect(storedRef(`${long}a`).length).toBeLessThanOrEqual(255)
  expect(storedRef(`${long}a`)).not.toBe(storedRef(`${long}b`))
  expect(storedRef(`${long}a`)).toBe(storedRef(`${long}a`))
})

test('changes to one row are merged into one statement row, from any sets', () => {
  const rows = new ChangeRows()
  const activity = (status: string): Change => ({ table: 'chargePoints', patch: { firmwareStatus: status } })
  rows.add(
    changeSet(1, { changes: [activity('Downloading'), { table: 'chargePoints', patch: { status: 'Charging' } }] }),
  )
  rows.add(changeSet(1, { changes: [activity('Installed')] }))
  rows.add(changeSet(2, { changes: [activity('Idle')] }))
  const [update, ...others] = rows.statements()
  expect(others).toEqual([])
  expect(update?.name).toBe('stator_update_charge_points')
  expect(update?.values[0]).toEqual(int4Array([1, 2]))
  const valuesOf = (column: string) =>
    update?.values[Number(new RegExp(String.raw`\$(\d+)::text\[\]\) AS "${column}"`).exec(update.text)?.[1]) - 1]
  expect(valuesOf('status')).toEqual(textArray(['Charging', null]))
  expect(valuesOf('firmware_status')).toEqual(textArray(['Installed', 'Idle']))
})

describe('errors', () => {
  const refused = (code: string, severity = 'ERROR'): DatabaseError =>
    Object.assign(new DatabaseError('refused', 7, 'error'), { code, severity })

  test('are transient if they are about the database and not about the data', () => {
    for (const code of [
      '08006',
      '40001',
      '40P01',
      '53100',
      '53300',
      '57014',
      '57P01',
      '57P03',
      '58030',
      '25006',
      '55P03',
    ]) {
      expect(isTransient(refused(code))).toBe(true)
    }
    for (const code of ['22021', '23505', '23514', '42601', '53200', 'XX000'])
      expect(isTransient(refused(code))).toBe(false)
    expect(isTransient(refused('28P01', 'FATAL'))).toBe(true)
    expect(isTransient(new Error('connect ECONNREFUSED'))).toBe(true)
    expect(isTransient(new StatorError('INTERNAL', 'x'))).toBe(false)
  })

  test('distinguish a lost connection from a refused statement, even when wrapped', () => {
    expect(isConnectionLost(new Error('Connection terminated'))).toBe(true)
    expect(isConnectionLost(refused('57P01', 'FATAL'))).toBe(true)
    expect(isConnectionLost(refused('40P01'))).toBe(false)
    expect(isConnectionLost(new Error('Failed query', { cause: refused('23505') }))).toBe(false)
  })

  test('reach callers as StatorErrors', () => {
    expect(storeError(new Error('connect ECONNREFUSED'))).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(storeError(refused('23505'))).toMatchObject({ code: 'INTERNAL' })
    const own = new StatorError('CONFLICT', 'x')
    expect(storeError(own)).toBe(own)
  })
})
