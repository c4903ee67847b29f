// Answers of charge points as they are once they have been read.

import { type ReadAnswer, readAnswer, type ResultAnswer } from '../../src/examine/answer.ts'
import type { Strictness } from '../../src/ocpp/verdict.ts'

/** A CALLRESULT without a fault. */
export function resultAnswer(payload: Readonly<Record<string, unknown>>): ResultAnswer {
  return { kind: 'result', payload, problems: [], quirks: [] }
}

/** What reading the CALLRESULT of a 1.6 charge point to `answerTo` comes to. */
export function answerRead(
  answerTo: string,
  payload: Readonly<Record<string, unknown>>,
  strictness: Strictness = 'lenient',
): ReadAnswer {
  return readAnswer({ text: JSON.stringify([3, 'a', payload]), version: '1.6', strictness, answerTo })
}
