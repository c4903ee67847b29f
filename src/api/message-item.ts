// A message of the log as the list and the export show it.

import { isoTime } from '../base/clock.ts'
import type { MessageLogRecord } from '../blocks/records.ts'

/** The types of frames, from number 2 on. */
export const messageTypes = ['CALL', 'CALLRESULT', 'CALLERROR', 'CALLRESULTERROR', 'SEND'] as const

/** A message as the list and the export show it. */
export function messageItem({ id, atMs, direction, frame }: MessageLogRecord) {
  return { id, timestamp: isoTime(atMs), direction, ...frameParts(frame), frame }
}

// [2, messageId, action, payload], [3, messageId, payload], [4, messageId, …]; 2.1 adds 5 and 6.
function frameParts(frame: string) {
  const [type, messageId, action] = parsed(frame)
  const messageType = typeof type === 'number' ? (messageTypes[type - 2] ?? null) : null
  return {
    messageType,
    messageId: typeof messageId === 'string' ? messageId : null,
    action: (messageType === 'CALL' || messageType === 'SEND') && typeof action === 'string' ? action : null,
  }
}

function parsed(frame: string): unknown[] {
  try {
    const value: unknown = JSON.parse(frame)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
