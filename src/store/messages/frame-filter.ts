// What a filter of messages asks for besides the charge point and the time: it stands in the frame, and is looked for
// in its beginning. A frame may have a million characters.

import type { MessageFilter } from '../../blocks/records.ts'
import { frameOf } from './block.ts'
import type { Lines } from './lines.ts'

const text = String.raw`"((?:[^"\\]|\\.)*)"`
/** The message id of a frame, as it stands in the JSON: the first group. */
export const messageIdPattern = String.raw`^\s*\[\s*[0-9]\s*,\s*${text}`
/** The action of a CALL or SEND. */
export const actionPattern = String.raw`^\s*\[\s*[26]\s*,\s*"(?:[^"\\]|\\.)*"\s*,\s*${text}`
/** Characters at the beginning of a frame in which they are looked for. */
export const headCharacters = 1_024

const messageIdIn = new RegExp(messageIdPattern, 's')
const actionIn = new RegExp(actionPattern, 's')

/** Says of a line of a block whether it has what the filter asks for. Null: each has. */
export function frameFilter(filter: MessageFilter): ((lines: Lines, at: number) => boolean) | null {
  const { action, direction, messageId } = filter
  if (action === undefined && direction === undefined && messageId === undefined) return null
  const inbound = direction === undefined ? null : Number(direction === 'fromChargePoint')
  const sentAction = action === undefined ? null : inJson(action)
  const sentId = messageId === undefined ? null : inJson(messageId)
  return (lines, at) => {
    if (inbound !== null && lines.inbound[at] !== inbound) return false
    if (sentAction === null && sentId === null) return true
    const head = frameOf(lines, at, headCharacters)
    return (
      (sentAction === null || actionIn.exec(head)?.[1] === sentAction) &&
      (sentId === null || messageIdIn.exec(head)?.[1] === sentId)
    )
  }
}

/** A value as it stands in JSON, without quotes. */
export function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1)
}
