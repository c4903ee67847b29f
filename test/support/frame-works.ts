// Everything that is done with one frame of a charge point, each by itself, so that its growth can be measured.

import { hideFrameSecrets } from '../../src/base/hide-frame-secrets.ts'
import { hideSecrets } from '../../src/base/hide-secrets.ts'
import { rowOf } from '../../src/blocks/messages.ts'
import { encodeCallError, encodeCallResult, parseFrame, peekFrameType } from '../../src/ocpp/frame.ts'
import { nestsTooDeep } from '../../src/ocpp/json-shape.ts'
import type { FrameTask, Strictness } from '../../src/ocpp/verdict.ts'
import { examineBatch } from '../../src/workers/examine-batch.ts'
import type { HostileShape } from './hostile-shape.ts'
import { arrivalMs, chargePoint, known } from './known.ts'
import type { Work } from './work-growth.ts'

function taskOf(text: string, { version }: HostileShape, strictness: Strictness): FrameTask {
  return { text, version, strictness, chargePointKey: chargePoint.key, receivedAtMs: arrivalMs }
}

function isCall(frame: string): boolean {
  const type = peekFrameType(frame)
  return type !== 3 && type !== 4
}

/** Examination, repair and meter columns of a CALL. */
function examination(strictness: Strictness): Work {
  return {
    name: `the ${strictness} examination`,
    prepare: (frame, shape) => {
      const task = taskOf(frame, shape, strictness)
      return isCall(frame) ? () => void examineBatch([task]) : null
    },
  }
}

/** The decision on a CALL and its answer as text. */
const decision: Work = {
  name: 'the decision',
  follows: 'the lenient examination',
  prepare: (frame, shape) => {
    if (!isCall(frame)) return null
    const { version } = shape
    const { verdicts, meter } = examineBatch([taskOf(frame, shape, 'lenient')])
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
const answerReading: Work = {
  name: 'the reading of an answer',
  prepare: (frame, { version }) =>
    isCall(frame) ? null : () => void (parseFrame(frame, version), nestsTooDeep(frame)),
}

/** All that is done with a frame, in the order in which it is done. */
export const frameWorks: readonly Work[] = [
  { name: 'the line of the message log', prepare: (frame) => () => void hideFrameSecrets(frame) },
  { name: 'the line of the log', prepare: (frame) => () => void hideSecrets(frame) },
  examination('lenient'),
  examination('strict'),
  decision,
  answerReading,
]
