// The body of an upload, piece by piece: no more bytes than allowed, in no more time than allowed. Bun reads from the
// socket only as fast as this is read from, so a sender waits for the database.

import type { Clock } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import { uploadIdleMsMax, uploadMsMax } from '../../base/limits.ts'

/** What ended a body before its end. */
export class UploadEnded extends Error {
  readonly status: 400 | 408 | 413

  constructor(status: 400 | 408 | 413, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * The pieces of `body`.
 *
 * @throws {UploadEnded} 413 after more than `bytesMax`, 408 if the sender is too slow, 400 if it is gone.
 */
export async function* piecesOf(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const endMs = clock.nowMs() + uploadMsMax
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), Math.min(uploadIdleMsMax, endMs - clock.nowMs()), clock)
      if (done) return
      bytes += value.byteLength
      if (bytes > bytesMax) throw new UploadEnded(413, `A file has at most ${bytesMax} bytes`)
      yield value
    }
  } catch (error) {
    if (error instanceof UploadEnded || error instanceof StatorError) throw error
    throw new UploadEnded(400, 'The upload broke off')
  } finally {
    void reader.cancel().catch(() => {})
  }
}

async function inTime<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T> {
  const late = Promise.withResolvers<never>()
  const cancel = clock.after(Math.max(0, ms), () => late.reject(new UploadEnded(408, 'The upload is too slow')))
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    cancel()
  }
}
