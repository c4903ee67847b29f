// The log of OCPP frames. It is written in blocks, and facts go first. It may lose lines, and never delays a charge
// point: a line that is appended costs a copy of its text, and is compressed in another thread. Bytes are counted in
// UTF-16 units, which JavaScript knows without looking at a text: in UTF-8 a frame has one to three times as many.

import { BoundedQueue } from '../../base/bounded-queue.ts'
import { type Clock, dayMs } from '../../base/clock.ts'
import {
  messageLogBatchBytesMax,
  messageLogBatchMax,
  messageLogBytesMax,
  messageLogFlushMs,
  messageLogLinesMax,
  messageLogStepBackMsMax,
  retryMsMax,
} from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { MessageLogLine } from '../../blocks/records.ts'
import type { Database } from '../database.ts'
import { bind } from '../statement.ts'
import { insertMessageBlocks } from '../statements.ts'
import { isTransient } from '../store-error.ts'
import { LineBuffer, type Lines } from './lines.ts'
import type { Packer } from './packer.ts'

/** Lines that become one block. */
interface Batch {
  readonly lines: Lines
  readonly units: number
}

export class MessageLog {
  readonly #database: Database
  readonly #clock: Clock
  readonly #log: Logger
  readonly #packer: Pick<Packer, 'pack'>
  readonly #buffer = new LineBuffer(messageLogBatchMax, messageLogBatchBytesMax)
  readonly #batches = new BoundedQueue<Batch>(messageLogLinesMax)
  /** Of lines that wait, in the buffer and in the batches. */
  #lines = 0
  #units = 0
  /** Of those that are in the buffer. */
  #bufferUnits = 0
  #lastMs = Number.NEGATIVE_INFINITY
  #isStarted = false
  #isStopping = false
  #running: Promise<void> | null = null
  #isTimerSet = false
  #cancelTimer = (): void => {}
  #written = 0
  #dropped = 0

  constructor(database: Database, clock: Clock, log: Logger, packer: Pick<Packer, 'pack'>) {
    this.#database = database
    this.#clock = clock
    this.#log = log
    this.#packer = packer
  }

  get written(): number {
    return this.#written
  }

  get dropped(): number {
    return this.#dropped
  }

  get waiting(): number {
    return this.#lines
  }

  /** Queues a line; past `messageLogLinesMax` lines or `messageLogBytesMax` bytes it is dropped and counted. */
  append(line: MessageLogLine): void {
    const units = line.frame.length
    if (this.#lines >= messageLogLinesMax || this.#units + units > messageLogBytesMax) {
      this.#dropped++
      return
    }
    const atMs = this.#timeOf(line)
    const { lastMs } = this.#buffer
    const isOfOtherDay = lastMs !== undefined && dayOf(lastMs) !== dayOf(atMs)
    if (isOfOtherDay || !this.#buffer.hasRoomFor(line.frame)) this.#cut()
    this.#buffer.add(line, atMs)
    this.#lines++
    this.#units += units
    this.#bufferUnits += units
    if (this.#batches.size > 0) this.#write()
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

  // Lines are listed by time. A clock that is set back a little would turn a call and its answer around.
  #timeOf({ atMs }: MessageLogLine): number {
    const isStep = atMs < this.#lastMs && this.#lastMs - atMs <= messageLogStepBackMsMax
    if (!isStep) this.#lastMs = Math.trunc(atMs)
    return this.#lastMs
  }

  /** Makes a batch of what is in the buffer. */
  #cut(): void {
    if (this.#buffer.count === 0) return
    this.#batches.push({ lines: this.#buffer.take(), units: this.#bufferUnits })
    this.#bufferUnits = 0
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
      else if (this.#lines > 0) this.#writeLater(messageLogFlushMs)
    })
  }

  /** Returns whether the database is unavailable, so that lines stay queued. */
  async #run(): Promise<boolean> {
    for (;;) {
      if (this.#batches.size === 0) this.#cut()
      const batch = this.#batches.shift()
      if (batch === undefined) return false
      const { count } = batch.lines
      this.#lines -= count
      this.#units -= batch.units
      try {
        const block = await this.#packer.pack(batch.lines)
        await this.#database.upkeepPool.query(bind(insertMessageBlocks, [{ ...block, level: 0, run: 0 }]))
        this.#written += count
      } catch (error) {
        // Lines that were under way are dropped: otherwise the log would grow for as long as the database is
        // unavailable.
        this.#dropped += count
        this.#log.warn({ error, count }, 'Lines of the OCPP message log are lost.')
        if (isTransient(error)) return true
      }
      if (this.#batches.size === 0 && !this.#isStopping) return false
    }
  }
}

function dayOf(ms: number): number {
  return Math.floor(ms / dayMs)
}
