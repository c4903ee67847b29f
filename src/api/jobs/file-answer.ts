// The answer with the file of a job. It is read from the database as the client reads it, one part at a time.

import type { Context } from 'hono'
import { exportIdleSecondsMax } from '../../base/limits.ts'
import type { JobFile } from '../../blocks/jobs/job.ts'
import type { ApiDeps } from '../deps.ts'
import { type ApiEnv, channelOf } from '../env.ts'

/** Answers with a file, as something to save: what charge points upload is never shown by a browser. */
export function fileAnswer(
  c: Context<ApiEnv>,
  queries: Pick<ApiDeps['queries'], 'fileChunk'>,
  file: JobFile,
): Response {
  const name = file.name ?? `job-${file.jobId}.bin`
  const plain = name.replace(/[^\w.-]/g, '_')
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name)}`,
    'Repr-Digest': `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`,
  }
  if (c.req.method === 'HEAD') return c.body(null, 200, headers)
  channelOf(c).mayBeIdle(exportIdleSecondsMax)
  return c.body(contentOf(queries, file), 200, headers)
}

function contentOf(queries: Pick<ApiDeps['queries'], 'fileChunk'>, file: JobFile): ReadableStream<Uint8Array> {
  let place = 0
  let left = file.bytes
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = left === 0 ? null : await queries.fileChunk(file, place++)
        if (chunk !== null) {
          left -= chunk.byteLength
          controller.enqueue(chunk)
        } else if (left === 0) controller.close()
        // A shorter file must not look whole.
        else controller.error(new Error('The file was deleted while it was read.'))
      },
    },
    // Nothing is read before the client wants it.
    { highWaterMark: 0 },
  )
}
