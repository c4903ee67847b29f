// The log of OCPP frames. It is written in batches, and facts go first. It may lose lines, and never delays a charge
// point. Bytes are counted in UTF-16 units, which JavaScript knows without looking at a text: in UTF-8 a frame has one
// to three times as many.

import { BoundedQueue } from '../base/bounded-queue.ts'
import type { Clock } from '../base/clock.ts'
import {
  messageLogBatchBytesMax,
  messageLogBatchMax,
  messageLogBytesMax,
  messageLogFlushMs,
  messageLogLinesMax,
  retryMsMax,
} from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { MessageLogLine } from '../blocks/records.ts'
import type { Database } from './database.ts'
import { bind } from './statement.ts'
import { insertMessageLog, type MessageLogRow } from './statements.ts'
import { isTransient } from './store-error.ts'

export class MessageLog {
  readonly #database: Database
  readonly #clock: Clock
  readonly #log: Logger
  readonly #waiting = new BoundedQueue<MessageLogRow>(messageLogLinesMax, {
    bytesMax: messageLogBytesMax,
    bytesOf: (line) => line.frame.length,
  })
  #isStarted = false
  #isStopping = false
  #running: Promise<void> | null = null
  #isTimerSet = false
  #cancelTimer = (): void => {}
  #written = 0
  #dropped = 0

  constructor(database: Database, clock: Clock, log: Logger) {
    this.#database = database
    this.#clock = clock
    this.#log = log
  }

  get written(): number {
    return this.#written
  }

  get dropped(): number {
    return this.#dropped
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Queues a line; past `messageLogLinesMax` lines or `messageLogBytesMax` bytes it is dropped and counted. */
  append(line: MessageLogLine): void {
    const { chargePointKey, atMs, direction, frame } = line
    if (!this.#waiting.push({ chargePointKey, atMs, frame, fromChargePoint: direction === 'fromChargePoint' })) {
      this.#dropped++
    }
    if (this.#hasBatch) this.#write()
    else this.#writeLater(messageLogFlushMs)
  }

  start(): void {
    this.#isStarted = true
    this.#writeLater(messageLogFlushMs)
  }

  /** Writes what waits, as long as the database takes it. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#cancelTimer()
    await this.#running
    if (this.#isStarted) await this.#run()
  }

  /** Whether enough lines wait to fill one statement. */
  get #hasBatch(): boolean {
    return this.#waiting.size >= messageLogBatchMax || this.#waiting.bytes >= messageLogBatchBytesMax
  }

  #writeLater(delayMs: number): void {
    if (!this.#isStarted || this.#isStopping || this.#isTimerSet || this.#running !== null) return
    this.#isTimerSet = true
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#isTimerSet = false
      this.#write()
    })
  }

  #write(): void {
    if (!this.#isStarted || this.#isStopping || this.#running !== null) return
    this.#running = this.#run().then((isAway) => {
      this.#running = null
      if (isAway) this.#writeLater(retryMsMax)
      else if (this.#waiting.size > 0) this.#writeLater(messageLogFlushMs)
    })
  }

  /** Returns whether the database is unavailable, so that lines stay queued. */
  async #run(): Promise<boolean> {
    for (;;) {
      const lines = this.#waiting.take(messageLogBatchMax, messageLogBatchBytesMax)
      if (lines.length === 0) return false
      try {
        await this.#database.upkeepPool.query(bind(insertMessageLog, lines))
        this.#written += lines.length
      } catch (error) {
        // Lines that were under way are dropped: otherwise the log would grow for as long as the database is
        // unavailable.
        this.#dropped += lines.length
        this.#log.warn({ error, count: lines.length }, 'Lines of the OCPP message log are lost.')
        if (isTransient(error)) return true
      }
      if (!this.#hasBatch && !this.#isStopping) return false
    }
  }
}
