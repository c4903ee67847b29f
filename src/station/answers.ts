// The answers of a charge point to our own CALLs. An answer that no CALL waits for is not parsed: its sender could
// choose how much work that is.

import { type Counters, otherWord } from '../base/counters.ts'
import type { Logger } from '../base/log.ts'
import type { Payload } from '../blocks/values.ts'
import { type AnswerTask, gaveUp, type ReadAnswer, readAnswer } from '../examine/answer.ts'
import { type CallErrorCode, isCallErrorCode } from '../ocpp/call-error.ts'
import { encodeCallResultError, isLongFrame, parseFrame, peekFrameType, peekMessageId } from '../ocpp/frame.ts'
import type { Quirks } from '../ocpp/quirk-profile.ts'
import { hasResultErrors } from '../ocpp/version.ts'
import type { Connection } from './connection.ts'
import type { FrameExaminer } from './dispatcher.ts'

/** The dependencies of receiving an answer. */
export interface AnswerDeps {
  readonly examiner: FrameExaminer
  readonly quirks: Quirks
  readonly counters: Counters
  readonly log: Logger
}

/**
 * Reads an answer, a long one off the main thread, and gives it to the caller of the CALL. An answer of 2.1 that cannot
 * be used is refused with a CALLRESULTERROR.
 */
export function receiveAnswer(connection: Connection, text: string, nowMs: number, deps: AnswerDeps): void {
  const { identity, live, version } = connection
  connection.lastSeenAtMs = nowMs
  if (hasResultErrors[version] && peekFrameType(text) === resultErrorType) {
    receiveResultError(connection, text, deps)
    return
  }
  const messageId = peekMessageId(text)
  if (live === null || messageId === null) {
    drop(connection, 'It is an answer, but its CALL is not known.', deps)
    return
  }
  const action = connection.awaitedAction(messageId)
  if (action === null) {
    deps.log.info({ identity, messageId }, 'An answer was ignored: no CALL waits for it.')
    return
  }
  if (connection.readingAnswerTo === messageId) {
    drop(connection, 'Its CALL has been answered already, and that answer is being read.', deps)
    return
  }
  const { timeZone } = live.chargePoint
  const { strictness } = deps.quirks.profiles.of(live.chargePoint)
  const task: AnswerTask = { text, version, strictness, timeZone: timeZone ?? undefined, answerTo: action }
  if (isLongFrame(text)) void readLong(connection, messageId, task, deps)
  else takeAnswer(connection, messageId, task, readAnswer(task), deps)
}

const resultErrorType = 5

/**
 * A charge point of 2.1 cannot use an answer of ours. What it was an answer to stays as it is: the charge point has had
 * its answer. An operator should know, once a connection for each code.
 */
function receiveResultError(connection: Connection, text: string, deps: AnswerDeps): void {
  const frame = isLongFrame(text) ? null : parseFrame(text, connection.version)
  if (frame?.kind !== 'resultError') {
    drop(connection, 'It is not a CALLRESULTERROR that can be read.', deps)
    return
  }
  const { identity } = connection
  const { messageId, code, description } = frame
  const word = isCallErrorCode(code) ? code : otherWord
  deps.counters.resultErrorsReceived.count(word)
  deps.log.info({ identity, messageId, code, reason: description }, 'A charge point cannot use an answer of ours.')
  if (connection.isNewQuirk(`answerRefused:${word}`)) {
    connection.note({ kind: 'answerRefused', detail: { messageId, code, description } })
  }
}

async function readLong(connection: Connection, messageId: string, task: AnswerTask, deps: AnswerDeps): Promise<void> {
  connection.readingAnswerTo = messageId
  const answer = await deps.examiner.readLongAnswer(task).catch((error: unknown): ReadAnswer => {
    deps.log.warn({ identity: connection.identity, messageId, error }, 'A long answer was not read.')
    return gaveUp
  })
  if (connection.readingAnswerTo === messageId) connection.readingAnswerTo = null
  takeAnswer(connection, messageId, task, answer, deps)
}

/** Ends the CALL with its answer, even an unreadable one: there will be no other. */
function takeAnswer(
  connection: Connection,
  messageId: string,
  task: AnswerTask,
  answer: ReadAnswer,
  deps: AnswerDeps,
): void {
  const action = task.answerTo
  if (answer.kind === 'unreadable') {
    const { identity } = connection
    deps.counters.framesDropped++
    deps.log.info({ identity, messageId, action, reason: answer.problem }, 'An answer could not be read.')
  } else if (answer.kind !== 'error') {
    for (const { code, path, sent } of answer.quirks) {
      noteQuirk(connection, code, deps)
      if (!connection.isNewQuirk(`answer ${action}:${code}`)) continue
      connection.note({ kind: 'quirk', detail: { quirk: code, path, sent, action, isAnswer: true } })
    }
  }
  refuseUnusable(connection, messageId, task, answer, deps)
  connection.answer(messageId, answer)
}

function noteQuirk({ chargePointKey, live }: Connection, code: string, { quirks }: AnswerDeps): void {
  quirks.note(chargePointKey, live === null ? '' : quirks.profiles.of(live.chargePoint).profile, code)
}

/**
 * Says to a charge point of 2.1 that its CALLRESULT cannot be used: it is unreadable, or it breaks its schema and the
 * charge point is `strict`.
 */
function refuseUnusable(
  connection: Connection,
  messageId: string,
  { text, version, strictness, answerTo }: AnswerTask,
  answer: ReadAnswer,
  { counters }: AnswerDeps,
): void {
  if (!hasResultErrors[version] || answer.kind === 'error' || peekFrameType(text) !== resultType) return
  if (answer.kind === 'unreadable') send(answer.code, answer.problem, {})
  else if (strictness === 'strict') {
    const [first] = answer.problems
    if (first !== undefined) send(first.code, first.message, { path: first.path })
  }

  function send(code: CallErrorCode, description: string, details: Payload): void {
    counters.resultErrorsSent.count(code)
    connection.send(encodeCallResultError(messageId, code, description, { action: answerTo, ...details }))
  }
}

const resultType = 3

function drop({ identity }: Connection, reason: string, { counters, log }: AnswerDeps): void {
  counters.framesDropped++
  log.info({ identity, reason }, 'A frame was dropped.')
}
