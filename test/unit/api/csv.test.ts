// CSV: what is read, at which line, and that a guarded cell comes back as it was.

import { describe, expect, test } from 'bun:test'
import { stringify } from 'csv-stringify/sync'
import {
  type Cell,
  UnreadableCsv,
  byteOrderMark,
  csvLines,
  guarded,
  readCsv,
  separators,
  unguarded,
} from '../../../src/api/csv.ts'

describe('reading CSV', () => {
  test('counts lines as an editor does, whatever ends them', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = `${byteOrderMark}${['a,b', '1,"x', 'y"', '', ',', '2,z'].join(end)}`
      expect(await readCsv(text, 10)).toEqual([
        { line: 1, cells: ['a', 'b'] },
        { line: 2, cells: ['1', 'x\ny'] },
        { line: 6, cells: ['2', 'z'] },
      ])
    }
  })

  test('takes the separator from the first line', async () => {
    expect((await readCsv('a;b\n1,5;2', 10))[1]?.cells).toEqual(['1,5', '2'])
    expect((await readCsv('a,b\n1;5,2', 10))[1]?.cells).toEqual(['1;5', '2'])
  })

  test('says at which line a file cannot be read', async () => {
    const error = await readCsv('a\n1\n\n"2\n3', 10).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UnreadableCsv)
    expect(error).toMatchObject({ line: 4 })
  })
})

test('no written cell is a formula, and each text comes back as it was', async () => {
  const texts = ['=1', "'=1", "''=1", '+1', '-1', '@a', "'a", "'", '', '\t=1', 'a"b', 'a;b', 'a,b', ' = ']
  for (const text of texts) expect(unguarded(guarded(text))).toBe(text)
  expect(new Set(texts.map(guarded)).size).toBe(texts.length)
  const [cells] = (await readCsv(csvLines([texts], 'comma'), 10)).map((line) => line.cells)
  expect(cells?.filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([])
  expect(cells?.map(unguarded)).toEqual(texts)
})

test('lines are those of csv-stringify, but for what a formula begins with', () => {
  const texts = [
    '',
    ' ',
    'a',
    'a,b',
    'a;b',
    'say "no"',
    '"',
    'two\nlines',
    'two\r\nlines',
    'a\rb',
    '電気',
    ' a ',
    "it's",
  ]
  const rows: Cell[][] = texts.map((text, at) => [text, texts.at(-at) ?? '', at, -at / 3, at % 2 === 0, null])
  for (const separator of ['comma', 'semicolon'] as const) {
    const options = { cast: { boolean: String }, record_delimiter: 'windows', quoted_match: /[\r\n]/ } as const
    expect(csvLines(rows, separator)).toBe(stringify(rows, { ...options, delimiter: separators[separator] }))
  }
})
