// An entry of a history as the list and the export show it.

import { isoTime } from '../base/clock.ts'
import type { HistoryRecord } from '../blocks/records.ts'

/** A connection, or a change of a connector, as the list and the export of a history show it. */
export function historyItem(record: HistoryRecord) {
  if (record.kind === 'connection') {
    const { atMs, ...rest } = record
    return { time: isoTime(atMs), ...rest }
  }
  const { atMs, occurredAtMs, ...rest } = record
  return { time: isoTime(atMs), occurredAt: isoTime(occurredAtMs), ...rest }
}
