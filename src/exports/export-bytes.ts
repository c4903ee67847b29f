// An export from its first byte to its last, on whichever thread.

import { parquetEmbeddedGroupRows, parquetGroupRows } from '../base/limits.ts'
import type { ExportRequest } from '../blocks/exports.ts'
import type { ExportSession } from '../store/export/session.ts'
import { keyIn } from './cursor.ts'
import { csvFormat, type Format, ndjsonFormat } from './format.ts'
import { piecesOf } from './kinds.ts'
import { parquetFormat } from './parquet-format.ts'

/** The bytes of an export. The first ones come with its first rows, so that an error comes before them. */
export async function* exportBytes(session: ExportSession, request: ExportRequest): AsyncGenerator<Uint8Array> {
  const { exported, after, rowsMax } = request
  const key = after === null ? null : keyIn(after, exported.kind)
  const pieces = piecesOf(session, exported, { after: key, rowsMax })
  const format = formatOf(session, request)
  let next = await pieces.next()
  yield* some(format.begin())
  while (next.done !== true) {
    yield* some(format.rows(next.value))
    next = await pieces.next()
  }
  yield* some(format.end())
}

function some(bytes: Uint8Array): readonly Uint8Array[] {
  return bytes.length === 0 ? [] : [bytes]
}

function formatOf({ isPaged }: ExportSession, request: ExportRequest): Format {
  if (request.format === 'csv') return csvFormat(request)
  if (request.format === 'ndjson') return ndjsonFormat(request)
  return parquetFormat(request, isPaged ? parquetEmbeddedGroupRows : parquetGroupRows)
}
