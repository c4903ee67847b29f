// The inside of a worker thread. A task arrives as one msgpack envelope and leaves as one more, with the columns of the
// meter block handed over without a copy: no structure crosses a thread that bytes could carry.

import { Packr } from 'msgpackr'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { isLongFrame } from '../ocpp/frame.ts'
import { type AnswerTask, readLongAnswer } from '../ocpp/answer.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'
import { examineBatch } from './examine-batch.ts'
import type { PackedBatch } from './pool.ts'

// A charge point may call a field `toJSON`; it is none of msgpackr's business.
const packr = new Packr({ useToJSON: false })

// A copy of its own: the packer's buffer is shared by everything that it packs.
function bytesOf(verdicts: readonly Verdict[]): Uint8Array {
  return new Uint8Array(packr.pack(verdicts))
}

/**
 * Examines the batch that `envelope` holds (an array of `FrameTask`); what it returns reaches the pool as a
 * `PackedBatch`. Of an `AnswerTask` the pool gets the `ReadAnswer` as JSON.
 */
export default function examineEnvelope(envelope: Uint8Array): ReturnType<typeof move> | string {
  const task: AnswerTask | readonly FrameTask[] = packr.unpack(envelope)
  return 'answerTo' in task ? JSON.stringify(readLongAnswer(task)) : examined(task)
}

function examined(tasks: readonly FrameTask[]): ReturnType<typeof move> {
  const { verdicts, meter } = examineBatch(tasks)
  const packed: PackedBatch = {
    verdicts: tasks.every(({ text }) => isLongFrame(text)) ? JSON.stringify(verdicts) : bytesOf(verdicts),
    meter,
  }
  const views = meter === null ? [] : [...meter.columns, meter.offsets]
  if (typeof packed.verdicts !== 'string') views.push(packed.verdicts)
  // The columns share one piece of memory.
  const buffers = new Set(views.map((view) => view.buffer))
  return move({ [transferableSymbol]: [...buffers], [valueSymbol]: packed })
}
