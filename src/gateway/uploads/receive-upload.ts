// The life of one upload, from top to bottom: its token, its body in chunks into the database, and its end. It is
// answered with 200 after the commit that makes the file whole.

import { type UploadUrl, uploadAt } from '../../auth/upload-token.ts'
import type { Clock } from '../../base/clock.ts'
import type { Counters } from '../../base/counters.ts'
import { StatorError } from '../../base/errors.ts'
import {
  multipartHeaderBytesMax,
  uploadChunkBytes,
  uploadNameCharactersMax,
  uploadRetrySeconds,
} from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { storableText } from '../../base/storable-text.ts'
import type { UploadedFile } from '../../blocks/jobs/job.ts'
import { boundaryOf, fileInForm, fileNameIn } from './multipart.ts'
import { laterUpload, piecesOf, UploadEnded } from './pieces.ts'
import type { UploadSlots } from './upload-slots.ts'

/** One attempt at the upload of a job. A later attempt ends it. */
export interface UploadAttempt {
  readonly jobId: number
  readonly attempt: number
}

/** What a token is good for. */
export type UploadBegin =
  | { readonly kind: 'unknown' }
  /** Its job has ended, or it was tried too often. */
  | { readonly kind: 'over'; readonly identity: string }
  /** The file is there: the same content again is no mistake of the charge point. */
  | {
      readonly kind: 'received'
      readonly identity: string
      readonly jobId: number
      readonly bytes: number
      readonly sha256: string
    }
  | ({ readonly kind: 'begun'; readonly identity: string } & UploadAttempt)

/** Where uploads are stored; `store/uploads.ts` is the real one. Each change is committed before it resolves. */
export interface UploadStore {
  begin(tokenHash: UploadUrl['tokenHash'], nowMs: number): Promise<UploadBegin>
  /** False: a later attempt has begun, or the file is there. */
  append(attempt: UploadAttempt, place: number, content: Uint8Array): Promise<boolean>
  /** The same. */
  finish(attempt: UploadAttempt, file: UploadedFile): Promise<boolean>
  /** Forgets the chunks of an attempt. */
  abandon(attempt: UploadAttempt): Promise<void>
}

export interface UploadDeps {
  readonly store: UploadStore
  readonly slots: UploadSlots
  readonly fileBytesMax: number
  /** Is told of each file that has come. */
  readonly onFile: (jobId: number, file: UploadedFile) => void
  readonly clock: Clock
  readonly counters: Pick<Counters, 'uploadsReceived' | 'uploadsRefused'>
  readonly log: Logger
}

/** Answers one request at the upload server. Never rejects. */
export async function receiveUpload(deps: UploadDeps, request: Request): Promise<Response> {
  try {
    const response = await answerTo(deps, request)
    if (!response.ok) deps.counters.uploadsRefused++
    return response
  } catch (error) {
    deps.counters.uploadsRefused++
    if (error instanceof UploadEnded) return refusal(error.status, error.message)
    if (error instanceof StatorError && error.code === 'BAD_REQUEST') return refusal(400, error.message)
    deps.log.warn({ error }, 'An upload could not be stored; its charge point is told to try again.')
    return refusal(503, 'The file could not be stored; try again', { 'Retry-After': String(uploadRetrySeconds) })
  }
}

/** A refusal ends the connection: the rest of the body is not read. */
export function refusal(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${message}\n`, { status, headers: { Connection: 'close', ...headers } })
}

async function answerTo(deps: UploadDeps, request: Request): Promise<Response> {
  const { store, clock, fileBytesMax } = deps
  const { method, headers, body } = request
  // An invalid Host header makes `request.url` unparsable.
  const place = uploadAt(URL.parse(request.url)?.pathname ?? '')
  if (place === null) return refusal(404, 'There is nothing to upload to')
  if (method !== 'PUT' && method !== 'POST') return refusal(405, 'Upload with PUT or POST', { Allow: 'PUT, POST' })
  if (headers.has('Content-Range')) return refusal(400, 'Upload the whole file at once, without Content-Range')
  const bytesMax = fileBytesMax + 2 * multipartHeaderBytesMax
  if (Number(headers.get('Content-Length')) > bytesMax) return refusal(413, tooLong(fileBytesMax))
  if (body === null) return refusal(400, 'The body is empty: it is to be the file')
  const begun = await store.begin(place.tokenHash, clock.nowMs())
  if (begun.kind === 'unknown') return refusal(404, 'There is nothing to upload to')
  if (begun.kind === 'over') return refusal(410, 'This URL is not valid any more')
  const slot = deps.slots.take(begun.jobId)
  if (slot === null) return tooMany()
  try {
    return await bodyOf(deps, { headers, body, bytesMax, fileName: place.fileName }, begun, slot.signal)
  } finally {
    slot.release()
  }
}

interface Body {
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array>
  readonly bytesMax: number
  /** Of the URL. */
  readonly fileName: string
}

/** Reads the body of an upload with a valid token, and stores it. */
async function bodyOf(
  deps: UploadDeps,
  { headers, body, bytesMax, fileName }: Body,
  begun: Extract<UploadBegin, { readonly jobId: number }>,
  signal: AbortSignal,
): Promise<Response> {
  const { store, clock, fileBytesMax } = deps
  let name = fileNameIn(headers.get('Content-Disposition')) ?? fileName
  const boundary = boundaryOf(headers.get('Content-Type'))
  const length = boundary === null ? headers.get('Content-Length') : null
  if (begun.kind === 'received' && length !== null && Number(length) !== begun.bytes) return refusal(409, anotherFile)
  const pieces = piecesOf(body, bytesMax, clock, signal)
  const content = boundary === null ? pieces : fileInForm(pieces, boundary, (given) => (name = given))
  const intake = new Intake(begun.kind === 'begun' ? { store, attempt: begun } : null)
  try {
    for await (const piece of content) await intake.take(piece)
    if (intake.bytes > fileBytesMax) return refusal(413, tooLong(fileBytesMax))
    if (intake.bytes === 0) return refusal(400, 'The file is empty')
    const sha256 = await intake.end()
    if (begun.kind === 'received') {
      const isSame = begun.sha256 === sha256 && begun.bytes === intake.bytes
      return isSame ? received() : refusal(409, anotherFile)
    }
    const file = { name: nameFrom(name), bytes: intake.bytes, sha256, receivedAtMs: clock.nowMs() }
    if (!(await store.finish(begun, file))) throw new LaterAttempt()
    intake.isFinished = true
    deps.counters.uploadsReceived++
    deps.log.info({ identity: begun.identity }, 'A charge point has uploaded a file.')
    deps.onFile(begun.jobId, file)
    return received()
  } catch (error) {
    if (error instanceof LaterAttempt) return refusal(409, laterUpload)
    if (error instanceof UploadEnded)
      deps.log.info({ identity: begun.identity, reason: error.message }, 'An upload ended before its end.')
    throw error
  } finally {
    // What is left of it goes with the next attempt, or with its job.
    if (begun.kind === 'begun' && !intake.isFinished) await store.abandon(begun).catch(() => {})
  }
}

/** The refusal while as many uploads are under way as may be. */
export function tooMany(): Response {
  return refusal(503, 'Too many uploads are under way', { 'Retry-After': String(uploadRetrySeconds) })
}

function tooLong(bytesMax: number): string {
  return `A file has at most ${bytesMax} bytes`
}

const anotherFile = 'Another file was uploaded to this URL'

function received(): Response {
  return new Response('The file was received\n')
}

/** The name without folders; null if nothing is left of it. */
function nameFrom(given: string): string | null {
  const last = given.slice(Math.max(given.lastIndexOf('/'), given.lastIndexOf('\\')) + 1)
  const plain = decoded(last).replace(/[\p{Cc}\p{Cf}"/\\]/gu, '')
  const name = storableText(plain.slice(-uploadNameCharactersMax)).trim()
  return name === '' || name === '.' || name === '..' ? null : name
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

class LaterAttempt extends Error {}

/** Joins pieces to chunks of one size, stores them and hashes them. */
class Intake {
  readonly #to: { readonly store: UploadStore; readonly attempt: UploadAttempt } | null
  readonly #hash = new Bun.CryptoHasher('sha256')
  #held: Uint8Array[] = []
  #heldBytes = 0
  #place = 0
  bytes = 0
  isFinished = false

  /** @param to null: nothing is stored. */
  constructor(to: { readonly store: UploadStore; readonly attempt: UploadAttempt } | null) {
    this.#to = to
  }

  async take(piece: Uint8Array): Promise<void> {
    this.bytes += piece.byteLength
    for (let at = 0; at < piece.byteLength;) {
      const part = piece.subarray(at, at + uploadChunkBytes - this.#heldBytes)
      at += part.byteLength
      this.#held.push(part)
      this.#heldBytes += part.byteLength
      if (this.#heldBytes >= uploadChunkBytes) await this.#store()
    }
  }

  /** The SHA-256 of all of it. */
  async end(): Promise<string> {
    if (this.#heldBytes > 0) await this.#store()
    return this.#hash.digest('hex')
  }

  async #store(): Promise<void> {
    const chunk = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    this.#hash.update(chunk)
    if (this.#to === null) return
    if (!(await this.#to.store.append(this.#to.attempt, this.#place++, chunk))) throw new LaterAttempt()
  }
}
