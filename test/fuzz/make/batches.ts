// Bodies of batches: lists of JSON, and CSV as spreadsheets write it, with hostile lines, cells and headers.

import type { JsonSchema } from '../../../src/ocpp/json-schema.ts'
import type { Random } from '../../support/random.ts'
import { part } from '../../support/schema-sample.ts'
import { anyValue, oddNames, oddTexts } from './values.ts'

/** Makes one line of the schema of a single one. */
type MakeLine = (items: JsonSchema, random: Random) => Record<string, unknown>

/** A text and its Content-Type. */
export interface MadeCsv {
  readonly body: string
  readonly contentType: string
}

const linesMax = 5
/** One more than a batch may have. */
const tooManyLines = 10_001

/** A list for `schema`, an array: some elements twice, some of another kind. */
export function makeList(schema: JsonSchema, makeLine: MakeLine, random: Random): unknown[] {
  const items = part(schema.items)
  if (random.once(100)) return Array.from({ length: tooManyLines }, () => ({}))
  const list: unknown[] = Array.from({ length: random.between(0, linesMax) }, () => makeLine(items, random))
  if (list.length > 0 && random.once(4)) list.push(random.pick(list))
  if (random.once(4)) list.splice(random.below(list.length + 1), 0, anyValue(random))
  return list
}

const contentTypes = [
  'text/csv',
  'text/csv',
  'text/csv; charset=utf-8',
  'text/csv;header=present',
  'TEXT/CSV ; charset="windows-1252"',
  'text/csv; charset=utf-16le',
  'text/csv; charset=utf-7',
  'application/csv',
]

/** A file with the columns of `items`, sometimes with a hostile part. */
export function makeCsv(items: JsonSchema, makeLine: MakeLine, random: Random): MadeCsv {
  const contentType = random.pick(contentTypes)
  const [identity = '', ...others] = Object.keys(part(items.properties))
  if (random.once(100)) return { contentType, body: `${identity}\n${'x\n'.repeat(tooManyLines)}` }
  const names = [identity, ...others.filter(() => random.once(2))]
  const lines = Array.from({ length: random.between(0, linesMax) }, () => makeLine(items, random))
  const rows: string[][] = [names, ...lines.map((line) => names.map((name) => cellOf(line[name], random)))]
  if (rows.length > 1 && random.once(6)) rows.push(random.pick(rows))
  if (random.once(2)) damage(rows, random)
  const separator = random.pick([',', ',', ',', ';', '\t'])
  const lineEnd = random.pick(['\r\n', '\r\n', '\n', '\r', '\r\n\r\n'])
  const text = rows.map((cells) => cells.map((cell) => quoted(cell, random)).join(separator)).join(lineEnd)
  return { contentType, body: `${random.pick(['', '', '\uFEFF', '\uFEFF\uFEFF', '\n'])}${text}` }
}

function cellOf(value: unknown, random: Random): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'boolean' && random.once(2)) return String(value).toUpperCase()
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Formulas, and cells that are no CSV unless they are quoted. */
const sheetCells = [
  ...["=cmd|'/c calc'!A1", "'=1+1", '@SUM(A1)', '"unclosed', 'a"b', '""', '"a"b', ' ', '\u0000', 'x'.repeat(200_000)],
]

function hostileCell(random: Random): string {
  return random.pick(random.once(2) ? oddTexts : sheetCells)
}

/** Breaks some cells, the header, or the length of a line. */
function damage(rows: string[][], random: Random): void {
  const row = random.pick(rows)
  const line = rows.at(-1) ?? row
  random.pick([
    () => (row[random.below(row.length)] = hostileCell(random)),
    () => (line[random.below(line.length)] = hostileCell(random)),
    () => line.fill(hostileCell(random)),
    () => row.push(hostileCell(random)),
    () => row.pop(),
    () => rows[0]?.push(random.pick([...oddNames, 'chargePointID', 'createdAt', 'status', 'password'])),
    () => rows.shift(),
  ])()
}

/** Most cells as RFC 4180 wants them. */
function quoted(cell: string, random: Random): string {
  const needsQuotes = /[",;\t\r\n]/.test(cell)
  if (random.once(10) || (!needsQuotes && !random.once(5))) return cell
  return `"${cell.replaceAll('"', '""')}"`
}
