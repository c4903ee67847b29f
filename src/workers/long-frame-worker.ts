// Runs in the thread for long frames, with a lower priority than the main thread.

import { move, transferableSymbol, valueSymbol } from 'piscina'
import { type AnswerTask, readLongAnswer } from '../examine/answer.ts'
import type { FrameTask } from '../ocpp/verdict.ts'
import { examineBatch } from './examine-batch.ts'
import { giveWay } from '../base/give-way.ts'
import type { LongTask, PackedAnswer, PackedVerdict } from './long-frames.ts'

giveWay()

/** The main thread receives the result as a `PackedVerdict`, or as a `PackedAnswer`. */
export default function workOn({ kind, task }: LongTask): ReturnType<typeof move> | PackedAnswer {
  return kind === 'call' ? examined(task) : read(task)
}

function examined(task: FrameTask): ReturnType<typeof move> {
  const { verdicts, meter } = examineBatch([task])
  const [verdict] = verdicts
  const sentText = verdict?.kind === 'call' ? verdict.sentText : undefined
  // Inside of the JSON, the quotes of this text would be escaped again.
  const packed: PackedVerdict = {
    kind: 'call',
    verdict: JSON.stringify({ ...verdict, sentText: undefined }),
    sentText,
    meter,
  }
  const views = meter === null ? [] : [...meter.columns, meter.offsets]
  // The columns share one piece of memory.
  const buffers = new Set(views.map((view) => view.buffer))
  return move({ [transferableSymbol]: [...buffers], [valueSymbol]: packed })
}

function read(task: AnswerTask): PackedAnswer {
  const answer = readLongAnswer(task)
  const text = answer.kind === 'longResult' ? answer.text : undefined
  return { kind: 'answer', answer: JSON.stringify({ ...answer, text: undefined }), text }
}
