// The writer (group commit): everything that waits is committed in one PostgreSQL transaction, and answers are sent
// only after that. The next group forms while the last one is under way, so groups grow with the load and need no
// timer.

import { BoundedQueue } from '../base/bounded-queue.ts'
import type { WriterCounts } from '../base/counters.ts'
import type { Clock } from '../base/clock.ts'
import { type ErrorCode, StatorError } from '../base/errors.ts'
import {
  commitBytesMax,
  commitChangesMax,
  commitRowsMax,
  commitSilentMsMax,
  lastSeenFlushMs,
  partBytesMax,
  partRowsMax,
  retryMsMax,
  retryMsMin,
  seenRowsMax,
  writerBytesMax,
  writerChangesMax,
} from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { ChangeSet, CommitOutcome } from '../blocks/decision.ts'
import type { MessageLogLine } from '../blocks/records.ts'
import { commitGroup, type CommitGroup } from './commit-group.ts'
import type { Database, Lease } from './database.ts'
import { cautiousUse, type EarlierLedger } from './earlier-ledger.ts'
import { MessageLog } from './messages/message-log.ts'
import type { MeterPacking } from './meter-packing.ts'
import { Packer } from './messages/packer.ts'
import { PlanAge } from './plan-age.ts'
import { bulkRowsOf, partsOf } from './set-parts.ts'
import type { SeenRow } from './statements.ts'
import { isConnectionLost, isTransient, reasonOf } from './store-error.ts'
import { runBatch } from './wire/batch.ts'
import { discardPlans } from './wire/plans.ts'

export interface WriterOptions {
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  /** `commitGroup`, except in tests with a database of their own. */
  readonly commitGroup?: CommitGroup
  /** Says what to do about the ledger of the previous version; by default it is written and read. */
  readonly earlierLedger?: Pick<EarlierLedger, 'use'>
  /** Says whether meter values are stored packed; by default they are not. */
  readonly meterPacking?: Pick<MeterPacking, 'isOn'>
  /** Called after each transaction: how many sets it committed, and how long it took in milliseconds. */
  readonly onCommit?: (sets: number, ms: number) => void
}

interface Waiting {
  readonly set: ChangeSet
  /** `bulkRowsOf(set)`. */
  readonly rows: number
  /** Of the set, and of the parts that come after it. */
  readonly bytesLeft: number
  readonly resolve: (outcome: CommitOutcome) => void
  readonly reject: (error: StatorError) => void
}

interface Seen {
  lastSeenAtMs: number
  lastHeartbeatAtMs: number | null
}

/** How often a group may fail on an open connection before its content is suspected of breaking it. */
const failuresMax = 4

const nothingToSettle = (): void => {}

export class Writer {
  readonly #database: Database
  readonly #clock: Clock
  readonly #log: Logger
  readonly #packer = new Packer()
  readonly #messageLog: MessageLog
  readonly #planAge: PlanAge
  readonly #commitGroup: CommitGroup
  readonly #earlier: Pick<EarlierLedger, 'use'>
  readonly #meterPacking: Pick<MeterPacking, 'isOn'>
  readonly #onCommit: NonNullable<WriterOptions['onCommit']>
  readonly #waiting = new BoundedQueue<Waiting>(writerChangesMax, {
    bytesMax: writerBytesMax,
    bytesOf: (waiting) => waiting.bytesLeft,
  })
  /** Large sets of which some parts are still to be committed. */
  readonly #inParts = new Set<Promise<CommitOutcome>>()
  readonly #seen = new Map<number, Seen>()
  #seenDue = 0
  #cancelSeenTimer = nothingToSettle
  #lease: Lease | null = null
  #isStarted = false
  #isStopping = false
  #isAvailable = true
  /** Since when it is not available. */
  #awaySinceMs = 0
  #expectsNew = true
  #running: Promise<void> | null = null
  /** When the transaction under way was begun; null when there is none. */
  #committingSinceMs: number | null = null
  #wakeUp = nothingToSettle
  #counts = { transactions: 0, changeSets: 0, duplicates: 0, meterRows: 0, outdated: 0, retries: 0, refused: 0 }

  constructor(options: WriterOptions) {
    const { database, clock, log, commitGroup: commit = commitGroup, onCommit = () => {} } = options
    this.#earlier = options.earlierLedger ?? { use: cautiousUse }
    this.#meterPacking = options.meterPacking ?? { isOn: false }
    this.#database = database
    this.#commitGroup = commit
    this.#onCommit = onCommit
    this.#clock = clock
    this.#log = log
    this.#planAge = new PlanAge(clock)
    this.#messageLog = new MessageLog(database, clock, log, this.#packer)
  }

  /** Begins to write. Sets that were given before this wait. */
  start(): void {
    this.#isStarted = true
    this.#messageLog.start()
    this.#setSeenTimer()
    this.#kick()
  }

  /**
   * Commits the waiting sets, and the rest of those that were begun in parts, then writes the message log and the
   * last-seen times, and stops. While the database is unavailable nothing can be committed: waiting sets are then
   * rejected.
   */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#cancelSeenTimer()
    this.#seenDue = this.#seen.size
    this.#wakeUp()
    this.#kick()
    await this.#running
    if (this.#isStarted) await Promise.allSettled(this.#inParts)
    await this.#messageLog.stop()
    await this.#packer.close()
    rejectAll(this.#waiting.drain(), 'STORE_UNAVAILABLE', 'The writer was never started.', undefined)
    this.#release(false)
  }

  /**
   * Queues the changes that one message caused; resolves once PostgreSQL has committed them.
   *
   * After a CALLRESULT the station forgets the message, so it is sent only after this resolves. Changes given together
   * commit together or not at all. While the database is unavailable they wait.
   *
   * A large set is the exception: it is committed in parts (`partsOf`), one after the other, with the sets of others
   * between them, and this resolves with the outcome of the last part. When a part fails, no further part is sent and
   * this rejects with its error: rows of meter values and variables may be stored then, and a resend of the message
   * adds the rest.
   *
   * @throws {StatorError} `STORE_QUEUE_FULL` when `writerChangesMax` sets or `writerBytesMax` bytes already wait:
   *   nothing was queued. `INTERNAL` when PostgreSQL refuses this very set: nothing of it is stored.
   *   `STORE_UNAVAILABLE` when it is given up after a connection broke on it, or the writer stops while the database is
   *   unavailable: it may be stored or not. `SHUTTING_DOWN` when the writer is stopping: it is not.
   */
  commit(set: ChangeSet): Promise<CommitOutcome> {
    if (this.#isStopping) return Promise.reject(new StatorError('SHUTTING_DOWN', 'The writer is stopping.'))
    const rows = bulkRowsOf(set)
    if (rows <= partRowsMax && set.bytes <= partBytesMax) return this.#enqueue(set, rows, set.bytes, false)
    const parts = partsOf(set)
    if (parts.length === 1) return this.#enqueue(set, rows, set.bytes, false)
    const committing = this.#commitParts(parts, set.bytes)
    this.#inParts.add(committing)
    return committing.finally(() => this.#inParts.delete(committing))
  }

  /** Commits one part, then queues the next one after the sets that arrived meanwhile. */
  async #commitParts(parts: readonly ChangeSet[], bytes: number): Promise<CommitOutcome> {
    let bytesLeft = bytes
    let outcome: CommitOutcome = { duplicate: false, answer: {} }
    for (const [place, part] of parts.entries()) {
      outcome = await this.#enqueue(part, bulkRowsOf(part), bytesLeft, place > 0)
      bytesLeft -= part.bytes
    }
    return outcome
  }

  /** @param isAccepted whether it belongs to a set that was accepted as a whole. */
  #enqueue(set: ChangeSet, rows: number, bytesLeft: number, isAccepted: boolean): Promise<CommitOutcome> {
    return new Promise((resolve, reject) => {
      const waiting = { set, rows, bytesLeft, resolve, reject }
      if (isAccepted) this.#waiting.pushAccepted(waiting)
      else if (!this.#waiting.push(waiting)) {
        const { size, bytes } = this.#waiting
        const sentence = `${size} changes of ${bytes} bytes already wait for the database.`
        reject(new StatorError('STORE_QUEUE_FULL', sentence))
        return
      }
      this.#kick()
    })
  }

  /** Whether the queue has reached its maximum, in sets or in bytes. */
  get isFull(): boolean {
    return this.#waiting.isFull
  }

  /** Whether the last round trip to the database succeeded: while false, new connections are refused. */
  get isAvailable(): boolean {
    return this.#isAvailable
  }

  get stats(): WriterCounts {
    return {
      ...this.#counts,
      waiting: this.#waiting.size,
      waitingBytes: this.#waiting.bytes,
      committingMs: this.#committingSinceMs === null ? 0 : performance.now() - this.#committingSinceMs,
      messageLogLines: this.#messageLog.written,
      messageLogLinesDropped: this.#messageLog.dropped,
      messageLogLinesWaiting: this.#messageLog.waiting,
    }
  }

  /** Queues a line of the OCPP message log. Never waits: past `messageLogLinesMax` lines are dropped and counted. */
  appendMessageLog(line: MessageLogLine): void {
    this.#messageLog.append(line)
  }

  /** Notes that a charge point has sent something; written within `lastSeenFlushMs`, together with other changes. */
  markSeen(chargePointKey: number, atMs: number, heartbeat: boolean): void {
    const seen = this.#seen.get(chargePointKey)
    if (seen === undefined) {
      this.#seen.set(chargePointKey, { lastSeenAtMs: atMs, lastHeartbeatAtMs: heartbeat ? atMs : null })
      return
    }
    seen.lastSeenAtMs = atMs
    if (heartbeat) seen.lastHeartbeatAtMs = atMs
  }

  #setSeenTimer(): void {
    this.#cancelSeenTimer = this.#clock.after(lastSeenFlushMs, () => {
      this.#seenDue = this.#seen.size
      this.#kick()
      this.#setSeenTimer()
    })
  }

  #takeSeen(): SeenRow[] {
    const rows: SeenRow[] = []
    for (const [key, seen] of this.#seen) {
      if (rows.length >= Math.min(this.#seenDue, seenRowsMax)) break
      rows.push({ key, ...seen })
      this.#seen.delete(key)
    }
    this.#seenDue -= rows.length
    return rows
  }

  #kick(): void {
    if (!this.#isStarted || this.#running !== null) return
    // A microtask later, so that sets that a caller commits together are in one group.
    this.#running = Promise.resolve().then(() => this.#run())
  }

  async #run(): Promise<void> {
    let settleLast = nothingToSettle
    for (;;) {
      const group = this.#takeGroup()
      const seen = this.#takeSeen()
      if (group.length === 0 && seen.length === 0) break
      this.#committingSinceMs = performance.now()
      const committing = this.#commit(group, seen)
      // The next group is sent before the last one is answered, so that PostgreSQL and this thread work in parallel.
      settleLast()
      settleLast = await committing
    }
    this.#running = null
    this.#committingSinceMs = null
    settleLast()
  }

  /** The oldest sets that fit into one transaction; at least one if there is any. */
  #takeGroup(): Waiting[] {
    const group: Waiting[] = []
    let rows = 0
    let bytes = 0
    while (group.length < commitChangesMax) {
      const next = this.#waiting.peek()
      if (next === undefined) break
      rows += next.rows
      bytes += next.set.bytes
      if (group.length > 0 && (rows > commitRowsMax || bytes > commitBytesMax)) break
      group.push(next)
      this.#waiting.shift()
    }
    return group
  }

  /** Commits a group however long it takes; the returned function resolves the promises of its sets. */
  async #commit(group: readonly Waiting[], seen: readonly SeenRow[], wasSent = false): Promise<() => void> {
    const sets = group.map((waiting) => waiting.set)
    const begunMs = performance.now()
    let failures = 0
    // If a connection breaks, it is not known whether this was before or after the COMMIT.
    let mayBeStored = wasSent
    for (let attempt = 1; ; attempt++) {
      let lease: Lease | null = null
      try {
        lease = this.#lease ?? (await this.#inSight(this.#takeLease()))
        if (this.#planAge.isOver()) await this.#inSight(runBatch(lease.client, [discardPlans]))
        const { use } = this.#earlier
        const { isOn } = this.#meterPacking
        const committing = this.#commitGroup(lease.client, sets, seen, this.#expectsNew, mayBeStored, use, isOn)
        const committed = await this.#inSight(committing)
        // After an outage, many retransmissions arrive together. While they do, an attempt in one round trip is wasted.
        this.#expectsNew = !committed.hadStored
        if (this.#database.isSingleConnection) this.#release(false)
        this.#noteAvailable(true)
        this.#counts.transactions++
        this.#counts.changeSets += sets.length
        this.#counts.duplicates += committed.duplicates
        this.#counts.outdated += committed.outdated
        this.#counts.meterRows += committed.meterRows
        this.#onCommit(sets.length, performance.now() - begunMs)
        return () => {
          for (const [i, outcome] of committed.outcomes.entries()) group[i]?.resolve(outcome)
        }
      } catch (error) {
        const isLost = isConnectionLost(error)
        if (lease !== null && isLost) mayBeStored = true
        if (lease !== null && (isLost || this.#database.isSingleConnection)) this.#release(isLost)
        if (!isTransient(error)) {
          if (await this.#isAnswering()) {
            this.#noteAvailable(true)
            return this.#divide(group, seen, error, mayBeStored)
          }
        } else if (lease !== null && ++failures >= failuresMax && (isLost || group.length > 1)) {
          if (await this.#isAnswering()) {
            // Either the content of the group breaks the connection, or the database accepts nothing at all.
            this.#noteAvailable(isLost, error)
            return this.#divide(group, seen, error, mayBeStored)
          }
        }
        // A database that accepts nothing for long, for example because its disk is full, counts as unavailable.
        const isAway = isLost || !isTransient(error) || attempt >= failuresMax
        if (isAway) this.#noteAvailable(false, error)
        if (isAway && this.#isStopping) {
          const sentence = 'The writer stopped while the database was away.'
          return () => rejectAll(group, 'STORE_UNAVAILABLE', sentence, error)
        }
        this.#counts.retries++
        await this.#pause(Math.min(retryMsMax, retryMsMin * 2 ** Math.min(attempt - 1, 10)))
      }
    }
  }

  /** Commits the halves of a group that fails because of its content, until the failing set is alone. */
  async #divide(
    group: readonly Waiting[],
    seen: readonly SeenRow[],
    error: unknown,
    mayBeStored: boolean,
  ): Promise<() => void> {
    if (group.length <= 1) {
      this.#counts.refused += group.length
      const messageId = group[0]?.set.messageId
      this.#log.error({ error, messageId, count: seen.length }, 'The database refuses a change for what it holds.')
      const sentence = `The database refused the changes: ${reasonOf(error)}`
      return () => rejectAll(group, mayBeStored ? 'STORE_UNAVAILABLE' : 'INTERNAL', sentence, error)
    }
    const middle = group.length >> 1
    const settleFirst = await this.#commit(group.slice(0, middle), seen, mayBeStored)
    settleFirst()
    return this.#commit(group.slice(middle), [], mayBeStored)
  }

  /**
   * Whether the database answers a harmless statement. If so, what failed before failed because of its data. Everything
   * that a broken connection had sent is over by then, so that a caller whose changes were given up can read whether
   * they were stored.
   */
  async #isAnswering(): Promise<boolean> {
    try {
      await this.#database.ping()
      if (this.#lease === null && !this.#database.isSingleConnection) await this.#takeLease()
      return true
    } catch {
      return false
    }
  }

  /** If `work` takes too long, the database counts as unavailable. */
  async #inSight<T>(work: Promise<T>): Promise<T> {
    const cancel = this.#clock.after(commitSilentMsMax, () => {
      this.#noteAvailable(false, new StatorError('STORE_UNAVAILABLE', `No answer for ${commitSilentMsMax} ms.`))
    })
    try {
      return await work
    } finally {
      cancel()
    }
  }

  async #takeLease(): Promise<Lease> {
    this.#lease = await this.#database.lease()
    if (!this.#database.isSingleConnection) this.#planAge.begin()
    return this.#lease
  }

  #release(isBroken: boolean): void {
    this.#lease?.release(isBroken)
    this.#lease = null
  }

  #noteAvailable(isAvailable: boolean, error?: unknown): void {
    if (this.#isAvailable === isAvailable) return
    this.#isAvailable = isAvailable
    const nowMs = this.#clock.nowMs()
    if (!isAvailable) {
      this.#awaySinceMs = nowMs
      const code: ErrorCode = 'STORE_UNAVAILABLE'
      const sentence = 'The database cannot be reached; changes wait, and charge points are not answered.'
      this.#log.error({ code, error }, sentence)
      return
    }
    // At Warning, so that a log that has the beginning of an outage has its end, too.
    const durationMs = nowMs - this.#awaySinceMs
    this.#log.warn({ durationMs }, 'The database is back; what waited is being committed.')
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(delayMs, resolve)
      this.#wakeUp = () => {
        cancel()
        resolve()
      }
    })
  }
}

function rejectAll(
  group: readonly Waiting[],
  code: 'INTERNAL' | 'STORE_UNAVAILABLE',
  sentence: string,
  cause: unknown,
): void {
  for (const { reject } of group) reject(new StatorError(code, sentence, undefined, cause))
}
