// The writer: everything that waits goes into one PostgreSQL transaction, and only then is anybody answered.

import type { Clock } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { ChangeSet, CommitOutcome } from '../csms/decision.ts'
import type { MessageLogLine } from '../csms/records.ts'
import type { Database } from './database.ts'

export interface WriterOptions {
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
}

/** Counts since the start, and what waits now. */
export interface WriterStats {
  readonly transactions: number
  readonly changeSets: number
  readonly duplicates: number
  readonly meterRows: number
  /** Transactions that were begun again: connection lost, deadlock, server away. */
  readonly retries: number
  /** Change sets that PostgreSQL refused for their data. */
  readonly refused: number
  readonly waiting: number
  readonly messageLogLines: number
  readonly messageLogLinesDropped: number
}

export class Writer {
  constructor(options: WriterOptions) {
    this.#options = options
  }

  readonly #options: WriterOptions

  /**
   * Queues the changes that one message caused; resolves once PostgreSQL has committed them.
   *
   * A CALLRESULT is the station's leave to forget the message, so nobody answers before this resolves.
   * Changes given together commit together or not at all. While the database is away they wait.
   *
   * @throws {StatorError} `STORE_QUEUE_FULL` when `writerChangesMax` sets already wait: nothing was queued.
   * `INTERNAL` when PostgreSQL refuses this very set: nothing of it is stored.
   * `SHUTTING_DOWN` after `stop`: nothing was queued, or nothing of it is stored.
   */
  commit(set: ChangeSet): Promise<CommitOutcome> {
    return Promise.reject(new StatorError('INTERNAL', `The writer is being written (${set.messageId}).`))
  }

  /** Whether `commit` would refuse a set now. */
  get isFull(): boolean {
    return false
  }

  /** Whether the last trip to the database succeeded: while false, newcomers are better sent away. */
  get isAvailable(): boolean {
    return this.#options.database !== undefined
  }

  get stats(): WriterStats {
    throw new StatorError('INTERNAL', 'The writer is being written.')
  }

  /** Queues a line of the OCPP message log. Never waits: past `messageLogLinesMax` lines are dropped and counted. */
  appendMessageLog(line: MessageLogLine): void {
    void line
  }

  /** Notes that a charge point was heard; written within `lastSeenFlushMs`. */
  markSeen(chargePointKey: number, atMs: number, heartbeat: boolean): void {
    void [chargePointKey, atMs, heartbeat]
  }

  start(): void {}

  /** Commits what waits, then writes the message log and the last-seen times, and stops. */
  async stop(): Promise<void> {}
}
