// The body of an upload, piece by piece: no more bytes than allowed, in no more time than allowed. Bun reads from the
// socket only as fast as this is read from, so a sender waits for the database.

import type { Clock } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import { uploadIdleBytesMin, uploadIdleMsMax, uploadMsMax } from '../../base/limits.ts'

/** Why an upload ends when another one to its URL begins. */
export const laterUpload = 'A later upload to this URL has begun'

/** What ended a body before its end. */
export class UploadEnded extends Error {
  readonly status: 400 | 408 | 409 | 413

  constructor(status: 400 | 408 | 409 | 413, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * The pieces of `body`. Only the time that is spent waiting for the sender counts as its time.
 *
 * @param signal of a later upload to the same URL.
 * @throws {UploadEnded} 413 after more than `bytesMax`, 408 if the sender is too slow, 409 after `signal`, 400 if it is
 *   gone.
 */
export async function* piecesOf(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const endMs = clock.nowMs() + uploadMsMax
  let bytes = 0
  // Since the last `uploadIdleBytesMin` bytes.
  let waitedMs = 0
  let waitedBytes = 0
  try {
    for (;;) {
      const fromMs = clock.nowMs()
      const msMax = Math.min(uploadIdleMsMax - waitedMs, endMs - fromMs)
      const { done, value } = await inTime(reader.read(), msMax, clock, signal)
      if (done) return
      waitedMs += clock.nowMs() - fromMs
      waitedBytes += value.byteLength
      if (waitedBytes >= uploadIdleBytesMin) waitedMs = waitedBytes = 0
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

async function inTime<T>(promise: Promise<T>, ms: number, clock: Clock, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>()
  const cancel = clock.after(Math.max(0, ms), () => late.reject(new UploadEnded(408, 'The upload is too slow')))
  const overtaken = (): void => late.reject(new UploadEnded(409, laterUpload))
  if (signal.aborted) overtaken()
  signal.addEventListener('abort', overtaken)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    cancel()
    signal.removeEventListener('abort', overtaken)
  }
}
