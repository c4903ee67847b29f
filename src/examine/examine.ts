// From the text of a CALL to a verdict: parse, check direction and schema and, in lenient mode, repair. Pure, so that
// it runs on the main thread and in workers. Meter values stay in the payload; the callers in `src/workers/` remove
// them.

import { frameDepthMax } from '../base/limits.ts'
import { type CallErrorCode, idOfUnreadable, unreadableCode } from '../ocpp/call-error.ts'
import { parseFrame, type ParsedCall, type ParsedFrame, type UnreadableFrame } from '../ocpp/frame.ts'
import { nestsTooDeep } from '../ocpp/json-shape.ts'
import type { MessageRow } from '../blocks/message-row.ts'
import type { QuirkCode } from '../ocpp/quirks.ts'
import { repair } from './repair.ts'
import { repairText } from './repair-text.ts'
import { hasNonstandardNumber } from '../ocpp/samples.ts'
import { checkRequest, isValidRequest, type Problem } from './schema.ts'
import { hasClockOff } from './station-clock.ts'
import { rowOf } from '../blocks/messages.ts'
import type { DroppedFrame, FrameTask, Quirk, RefusedFrame, Verdict } from '../ocpp/verdict.ts'

type Payload = Readonly<Record<string, unknown>>

export interface ExaminedFrame {
  /** `meter` of an accepted frame is null, and its meter values are still in the payload. */
  readonly verdict: Verdict
  /** The payload before repairs; the same object when there were none. Empty unless the verdict is `call`. */
  readonly sent: Payload
}

/** Longest path that is reported, in characters: a path contains names that the charge point chose. */
const pathCharactersMax = 255

const noPayload: Payload = Object.freeze({})
const noQuirks: readonly Quirk[] = []

/**
 * Examines one frame that is not an answer. Never throws, whatever the text.
 *
 * Unknown action: NotImplemented. Known, but only sent by the central system: NotSupported. Unreadable:
 * 1.6 answers when the text shows a message id and is silent otherwise, 2.x answers under the id "-1" (Part 4 §4.2.3).
 */
export function examine(task: FrameTask): ExaminedFrame {
  const frame = parseFrame(task.text, task.version)
  if (isMessage(frame)) return examineMessage(task, frame, task.text)
  if (task.strictness === 'lenient' && frame.kind === 'unreadable') {
    const repaired = repairText(task.text)
    const again: ParsedFrame = repaired === null ? frame : parseFrame(repaired, task.version)
    const broken: Quirk = { code: 'brokenJson' satisfies QuirkCode, path: '' }
    if (repaired !== null && isMessage(again) && !isOff(task, again.action, broken)) {
      return examineMessage(task, { ...again, quirks: [broken, ...again.quirks] }, repaired)
    }
  }
  if (frame.kind === 'unreadable') return without(unreadable(task, frame))
  return without({ kind: 'dropped', reason: 'It is an answer, and it came where calls are examined.' })
}

/** Whether a repair of the frame is switched off. A transaction message is never refused for one. */
function isOff({ version, repairsOff }: FrameTask, action: string, { code }: Quirk): boolean {
  return repairsOff?.includes(code) === true && rowOf(version, action)?.transactional !== true
}

function without(verdict: RefusedFrame | DroppedFrame): ExaminedFrame {
  return { verdict, sent: noPayload }
}

function unreadable(task: FrameTask, frame: UnreadableFrame): RefusedFrame | DroppedFrame {
  const { version, text, strictness } = task
  const isBlank = strictness === 'lenient' && text.trim() === ''
  const messageId = frame.messageId ?? idOfUnreadable[version]
  if (!frame.isAnswerable || isBlank || messageId === null) return { kind: 'dropped', reason: frame.problem }
  return { kind: 'refused', messageId, action: frame.action, code: frame.code, description: frame.problem, details: {} }
}

function refusal(frame: ParsedCall, code: CallErrorCode, description: string, details: Payload = {}): ExaminedFrame {
  const { messageId, action } = frame
  return without({ kind: 'refused', messageId, action, code, description, details })
}

// A payload that satisfies its schema can have any content in two places only: `customData`, and the data of a
// DataTransfer. The name of the first may contain escapes, so a backslash counts too.
function mayHoldAnything(text: string, { isOpenEnded, block }: MessageRow): boolean {
  return isOpenEnded && (block === 'data-transfer' || text.includes('"customData"') || text.includes('\\'))
}

function isMessage(frame: ParsedFrame): frame is ParsedCall {
  return frame.kind === 'call' || frame.kind === 'send'
}

/** A SEND is never answered, whatever is wrong with it. */
function examineMessage(task: FrameTask, frame: ParsedCall, text: string): ExaminedFrame {
  const examined = examineCall(task, frame, text)
  if (frame.kind === 'call' || examined.verdict.kind !== 'refused') return examined
  return without({ kind: 'dropped', reason: `${shortened(frame.action)}: ${examined.verdict.description}` })
}

function examineCall(task: FrameTask, frame: ParsedCall, text: string): ExaminedFrame {
  const { version, strictness } = task
  const { action, payload } = frame
  const row = rowOf(version, action)
  if (row === undefined)
    return refusal(frame, 'NotImplemented', `${shortened(action)} is not an action of OCPP ${version}.`)
  if (row.direction === 'toChargePoint') {
    return refusal(frame, 'NotSupported', `${action} is sent by the central system, never by a charge point.`)
  }
  if (row.kind !== frame.kind) {
    const [is, comes] = row.kind === 'send' ? ['a SEND', 'a CALL'] : ['a CALL', 'a SEND']
    return refusal(frame, 'MessageTypeNotSupported', `${action} is ${is}, and came as ${comes}.`)
  }
  const frameQuirk = frame.quirks.find((quirk) => strictness === 'strict' || isOff(task, action, quirk))
  if (frameQuirk !== undefined) {
    return refusal(frame, unreadableCode[version], strictSentence(frameQuirk))
  }
  const isValid = isValidRequest(version, action, payload)
  if ((!isValid || mayHoldAnything(text, row)) && nestsTooDeep(text)) {
    return refusal(frame, 'FormatViolation', `The frame nests deeper than ${frameDepthMax} levels.`)
  }
  if (strictness === 'strict') {
    if (isValid) return accepted(frame, payload, frame.quirks)
    return violation(frame, checkRequest(version, action, payload))
  }
  if (isValid && !hasClockOff(version, action, payload, task.receivedAtMs) && !hasNonstandardNumber(payload)) {
    return accepted(frame, payload, frame.quirks)
  }
  const repaired = repair(version, action, payload, task)
  if (repaired.refused !== null) return violation(frame, [repaired.refused])
  return accepted(frame, repaired.payload, [...frame.quirks, ...repaired.quirks])
}

function accepted(frame: ParsedCall, payload: Payload, quirks: readonly Quirk[]): ExaminedFrame {
  const { messageId, action } = frame
  const noted = quirks.length === 0 ? noQuirks : quirks
  return { verdict: { kind: 'call', messageId, action, payload, quirks: noted, meter: null }, sent: frame.payload }
}

function violation(frame: ParsedCall, problems: readonly Problem[]): ExaminedFrame {
  const [first] = problems
  if (first === undefined) return refusal(frame, 'GenericError', 'The payload is not valid.')
  const shown = problems.map(({ path, message }) => ({ path: path.slice(0, pathCharactersMax), message }))
  return refusal(frame, first.code, first.message, { problems: shown })
}

/** Why a strict charge point is refused, for quirks of the frame that a lenient one may have. */
const strictSentences: Readonly<Record<string, string>> = {
  messageIdNotText: 'The message id is a number: expected a string.',
  payloadLeftOut: 'The frame has three elements: expected a fourth, the payload.',
  messageIdTooLong: 'The message id is too long: expected at most 36 characters.',
  extraElement: 'The frame has more than four elements: expected message type, message id, action and payload.',
} satisfies Partial<Record<QuirkCode, string>>

function strictSentence(quirk: Quirk): string {
  return strictSentences[quirk.code] ?? 'The frame does not follow OCPP-J.'
}

const shownCharactersMax = 50

function shortened(action: string): string {
  return action.length > shownCharactersMax ? `${action.slice(0, shownCharactersMax)}…` : action
}
