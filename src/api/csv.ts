// CSV as RFC 4180 and spreadsheets write it: reading a file with a header, and writing one that a spreadsheet can open.

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import { nextTurn } from '../base/in-turns.ts'
import { csvTurnCharacters } from '../base/limits.ts'

/** A cell of a file to write; null is an empty cell. */
export type Cell = string | number | boolean | null

/** One line of a file, with the number at which an editor shows it; the header is line 1, if nothing is before it. */
export interface CsvLine {
  readonly line: number
  readonly cells: readonly string[]
}

/** A file that cannot be read as CSV from `line` on. */
export class UnreadableCsv extends Error {
  readonly line: number

  constructor(line: number, sentence: string) {
    super(sentence)
    this.line = line
  }
}

/** The separators of cells, by the words of requests. Spreadsheets write semicolons where the comma is decimal. */
export const separators = { comma: ',', semicolon: ';' } as const

export type Separator = keyof typeof separators

/**
 * The lines of `text`, without empty ones. It stops soon after `linesMax` of them. The first line says whether a comma
 * or a semicolon separates cells. Parsed in pieces, between which the event loop has its turn.
 *
 * @throws {UnreadableCsv}
 */
export async function readCsv(text: string, linesMax: number): Promise<CsvLine[]> {
  // One kind of line end: otherwise the line numbers are wrong after a CRLF within quotes.
  const unix = text.replaceAll(/\r\n?/g, '\n')
  const lines: CsvLine[] = []
  let next = 1
  const parser = parse({
    bom: true,
    delimiter: separatorOf(unix),
    record_delimiter: '\n',
    relax_column_count: true,
    // Called at once: a record that waited in the stream would be lost when the next one cannot be read.
    on_record: (record: string[], info) => {
      if (record.some((cell) => cell.trim() !== '')) lines.push({ line: next, cells: record })
      next = info.lines + 1
      return null
    },
  })
  const pieces = piecesOf(unix, () => lines.length < linesMax)
  try {
    await pipeline(Readable.from(pieces, { objectMode: false }), parser.resume())
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new UnreadableCsv(next, sentenceOf(error))
  }
  return lines
}

async function* piecesOf(text: string, isMoreWanted: () => boolean): AsyncGenerator<string> {
  for (let at = 0; at < text.length && isMoreWanted(); at += csvTurnCharacters) {
    yield text.slice(at, at + csvTurnCharacters)
    await nextTurn()
  }
}

function separatorOf(text: string): string {
  const header = /[^\n]*/.exec(text.trimStart())?.[0] ?? ''
  return header.split(';').length > header.split(',').length ? separators.semicolon : separators.comma
}

function sentenceOf({ code }: CsvError): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'A cell that begins with a quote is never closed; close it with a quote'
  if (code === 'CSV_INVALID_CLOSING_QUOTE') {
    return 'Text follows the closing quote of a cell; write a quote within a quoted cell twice'
  }
  if (code === 'INVALID_OPENING_QUOTE') {
    return 'A quote stands within a cell that does not begin with one; quote the whole cell, and write the quote twice'
  }
  return 'The line is not CSV as RFC 4180 defines it'
}

/**
 * One or more lines of CSV, with CRLF as RFC 4180 wants it. A cell with a separator, a quote or a line end is quoted.
 * Exports write millions of lines with it: see docs/decisions.md, "CSV lines are written by us".
 */
export function csvLines(rows: readonly (readonly Cell[])[], separator: Separator): string {
  const between = separators[separator]
  const isQuoted = quotedWith[separator]
  let text = ''
  for (const cells of rows) {
    let before = ''
    for (const cell of cells) {
      text += before
      before = between
      if (typeof cell === 'string') text += quoted(guarded(cell), isQuoted)
      else if (cell !== null) text += String(cell)
    }
    text += '\r\n'
  }
  return text
}

const quotedWith: Readonly<Record<Separator, RegExp>> = { comma: /[",\r\n]/, semicolon: /[";\r\n]/ }

function quoted(text: string, isQuoted: RegExp): string {
  return isQuoted.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** U+FEFF: without it, spreadsheets do not take a file for UTF-8. */
export const byteOrderMark = '\uFEFF'

// A spreadsheet computes such a cell as a formula: OWASP, "CSV Injection". An apostrophe before it makes it a text. A
// text that begins with apostrophes before such a character gets one more, so that `unguarded` gives back every text.
const formula = /^'*[=+\-@\t\r]/

/** `text` as a cell that no spreadsheet computes. */
export function guarded(text: string): string {
  return formula.test(text) ? `'${text}` : text
}

/** The text of a cell that `guarded` may have written. */
export function unguarded(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell
}
