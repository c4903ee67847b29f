// The answers of a charge point to our own CALLs. An answer that no CALL waits for is not parsed: its sender could
// choose how much work that is.

import type { Counters } from '../base/counters.ts'
import type { Logger } from '../base/log.ts'
import { type AnswerTask, gaveUp, type ReadAnswer, readAnswer } from '../examine/answer.ts'
import { isLongFrame, peekMessageId } from '../ocpp/frame.ts'
import type { Connection } from './connection.ts'
import type { FrameExaminer } from './dispatcher.ts'

/** The dependencies of receiving an answer. */
export interface AnswerDeps {
  readonly examiner: FrameExaminer
  readonly counters: Counters
  readonly log: Logger
}

/** Reads an answer, a long one off the main thread, and gives it to the caller of the CALL. */
export function receiveAnswer(connection: Connection, text: string, nowMs: number, deps: AnswerDeps): void {
  const { identity, live, version } = connection
  connection.lastSeenAtMs = nowMs
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
  const { strictness, timeZone } = live.chargePoint
  const task: AnswerTask = { text, version, strictness, timeZone: timeZone ?? undefined, answerTo: action }
  if (isLongFrame(text)) void readLong(connection, messageId, task, deps)
  else takeAnswer(connection, messageId, action, readAnswer(task), deps)
}

async function readLong(connection: Connection, messageId: string, task: AnswerTask, deps: AnswerDeps): Promise<void> {
  connection.readingAnswerTo = messageId
  const answer = await deps.examiner.readLongAnswer(task).catch((error: unknown): ReadAnswer => {
    deps.log.warn({ identity: connection.identity, messageId, error }, 'A long answer was not read.')
    return gaveUp
  })
  if (connection.readingAnswerTo === messageId) connection.readingAnswerTo = null
  takeAnswer(connection, messageId, task.answerTo, answer, deps)
}

/** Ends the CALL with its answer, even an unreadable one: there will be no other. */
function takeAnswer(
  connection: Connection,
  messageId: string,
  action: string,
  answer: ReadAnswer,
  deps: AnswerDeps,
): void {
  if (answer.kind === 'unreadable') {
    const { identity } = connection
    deps.counters.framesDropped++
    deps.log.info({ identity, messageId, action, reason: answer.problem }, 'An answer could not be read.')
  } else if (answer.kind !== 'error') {
    for (const { code, path, sent } of answer.quirks) {
      if (!connection.isNewQuirk(`answer ${action}:${code}`)) continue
      connection.note({ kind: 'quirk', detail: { quirk: code, path, sent, action, isAnswer: true } })
    }
  }
  connection.answer(messageId, answer)
}

function drop({ identity }: Connection, reason: string, { counters, log }: AnswerDeps): void {
  counters.framesDropped++
  log.info({ identity, reason }, 'A frame was dropped.')
}
