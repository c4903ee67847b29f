// Everything that is done with one frame of a charge point, each by itself, so that its growth can be measured.

import { hideFrameSecrets } from '../../src/base/hide-frame-secrets.ts'
import { hideSecrets } from '../../src/base/hide-secrets.ts'
import { rowOf } from '../../src/blocks/messages.ts'
import { encodeCallError, encodeCallResult, parseFrame, peekFrameType } from '../../src/ocpp/frame.ts'
import { nestsTooDeep } from '../../src/ocpp/json-shape.ts'
import type { FrameTask, Strictness } from '../../src/ocpp/verdict.ts'
import type { OcppVersion } from '../../src/ocpp/version.ts'
import { examineBatch, type ExaminedBatch } from '../../src/workers/examine-batch.ts'
import type { HostileShape } from './hostile-shape.ts'
import { arrivalMs, chargePoint, known } from './known.ts'
import type { MeasuredFrame, Work } from './work-growth.ts'

/** A frame of a charge point, which the central system examines once. */
export class ReceivedFrame implements MeasuredFrame {
  readonly text: string
  readonly version: OcppVersion
  /** Whether it is no answer. */
  readonly isCall: boolean
  #examined: ExaminedBatch | null = null

  constructor(text: string, version: OcppVersion) {
    this.text = text
    this.version = version
    const type = peekFrameType(text)
    this.isCall = type !== 3 && type !== 4
  }

  taskFor(strictness: Strictness): FrameTask {
    const { text, version } = this
    return { text, version, strictness, chargePointKey: chargePoint.key, receivedAtMs: arrivalMs }
  }

  /** The result of the lenient examination, which runs when it is first asked for. */
  get examined(): ExaminedBatch {
    this.#examined ??= examineBatch([this.taskFor('lenient')])
    return this.#examined
  }
}

/** A frame of this shape. */
export function receivedFrame(shape: HostileShape, characters: number, number: number): ReceivedFrame {
  return new ReceivedFrame(shape.make(characters, number), shape.version)
}

/** Examination, repair and meter columns of a CALL; the decision goes on with the result. */
const lenientExamination: Work<ReceivedFrame> = {
  name: 'the lenient examination',
  prepare: (frame) => (frame.isCall ? () => void frame.examined : null),
}

const strictExamination: Work<ReceivedFrame> = {
  name: 'the strict examination',
  prepare: (frame) => {
    const task = frame.taskFor('strict')
    return frame.isCall ? () => void examineBatch([task]) : null
  },
}

/** The decision on a CALL and its answer as text. */
const decision: Work<ReceivedFrame> = {
  name: 'the decision',
  follows: lenientExamination.name,
  prepare: (frame) => {
    if (!frame.isCall) return null
    const { version } = frame
    const { verdicts, meter } = frame.examined
    const [verdict] = verdicts
    if (verdict === undefined || verdict.kind === 'dropped') return null
    const { messageId, action } = verdict
    if (verdict.kind === 'refused') {
      const { code, description, details } = verdict
      return () => void encodeCallError(version, messageId, code, description, details)
    }
    const handler = rowOf(version, action)?.handler
    if (handler === null || handler === undefined) return null
    const { payload, sent = payload, sentText = sent } = verdict
    const rows = meter === null || verdict.meter === null ? null : { block: meter, ...verdict.meter }
    return () => {
      handler.needs?.(payload, { ...chargePoint, version })
      const { answer } = handler.decide(
        payload,
        known({ sent, verbatim: sentText, meter: rows, chargePoint: { ...chargePoint, version } }),
      )
      encodeCallResult(messageId, answer)
    }
  },
}

/** Reading an answer of a charge point. */
const answerReading: Work<ReceivedFrame> = {
  name: 'the reading of an answer',
  prepare: ({ text, version, isCall }) => (isCall ? null : () => void (parseFrame(text, version), nestsTooDeep(text))),
}

/** All that is done with a frame, in the order in which it is done. */
export const frameWorks: readonly Work<ReceivedFrame>[] = [
  {
    name: 'the line of the message log',
    prepare:
      ({ text }) =>
      () =>
        void hideFrameSecrets(text),
  },
  {
    name: 'the line of the log',
    prepare:
      ({ text }) =>
      () =>
        void hideSecrets(text),
  },
  lenientExamination,
  strictExamination,
  decision,
  answerReading,
]
