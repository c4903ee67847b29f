// Where the bytes of an export come from: a thread of its own on PostgreSQL, so that charge points do not wait for it;
// this thread on the embedded database, which only this thread may ask.

import { Worker } from 'node:worker_threads'
import { type ErrorCode, StatorError } from '../base/errors.ts'
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

/** What the thread of an export is given. */
export interface ExportThreadData {
  readonly connectionString: string
  readonly request: ExportRequest
}

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

/** The bytes of an export, from wherever this database is best asked. */
export function bytesOf(
  { connectionString, restPool }: Pick<Database, 'connectionString' | 'restPool'>,
  request: ExportRequest,
): ByteSource {
  if (connectionString !== null) return new ThreadBytes({ connectionString, request })
  const bytes = exportBytes(pagedSession(restPool), request)
  return {
    async next() {
      try {
        const { done, value } = await bytes.next()
        return done === true ? null : value
      } catch (error) {
        throw storeError(error)
      }
    },
    end: () => void bytes.return(undefined).catch(() => {}),
  }
}

class ThreadBytes implements ByteSource {
  readonly #thread: Worker
  #settle: ((answer: ExportThreadAnswer) => void) | null = null
  #isOver = false

  constructor(data: ExportThreadData) {
    this.#thread = new Worker(new URL('./export-thread.ts', import.meta.url), { workerData: data })
    this.#thread.on('message', (answer: ExportThreadAnswer) => this.#answer(answer))
    const failed = (message: string) => this.#answer({ kind: 'failed', code: 'INTERNAL', message, details: undefined })
    this.#thread.on('error', (error) => failed(`The thread of an export failed: ${String(error)}`))
    this.#thread.on('exit', () => {
      this.#isOver = true
      failed('The thread of an export has ended.')
    })
  }

  async next(): Promise<Uint8Array | null> {
    if (this.#isOver) throw new StatorError('INTERNAL', 'The thread of an export has ended.')
    const answer = await new Promise<ExportThreadAnswer>((resolve) => {
      this.#settle = resolve
      this.#thread.postMessage('next')
    })
    if (answer.kind === 'bytes') return answer.bytes
    if (answer.kind === 'end') return null
    throw new StatorError(answer.code, answer.message, answer.details)
  }

  /** Its connections end with it, and PostgreSQL notices that within a second. */
  end(): void {
    void this.#thread.terminate()
  }

  #answer(answer: ExportThreadAnswer): void {
    this.#settle?.(answer)
    this.#settle = null
  }
}
