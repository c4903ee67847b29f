// Lists as CSV files: what is stored, in the columns that a batch takes back, safe to open in a spreadsheet.

import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Clock } from '../base/clock.ts'
import { csvFilesAtOnceMax, csvFilesWaitingMax, csvPageRows, csvRowsMax } from '../base/limits.ts'
import { type Cell, type Separator, byteOrderMark, csvLines } from './csv.ts'
import type { ApiEnv } from './env.ts'
import { badRequest } from './errors.ts'
import { oneOf } from './fields.ts'
import { Semaphores } from './limited.ts'

/** The query parameter of every CSV file. */
export const csvQuery = {
  separator: oneOf('Separator', ['comma', 'semicolon'])
    .default('comma')
    .openapi({
      param: { name: 'separator', in: 'query' },
      description: 'Between cells. Spreadsheets expect a semicolon where the comma is the decimal sign.',
      default: 'comma',
    }),
}

/** A CSV response. `example` is its first lines. */
export function csv(description: string, example: string) {
  return { description, content: { 'text/csv': { schema: z.string().openapi({ example }) } } }
}

/** What the description of every CSV file says. */
export const csvFormat =
  'UTF-8 with a byte order mark, lines that end with CRLF, quotes as in RFC 4180. A text that a spreadsheet would ' +
  'compute (it begins with =, +, - or @) has an apostrophe before it.'

/** What the description of the CSV file of a whole list says. */
export const csvDescription =
  `${csvFormat} A list of more than ${csvRowsMax.toLocaleString('en')} rows is refused with 400: narrow it with a ` +
  'filter.'

/** A list that is read in parts. */
export interface CsvList<Row> {
  readonly columns: readonly string[]
  /** The next `rowsMax` after `last`; null: the first ones. */
  after(last: Row | null, rowsMax: number): Promise<readonly Row[]>
  cells(row: Row): readonly Cell[]
}

/** Makes CSV files of whole lists, a few at once: each is in memory until it is sent. */
export class CsvFiles {
  readonly #semaphores: Semaphores

  constructor(clock: Clock) {
    this.#semaphores = new Semaphores(clock)
  }

  /**
   * The response with the whole list as a file `name`.
   *
   * @throws {StatorError} `BAD_REQUEST` if the list has more than `csvRowsMax` rows; `TOO_MANY_REQUESTS`.
   */
  async answer<Row>(c: Context<ApiEnv>, name: string, separator: Separator, list: CsvList<Row>): Promise<Response> {
    const allowance = { atOnceMax: csvFilesAtOnceMax, waitingMax: csvFilesWaitingMax }
    const release = await this.#semaphores.acquire('files', allowance, c.req.raw.signal)
    try {
      return csvAnswer(c, name, await textOf(list, separator))
    } finally {
      release()
    }
  }
}

/** A response with the CSV `lines` as a file `name`, which a browser saves. */
export function csvAnswer(c: Context<ApiEnv>, name: string, lines: readonly string[]): Response {
  return c.body(new Blob([byteOrderMark, ...lines]).stream(), 200, {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': `attachment; filename="${name}"`,
  })
}

async function textOf<Row>({ columns, after, cells }: CsvList<Row>, separator: Separator): Promise<string[]> {
  const parts = [csvLines([columns], separator)]
  let count = 0
  for (let last: Row | null = null; ;) {
    const rows: readonly Row[] = await after(last, csvPageRows)
    count += rows.length
    if (count > csvRowsMax) {
      throw badRequest('query', `The list has more than ${csvRowsMax} rows; narrow it with a filter, such as status`)
    }
    if (rows.length > 0) parts.push(csvLines(rows.map(cells), separator))
    last = rows.at(-1) ?? null
    if (rows.length < csvPageRows) return parts
  }
}
