// Cursors come from clients: only what an export has written is taken for one.

import { describe, expect, test } from 'bun:test'
import { exportCursorCharactersMax } from '../../../src/base/limits.ts'
import type { Exported } from '../../../src/blocks/exports.ts'
import { cursorOf, keyIn } from '../../../src/exports/cursor.ts'
import { kinds } from '../../../src/exports/kinds.ts'

const longest = { timestamptz: '274999-12-31 23:59:59.999999+00', int8: '-9223372036854775808', text: '' } as const
const all = Object.keys(kinds).filter((name): name is Exported['kind'] => Object.hasOwn(kinds, name))

describe('a cursor', () => {
  test.each(all)('of %s is read as it was written, however long its key is', (kind) => {
    const key = kinds[kind].keyTypes.map((type) => longest[type])
    const cursor = cursorOf(kind, key)
    expect(keyIn(cursor, kind)).toEqual(key)
    expect(cursor.length).toBeLessThanOrEqual(exportCursorCharactersMax)
    expect(cursor).toMatch(/^[\w-]+$/)
  })

  test('of another kind is refused', () => {
    const cursor = cursorOf('transactions', ['2026-01-01 00:00:00+00', '1'])
    expect(() => keyIn(cursor, 'messages')).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })

  test.each([
    ['"transactions"'],
    ['["transactions"]'],
    ['["transactions","2026-01-01 00:00:00+00"]'],
    ['["transactions","2026-01-01 00:00:00+00",1]'],
    ['["transactions","2026-01-01 00:00:00+00","1","1"]'],
    ['["transactions","2026-13-01 00:00:00+00","1"]'],
    ['["transactions","2026-01-01 24:00:00+00","1"]'],
    ['["transactions","2026-02-29 00:00:00+00","1"]'],
    ['["transactions","0000-01-01 00:00:00+00","1"]'],
    ['["transactions","2026-01-01 00:00:00+01","1"]'],
    ['["transactions","now","1"]'],
    ['["transactions","2026-01-01 00:00:00+00","9223372036854775808"]'],
    ['["transactions","2026-01-01 00:00:00+00","1e3"]'],
    ['{"length":3}'],
    ['[['],
    [''],
  ])('made of %s is refused', (text) => {
    const cursor = Buffer.from(text).toString('base64url')
    expect(() => keyIn(cursor, 'transactions')).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })
})
