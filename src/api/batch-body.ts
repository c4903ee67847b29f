// The body of a batch, JSON or CSV, as lines with the values that the requests for a single one take.

import type { Context } from 'hono'
import { StatorError } from '../base/errors.ts'
import { batchLinesMax } from '../base/limits.ts'
import { nearest } from '../base/nearest.ts'
import { isCsv } from './body.ts'
import { type CsvLine, UnreadableCsv, readCsv, unguarded } from './csv.ts'
import type { ApiEnv } from './env.ts'
import { badRequest } from './errors.ts'

/** One line: at which an editor shows it in CSV, or its place in the JSON list, from 1. */
export interface BatchLine {
  readonly line: number
  readonly value: unknown
}

/** What is wrong with a line, or with the file from that line on. */
export interface LineIssue {
  readonly line: number
  readonly field: string
  readonly issue: string
}

/**
 * The columns of a CSV batch, by their names: those of the fields of a single request.
 *
 * - `kept`: an empty cell leaves the field as it is.
 * - `removable`, `removableInteger`: an empty cell removes the value.
 * - `boolean`, `integer`: as `kept`; the text is read as such a value.
 * - `secret`: as `kept`, and taken as it is written: no list contains it.
 * - `shown`: what lists show beside it; it cannot be changed and is ignored.
 */
export type BatchColumns = Readonly<Record<string, ColumnKind>>

type ColumnKind = 'kept' | 'removable' | 'removableInteger' | 'boolean' | 'integer' | 'secret' | 'shown'

const removableKinds: ReadonlySet<ColumnKind> = new Set(['removable', 'removableInteger'])

/** Columns that only show something. */
export function shownColumns(names: readonly string[]): BatchColumns {
  return Object.fromEntries(names.map((name) => [name, 'shown']))
}

export interface BatchBody {
  readonly lines: readonly BatchLine[]
  /** Columns of kind `shown` that the file has. */
  readonly ignoredColumns: readonly string[]
}

/** A file whose header is wrong, or that is not CSV: no line of it can be read for certain. */
export class UnreadableBatch extends Error {
  readonly issues: readonly LineIssue[]

  constructor(issues: readonly LineIssue[]) {
    super('The file cannot be read')
    this.issues = issues
  }
}

/**
 * The lines of a request. `identity` is the column that every file must have.
 *
 * @throws {StatorError} `REQUEST_TOO_LARGE` for too many lines, `BAD_REQUEST` for a body of another kind.
 * @throws {UnreadableBatch}
 */
export async function batchBody(c: Context<ApiEnv>, columns: BatchColumns, identity: string): Promise<BatchBody> {
  if (isCsv(c)) return csvBody(await csvText(c), columns, identity)
  const body: unknown = c.req.raw.body === null ? null : await c.req.json()
  if (!Array.isArray(body)) {
    throw badRequest('body', 'The body must be a JSON list of objects, or CSV with the header Content-Type: text/csv')
  }
  requireFew(body.length)
  return { lines: body.map((value: unknown, index) => ({ line: index + 1, value })), ignoredColumns: [] }
}

// What spreadsheets write beside UTF-8.
const encodings = ['utf-8', 'windows-1252', 'iso-8859-1', 'utf-16le'] as const

async function csvText(c: Context<ApiEnv>): Promise<string> {
  const named = /charset\s*=\s*"?([^\s";]+)/i.exec(c.req.header('Content-Type') ?? '')?.[1] ?? 'utf-8'
  const encoding = encodings.find((one) => one === named.toLowerCase())
  if (encoding === undefined) {
    throw badRequest('body', `The charset of CSV must be one of ${encodings.join(', ')}`)
  }
  const bytes = await c.req.raw.arrayBuffer()
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    const issue =
      `The file is not encoded as ${encoding}; save it as "CSV UTF-8", or say how it is encoded, ` +
      'for example with the header Content-Type: text/csv; charset=windows-1252'
    throw badRequest('body', issue)
  }
}

async function csvBody(text: string, columns: BatchColumns, identity: string): Promise<BatchBody> {
  const [header, ...rows] = await readCsv(text, batchLinesMax + 2).catch((error: unknown) => {
    if (!(error instanceof UnreadableCsv)) throw error
    throw new UnreadableBatch([{ line: error.line, field: 'body', issue: error.message }])
  })
  requireFew(rows.length)
  if (header === undefined) {
    throw new UnreadableBatch([{ line: 1, field: 'body', issue: `The file is empty. ${expected(columns)}` }])
  }
  const names = namesOf(header)
  const issues = [...headerIssues(names, header.line, columns, identity), ...lengthIssues(names.length, rows)]
  if (issues.length > 0) throw new UnreadableBatch(issues)
  return {
    lines: rows.map(({ line, cells }) => ({ line, value: valueOf(names, cells, columns) })),
    ignoredColumns: names.filter((name) => columns[name] === 'shown'),
  }
}

function requireFew(count: number): void {
  if (count <= batchLinesMax) return
  const sentence = `The batch has more than ${batchLinesMax} lines; split it into several requests of at most as many`
  throw new StatorError('REQUEST_TOO_LARGE', sentence, { linesMax: batchLinesMax })
}

/** The names of the columns. Spreadsheets end lines with empty cells. */
function namesOf({ cells }: CsvLine): string[] {
  const names = cells.map((cell) => cell.trim())
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1)
}

function headerIssues(
  names: readonly string[],
  line: number,
  columns: BatchColumns,
  identity: string,
): readonly LineIssue[] {
  const known = Object.keys(columns)
  const issues = names.flatMap((name, index) => {
    if (!Object.hasOwn(columns, name)) {
      const near = nearest(name.slice(0, 100), known)
      const meant = near === null ? '' : ` Did you mean '${near}'?`
      return [{ line, field: name, issue: `Column '${name}' is not known.${meant} ${expected(columns)}` }]
    }
    const issue = `Column '${name}' is there twice; leave one of them out`
    return names.indexOf(name) === index ? [] : [{ line, field: name, issue }]
  })
  if (names.includes(identity)) return issues
  return [...issues, { line, field: identity, issue: `The column '${identity}' is missing; it says what a line is of` }]
}

function expected(columns: BatchColumns): string {
  const names = Object.keys(columns).filter((name) => columns[name] !== 'shown')
  return `The first line names the columns: ${names.join(', ')}`
}

// A line with fewer cells has lost some, and what is left may be in the wrong columns.
function lengthIssues(count: number, rows: readonly CsvLine[]): readonly LineIssue[] {
  return rows.flatMap(({ line, cells }) => {
    const isRight = cells.length >= count && cells.slice(count).every((cell) => cell.trim() === '')
    const issue = `The line has ${cells.length} cells, the header ${count}; quote cells that contain the separator`
    return isRight ? [] : [{ line, field: 'body', issue }]
  })
}

type CellValue = string | number | boolean | null

function valueOf(
  names: readonly string[],
  cells: readonly string[],
  columns: BatchColumns,
): Readonly<Record<string, CellValue>> {
  const value: Record<string, CellValue> = {}
  for (const [index, name] of names.entries()) {
    const cell = cells[index] ?? ''
    const kind = columns[name] ?? 'shown'
    if (kind === 'shown' || (cell === '' && !removableKinds.has(kind))) continue
    value[name] = cell === '' ? null : cellValue(cell, kind)
  }
  return value
}

/** What is not of its kind stays a text, which the schema refuses. */
function cellValue(cell: string, kind: ColumnKind): CellValue {
  if (kind === 'secret') return cell
  // Spreadsheets write TRUE and FALSE.
  if (kind === 'boolean' && /^(true|false)$/i.test(cell)) return cell.toLowerCase() === 'true'
  if ((kind === 'integer' || kind === 'removableInteger') && /^\d{1,9}$/.test(cell)) return Number(cell)
  return unguarded(cell)
}
