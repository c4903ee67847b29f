// Reads an answer to our CALL: parse, check the schema and, in lenient mode, repair. Pure, so that it runs on the main
// thread and, for long answers, in a worker. The CALL that it answers is known before: see `peekMessageId`.

import { frameDepthMax, jsonValuesMax } from '../base/limits.ts'
import type { CallErrorCode } from '../ocpp/call-error.ts'
import { parseFrame, type ParsedFrame } from '../ocpp/frame.ts'
import { jsonShape, type JsonShapeProblem } from '../ocpp/json-shape.ts'
import type { QuirkCode } from '../ocpp/quirks.ts'
import { repairAnswer } from './repair-answer.ts'
import { repairText } from './repair-text.ts'
import { checkResponse, type Problem } from './schema.ts'
import type { Quirk, Strictness } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'

type Payload = Readonly<Record<string, unknown>>

/** An answer to be read, with its parameters. */
export interface AnswerTask {
  readonly text: string
  readonly version: OcppVersion
  readonly strictness: Strictness
  /** As in FrameTask. */
  readonly timeZone?: string | undefined
  /** Action of the CALL that it answers. */
  readonly answerTo: string
}

interface CheckedAnswer {
  /** Where the sent payload breaks its schema, repaired or not: the first `problemsMax` problems. */
  readonly problems: readonly Problem[]
  /** What was repaired. */
  readonly quirks: readonly Quirk[]
}

/** A CALLRESULT. */
export interface ResultAnswer extends CheckedAnswer {
  readonly kind: 'result'
  /** After repairs. */
  readonly payload: Payload
}

/** A long CALLRESULT, as text: most readers need no objects. */
export interface LongResultAnswer extends CheckedAnswer {
  readonly kind: 'longResult'
  /** The payload after repairs, as JSON. */
  readonly text: string
  /** Its `status`; null if it has none. */
  readonly status: string | null
}

/** A CALLERROR. */
export interface ErrorAnswer {
  readonly kind: 'error'
  /** As the charge point spelt it; '' if missing. */
  readonly code: string
  readonly description: string
  readonly details: Payload
}

/** An unreadable answer. */
export interface UnreadableAnswer {
  readonly kind: 'unreadable'
  /** The code that says why. */
  readonly code: CallErrorCode
  /** A sentence that says why. */
  readonly problem: string
}

export type ReadAnswer = ResultAnswer | LongResultAnswer | ErrorAnswer | UnreadableAnswer

const noQuirks: readonly Quirk[] = []
const pastLimit: Readonly<Record<JsonShapeProblem, UnreadableAnswer>> = {
  tooDeep: unreadable(`It nests deeper than ${frameDepthMax} levels.`),
  tooManyValues: unreadable(`It has more than ${jsonValuesMax} values.`),
}

/** The result when reading an answer fails. */
export const gaveUp: UnreadableAnswer = unreadable('The central system failed on it.', 'InternalError')

/** Reads one answer. Never throws, whatever the text. The kind is never `longResult`: see `readLongAnswer`. */
export function readAnswer(task: AnswerTask): Exclude<ReadAnswer, LongResultAnswer> {
  const { text, version, strictness } = task
  const shape = jsonShape(text, frameDepthMax, jsonValuesMax)
  if (typeof shape === 'string') return pastLimit[shape]
  const frame = parseFrame(text, version)
  if (frame.kind !== 'unreadable' || strictness === 'strict') return answerOf(task, frame, noQuirks)
  const repaired = repairText(text)
  if (repaired === null) return answerOf(task, frame, noQuirks)
  // The repair of a list without its beginning can add a level and a value.
  const repairedShape = jsonShape(repaired, frameDepthMax, jsonValuesMax)
  if (typeof repairedShape === 'string') return pastLimit[repairedShape]
  const again = parseFrame(repaired, version)
  return answerOf(task, again, [{ code: 'brokenJson' satisfies QuirkCode, path: '' }])
}

/** The same for a long answer: the payload stays text. */
export function readLongAnswer(task: AnswerTask): ReadAnswer {
  const answer = readAnswer(task)
  if (answer.kind !== 'result') return answer
  const { payload, problems, quirks } = answer
  const { status } = payload
  const text = JSON.stringify(payload)
  return { kind: 'longResult', text, status: typeof status === 'string' ? status : null, problems, quirks }
}

function answerOf(
  { version, strictness, timeZone, answerTo }: AnswerTask,
  frame: ParsedFrame,
  quirks: readonly Quirk[],
): Exclude<ReadAnswer, LongResultAnswer> {
  switch (frame.kind) {
    case 'error': {
      const { kind, code, description, details } = frame
      return { kind, code, description, details }
    }
    case 'result': {
      const { payload } = frame
      const problems = checkResponse(version, answerTo, payload)
      if (problems.length === 0 || strictness === 'strict') return { kind: 'result', payload, problems, quirks }
      const repaired = repairAnswer(version, answerTo, payload, timeZone)
      return { kind: 'result', payload: repaired.payload, problems, quirks: [...quirks, ...repaired.quirks] }
    }
    case 'unreadable':
      return unreadable(frame.problem)
    case 'call':
    case 'send':
    case 'resultError':
      return unreadable('It is no answer.')
  }
}

function unreadable(problem: string, code: CallErrorCode = 'FormatViolation'): UnreadableAnswer {
  return { kind: 'unreadable', code, problem }
}
