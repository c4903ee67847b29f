// Opens exports, a bounded number at once, and ends them: when they are read, when their client is gone, when it reads
// nothing for too long, when they take too long, and when the node stops.

import type { Clock } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import { exportMsMax, exportsAtOnceMax, exportStallMsMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { ExportBytes, ExportRequest, ExportSender } from '../blocks/exports.ts'
import type { Database } from '../store/database.ts'
import { storeError } from '../store/store-error.ts'
import { type ByteSource, ByteSources } from './byte-source.ts'

export interface ExportsDeps {
  readonly database: Pick<Database, 'connectionString' | 'restPool'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}

/** The exports of this node. */
export class Exports {
  readonly #deps: ExportsDeps
  readonly #sources: ByteSources
  readonly #running = new Set<Export>()
  #isClosed = false

  constructor(deps: ExportsDeps) {
    this.#deps = deps
    this.#sources = new ByteSources(deps.database, deps.clock)
  }

  /** How many are under way. */
  get count(): number {
    return this.#running.size
  }

  /**
   * Begins an export. Resolves once its first rows are read. When `signal` aborts, its client is gone, and it ends.
   *
   * @throws {StatorError} `BAD_REQUEST` for a cursor that is none of such an export; `TOO_MANY_REQUESTS`;
   *   `STORE_UNAVAILABLE`.
   */
  async open(request: ExportRequest, sender: ExportSender, signal: AbortSignal): Promise<ExportBytes> {
    if (this.#isClosed) throw new StatorError('SHUTTING_DOWN', 'This node is stopping.')
    if (this.#running.size >= exportsAtOnceMax) {
      throw new StatorError('TOO_MANY_REQUESTS', `${exportsAtOnceMax} exports are under way on this node already`)
    }
    const { name, atOnceMax } = sender
    if (
      this.#running
        .values()
        .filter((one) => one.name === name)
        .toArray().length >= atOnceMax
    ) {
      throw new StatorError('TOO_MANY_REQUESTS', `${atOnceMax} exports with these credentials are under way already`)
    }
    const bytes = this.#sources.open(request)
    const one: Export = new Export(this.#deps, request, bytes, name, () => this.#running.delete(one))
    this.#running.add(one)
    signal.addEventListener('abort', () => void one.close(), { once: true })
    await one.begin()
    return one
  }

  /** Breaks off those that are under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const one of this.#running) one.breakOff(new StatorError('SHUTTING_DOWN', 'This node is stopping.'))
    this.#sources.close()
  }
}

class Export implements ExportBytes {
  /** Who it is for. */
  readonly name: string
  readonly #deps: ExportsDeps
  readonly #request: ExportRequest
  readonly #onEnd: () => void
  readonly #bytes: ByteSource
  /** The first bytes, until they are taken. */
  #first: { readonly bytes: Uint8Array | null } | null = null
  /** Why it broke off; null while it has not. */
  #failure: StatorError | null = null
  #isEnded = false
  readonly #cancelDuration: () => void
  #cancelStall = (): void => {}

  constructor(deps: ExportsDeps, request: ExportRequest, bytes: ByteSource, name: string, onEnd: () => void) {
    this.name = name
    this.#deps = deps
    this.#request = request
    this.#onEnd = onEnd
    this.#bytes = bytes
    this.#cancelDuration = deps.clock.after(exportMsMax, () =>
      this.breakOff(new StatorError('REQUEST_TIMEOUT', `An export took longer than ${exportMsMax / 60_000} minutes.`)),
    )
  }

  /** Resolves once its first bytes are there. */
  async begin(): Promise<void> {
    try {
      this.#first = { bytes: await this.#bytes.next() }
      this.#watchReader()
    } catch (error) {
      this.#end()
      throw this.#failure ?? error
    }
  }

  async next(): Promise<Uint8Array | null> {
    this.#cancelStall()
    if (this.#failure !== null) throw this.#failure
    if (this.#isEnded) return null
    try {
      const bytes = this.#first === null ? await this.#bytes.next() : this.#first.bytes
      this.#first = null
      if (bytes === null) this.#end()
      else this.#watchReader()
      return bytes
    } catch (error) {
      const failure = this.#failure ?? storeError(error)
      this.breakOff(failure)
      throw failure
    }
  }

  async close(): Promise<void> {
    this.#end()
  }

  /** Ends it before its end: its client sees a transfer that is broken. */
  breakOff(failure: StatorError): void {
    if (this.#isEnded) return
    this.#failure = failure
    const detail = { kind: this.#request.exported.kind, format: this.#request.format }
    this.#deps.log.warn({ code: failure.code, error: failure, detail }, 'An export broke off.')
    this.#end()
  }

  #watchReader(): void {
    if (this.#isEnded) return
    const sentence = `The client of an export has read nothing for ${exportStallMsMax / 1_000} s.`
    this.#cancelStall = this.#deps.clock.after(exportStallMsMax, () =>
      this.breakOff(new StatorError('REQUEST_TIMEOUT', sentence)),
    )
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#cancelDuration()
    this.#cancelStall()
    this.#bytes.end()
    this.#onEnd()
  }
}
