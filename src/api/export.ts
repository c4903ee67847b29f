// What the routes of all exports share: their query parameters, their description, and the answer that streams one.

import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import {
  chargePointExportsAtOnceMax,
  exportCursorCharactersMax,
  exportIdleSecondsMax,
  exportsAtOnceMax,
  integerMax,
  operatorExportsAtOnceMax,
} from '../base/limits.ts'
import type { ExportBytes, Exported, ExportFormat, ExportRequest, ExportSender } from '../blocks/exports.ts'
import type { Principal } from '../operators/principal.ts'
import { csvFormat, csvQuery } from './csv-list.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiEnv, channelOf } from './env.ts'
import { booleanText, integerText, text } from './fields.ts'

const ofAllFormats = {
  after: text('After', exportCursorCharactersMax)
    .optional()
    .openapi({
      param: { name: 'after', in: 'query' },
      description: 'The cursor of a row: the export begins with the one after it.',
    }),
  limit: integerText('Limit', 1, integerMax)
    .optional()
    .openapi({ param: { name: 'limit', in: 'query' }, description: 'How many rows at most. Left out: all.' }),
  cursor: booleanText('Cursor')
    .optional()
    .openapi({
      param: { name: 'cursor', in: 'query' },
      description: 'true: each row has its cursor in one more field, `cursor`.',
    }),
}

/** The query parameters of an export in a format, beside those of its list. */
export function exportQuery(format: ExportFormat) {
  return format === 'csv' ? { ...ofAllFormats, ...csvQuery } : ofAllFormats
}

const formats = {
  csv: { name: 'CSV', contentType: 'text/csv; charset=utf-8', about: csvFormat },
  ndjson: {
    name: 'NDJSON',
    contentType: 'application/x-ndjson',
    about: 'A line of JSON for each item, as the list has it.',
  },
  parquet: {
    name: 'Parquet',
    contentType: 'application/vnd.apache.parquet',
    about:
      'Columns are the fields of the items: integers, doubles, timestamps (milliseconds, UTC) and UTF-8 texts; compressed with Zstandard. The metadata of the file has the cursor of its last row, `stator.cursor`.',
  },
} as const satisfies Record<ExportFormat, object>

/** How the operation ids of exports end. */
export const endings = { csv: '', ndjson: 'AsNdjson', parquet: 'AsParquet' } as const

const howLong = `The rows are as they were when the export began (on the embedded database: as they are when they are read). It is streamed. If it breaks off, the transfer breaks, and the file is not complete; \`after\` continues it. ${exportsAtOnceMax} exports run at once, ${operatorExportsAtOnceMax} of one key; more are answered 429.`

/** The texts of a route that exports `items`. `order` says in which order they come. */
export function exportTexts(format: ExportFormat, items: string, order: string) {
  const { name, about } = formats[format]
  return { summary: `${items} as ${name}`, description: `${order} ${about} ${howLong}` }
}

/** The response of a route that exports. */
export function exportResponse(format: ExportFormat) {
  const [type = ''] = formats[format].contentType.split(';')
  const schema = z.string().openapi(format === 'parquet' ? { format: 'binary' } : {})
  return { description: 'The file.', content: { [type]: { schema } } }
}

/** What a query says of an export. */
export interface ExportQuery {
  readonly after?: string | undefined
  readonly limit?: number | undefined
  readonly cursor?: boolean | undefined
  readonly separator?: 'comma' | 'semicolon' | undefined
}

/**
 * The answer with an export as a file `name` with the ending of the format. Rows are read when the client reads.
 *
 * @throws {StatorError} as `ApiDeps.exports.open` does.
 */
export async function exportAnswer(
  c: Context<ApiEnv>,
  { exports }: Pick<ApiDeps, 'exports'>,
  name: string,
  format: ExportFormat,
  exported: Exported,
  { after, limit, cursor, separator }: ExportQuery,
): Promise<Response> {
  const headers = {
    'Content-Type': formats[format].contentType,
    'Content-Disposition': `attachment; filename="${name}.${format}"`,
  }
  // Nobody would read the body.
  if (c.req.method === 'HEAD') return c.body(null, 200, headers)
  const request: ExportRequest = {
    exported,
    format,
    separator: separator ?? 'comma',
    after: after ?? null,
    rowsMax: limit ?? null,
    hasCursors: cursor === true,
  }
  const bytes = await exports.open(request, senderOf(c.get('principal')), c.req.raw.signal)
  channelOf(c).mayBeIdle(exportIdleSecondsMax)
  return c.body(streamOf(bytes), 200, headers)
}

/** Charge points share one export, so that they take none from operators. */
function senderOf(principal: Principal): ExportSender {
  return principal.kind === 'operator'
    ? { name: `operator/${principal.name}`, atOnceMax: operatorExportsAtOnceMax }
    : { name: 'chargePoints', atOnceMax: chargePointExportsAtOnceMax }
}

function streamOf(bytes: ExportBytes): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await bytes.next()
        if (piece === null) controller.close()
        else controller.enqueue(piece)
      },
      cancel: () => bytes.close(),
    },
    // Nothing is read before the client wants it.
    { highWaterMark: 0 },
  )
}
