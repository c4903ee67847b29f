// The metrics without labels: name, meaning, and where the value is read from when GET /metrics is asked.

import type { PartCounts } from '../base/counters.ts'
import { messageLogLinesMax, receivedBytesMax, writerBytesMax, writerChangesMax } from '../base/limits.ts'
import { cpuSeconds, openFiles, openFilesMax, startedAtSeconds } from '../base/process-figures.ts'

/** A metric without labels. */
export interface Measure {
  readonly meaning: string
  readonly read: (counts: PartCounts) => number | Promise<number>
}

/** Counters since the start of this process, by metric name. */
export const partCounters = {
  stator_calls_sent_total: { meaning: 'CALLs that were sent to charge points.', read: ({ calls }) => calls.sent },
  stator_calls_answered_total: { meaning: 'CALLs that charge points answered.', read: ({ calls }) => calls.answered },
  stator_calls_timed_out_total: {
    meaning: 'CALLs that were not answered in time.',
    read: ({ calls }) => calls.timedOut,
  },
  stator_answers_late_total: {
    meaning: 'Answers to CALLs that had timed out.',
    read: ({ calls }) => calls.late,
  },
  stator_answers_unknown_total: {
    meaning: 'Answers to CALLs that were never sent.',
    read: ({ calls }) => calls.unknown,
  },
  stator_commits_total: { meaning: 'Transactions of the writer.', read: ({ writer }) => writer.transactions },
  stator_messages_committed_total: {
    meaning: 'Messages that were committed; each part of a large one counts.',
    read: ({ writer }) => writer.changeSets,
  },
  stator_messages_decided_again_total: {
    meaning: 'Messages decided again, because another node had changed the stored state since the first decision.',
    read: ({ writer }) => writer.outdated,
  },
  stator_messages_refused_total: {
    meaning: 'Messages that the database refused for what they hold.',
    read: ({ writer }) => writer.refused,
  },
  stator_meter_values_stored_total: {
    meaning: 'Meter values that were committed.',
    read: ({ writer }) => writer.meterRows,
  },
  stator_commit_retries_total: {
    meaning: 'Transactions of the writer that were begun again.',
    read: ({ writer }) => writer.retries,
  },
  stator_message_log_lines_total: {
    meaning: 'Lines that were written to the message log.',
    read: ({ writer }) => writer.messageLogLines,
  },
  stator_message_log_lines_dropped_total: {
    meaning: 'Lines of the message log that were dropped, because too many waited.',
    read: ({ writer }) => writer.messageLogLinesDropped,
  },
  process_cpu_seconds_total: {
    meaning: 'CPU time of this process.',
    read: cpuSeconds,
  },
} as const satisfies Readonly<Record<string, Measure>>

/** Gauges (current values), by metric name. */
export const partGauges = {
  stator_database_available: {
    meaning: '1 while the database takes what it is given, else 0.',
    read: ({ isDatabaseAvailable }) => (isDatabaseAvailable ? 1 : 0),
  },
  stator_token_keys_available: {
    meaning: '1 while the keys of bearer tokens can be read, or none are needed; 0 while the issuer is away.',
    read: ({ areTokenKeysAvailable }) => (areTokenKeysAvailable ? 1 : 0),
  },
  stator_open: {
    meaning: '1 while new connections of charge points are accepted; 0 while the database or the writer is behind.',
    read: ({ isOpen }) => (isOpen ? 1 : 0),
  },
  stator_committing_seconds: {
    meaning: 'For how long the transaction of the writer that is under way has run; 0 when there is none.',
    read: ({ writer }) => writer.committingMs / 1_000,
  },
  stator_messages_waiting: {
    meaning: 'Messages that wait for their COMMIT.',
    read: ({ writer }) => writer.waiting,
  },
  stator_messages_waiting_limit: {
    meaning: 'How many may wait for their COMMIT; above, none is taken.',
    read: () => writerChangesMax,
  },
  stator_messages_waiting_bytes: {
    meaning: 'Bytes of the messages that wait for their COMMIT.',
    read: ({ writer }) => writer.waitingBytes,
  },
  stator_messages_waiting_bytes_limit: {
    meaning: 'How many bytes may wait for their COMMIT; above, no message is taken.',
    read: () => writerBytesMax,
  },
  stator_message_log_lines_waiting: {
    meaning: 'Lines of the message log that wait to be written.',
    read: ({ writer }) => writer.messageLogLinesWaiting,
  },
  stator_message_log_lines_waiting_limit: {
    meaning: 'How many lines of the message log may wait; above, lines are dropped.',
    read: () => messageLogLinesMax,
  },
  stator_received_bytes_waiting: {
    meaning: 'Bytes of messages that were read and are not served yet.',
    read: ({ gateway }) => gateway.receivedBytes,
  },
  stator_received_bytes_waiting_limit: {
    meaning: 'How many bytes may wait to be served; above, no socket is read.',
    read: () => receivedBytesMax,
  },
  stator_handshakes_waiting: {
    meaning: 'Charge points that wait to be let in.',
    read: ({ gateway }) => gateway.handshakes,
  },
  stator_handshakes_waiting_limit: {
    meaning: 'How many charge points may wait to be let in; above, they are refused.',
    read: ({ gateway }) => gateway.handshakesMax,
  },
  stator_calls_waiting: {
    meaning: 'CALLs to charge points that wait for their turn or for their answer.',
    read: ({ calls }) => calls.waiting,
  },
  process_resident_memory_bytes: { meaning: 'Memory of this process.', read: () => process.memoryUsage.rss() },
  process_start_time_seconds: {
    meaning: 'When this process started, in seconds since 1970.',
    read: () => startedAtSeconds,
  },
  process_open_fds: { meaning: 'Open files; each connection is one.', read: openFiles },
  process_max_fds: { meaning: 'How many files may be open.', read: openFilesMax },
} as const satisfies Readonly<Record<string, Measure>>
