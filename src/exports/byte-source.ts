// Where the bytes of an export come from: a thread of its own on PostgreSQL, so that charge points do not wait for it;
// this thread on the embedded database, which only this thread may ask.

import { Worker } from 'node:worker_threads'
import type { Clock } from '../base/clock.ts'
import { type ErrorCode, StatorError } from '../base/errors.ts'
import { exportThreadIdleMsMax } from '../base/limits.ts'
import type { ExportRequest } from '../blocks/exports.ts'
import type { Database } from '../store/database.ts'
import { pagedSession } from '../store/export/paged.ts'
import { storeError } from '../store/store-error.ts'
import { exportBytes } from './export-bytes.ts'

/** The bytes of one export. */
export interface ByteSource {
  /** The next ones; null after the last. Not to be called side by side. @throws {StatorError} */
  next(): Promise<Uint8Array | null>
  /** Ends it, with what is under way. */
  end(): void
}

/** What a thread is asked: to begin an export, and for its next bytes. */
export type ExportThreadQuestion =
  | { readonly kind: 'begin'; readonly connectionString: string; readonly request: ExportRequest }
  | { readonly kind: 'next' }

/** What the thread answers each time that it is asked for more. */
export type ExportThreadAnswer =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'failed'
      readonly code: ErrorCode
      readonly message: string
      readonly details: Readonly<Record<string, unknown>> | undefined
    }

/** Begins exports of a database. */
export class ByteSources {
  readonly #database: Pick<Database, 'connectionString' | 'restPool'>
  readonly #clock: Clock
  /** A thread that has made an export to its end, for the next one: its code takes long to load. */
  #spare: { readonly thread: Worker; readonly forget: () => void } | null = null
  #isClosed = false

  constructor(database: Pick<Database, 'connectionString' | 'restPool'>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** The bytes of an export, from wherever this database is best asked. */
  open(request: ExportRequest): ByteSource {
    const { connectionString, restPool } = this.#database
    if (connectionString === null) return new OwnBytes(exportBytes(pagedSession(restPool), request))
    const thread = this.#taken() ?? new Worker(new URL('./export-thread.ts', import.meta.url))
    thread.postMessage({ kind: 'begin', connectionString, request } satisfies ExportThreadQuestion)
    return new ThreadBytes(thread, () => this.#keep(thread))
  }

  /** Ends the thread that waits for an export. */
  close(): void {
    this.#isClosed = true
    void this.#taken()?.terminate()
  }

  #taken(): Worker | null {
    const spare = this.#spare
    this.#spare = null
    spare?.forget()
    return spare?.thread ?? null
  }

  #keep(thread: Worker): void {
    if (this.#isClosed || this.#spare !== null) return void thread.terminate()
    const forget = this.#clock.after(exportThreadIdleMsMax, () => {
      this.#spare = null
      void thread.terminate()
    })
    this.#spare = { thread, forget }
    // One that fails while it waits is not used again.
    thread.on('error', () => {})
    thread.on('exit', () => {
      if (this.#spare?.thread === thread) this.#taken()
    })
  }
}

class OwnBytes implements ByteSource {
  readonly #bytes: AsyncGenerator<Uint8Array>

  constructor(bytes: AsyncGenerator<Uint8Array>) {
    this.#bytes = bytes
  }

  async next(): Promise<Uint8Array | null> {
    try {
      const { done, value } = await this.#bytes.next()
      return done === true ? null : value
    } catch (error) {
      throw storeError(error)
    }
  }

  end(): void {
    void this.#bytes.return(undefined).catch(() => {})
  }
}

class ThreadBytes implements ByteSource {
  readonly #thread: Worker
  readonly #keep: () => void
  #settle: ((answer: ExportThreadAnswer) => void) | null = null
  /** Whether the thread has answered its last. */
  #isOver = false

  /** @param keep is called when the thread has made the export to its end: it is not used here any more. */
  constructor(thread: Worker, keep: () => void) {
    this.#thread = thread
    this.#keep = keep
    const failed = (message: string) => this.#answer({ kind: 'failed', code: 'INTERNAL', message, details: undefined })
    thread.on('message', (answer: ExportThreadAnswer) => this.#answer(answer))
    thread.on('error', (error) => failed(`The thread of an export failed: ${String(error)}`))
    thread.on('exit', () => {
      this.#isOver = true
      failed('The thread of an export has ended.')
    })
  }

  async next(): Promise<Uint8Array | null> {
    if (this.#isOver) throw new StatorError('INTERNAL', 'The thread of an export has ended.')
    const answer = await new Promise<ExportThreadAnswer>((resolve) => {
      this.#settle = resolve
      this.#thread.postMessage({ kind: 'next' } satisfies ExportThreadQuestion)
    })
    if (answer.kind === 'bytes') return answer.bytes
    if (answer.kind === 'end') {
      this.#isOver = true
      this.#thread.removeAllListeners()
      this.#keep()
      return null
    }
    throw new StatorError(answer.code, answer.message, answer.details)
  }

  /** Its connections end with it, and PostgreSQL notices that within a second. */
  end(): void {
    if (!this.#isOver) void this.#thread.terminate()
  }

  #answer(answer: ExportThreadAnswer): void {
    this.#settle?.(answer)
    this.#settle = null
  }
}
