// The inside of the thread for long frames. It makes way for all other threads: a frame that takes it a tenth of a second must not
// take a core from the thread that serves everybody.

import { setPriority } from 'node:os'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import type { FrameTask } from '../ocpp/verdict.ts'
import { examineBatch } from './examine-batch.ts'
import type { PackedVerdict } from './long-frames.ts'

/** As `nice` counts: 0 is ordinary, 19 the least. */
const priority = 10

// Linux alone has a priority for each thread; elsewhere this would slow down the whole process.
if (process.platform === 'linux') setPriority(0, priority)

/** Examines a frame; what it returns reaches the other side as a `PackedVerdict`. */
export default function examineLongFrame(task: FrameTask): ReturnType<typeof move> {
  const { verdicts, meter } = examineBatch([task])
  const [verdict] = verdicts
  const sentText = verdict?.kind === 'call' ? verdict.sentText : undefined
  // A text inside of the JSON would have its quotes escaped once more.
  const packed: PackedVerdict = { verdict: JSON.stringify({ ...verdict, sentText: undefined }), sentText, meter }
  const views = meter === null ? [] : [...meter.columns, meter.offsets]
  // The columns share one piece of memory.
  const buffers = new Set(views.map((view) => view.buffer))
  return move({ [transferableSymbol]: [...buffers], [valueSymbol]: packed })
}
