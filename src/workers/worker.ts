// Runs in a worker thread, with a lower priority than the main thread. A task arrives as one msgpack envelope, and its
// result leaves as another; the columns of the meter block are transferred without a copy. Threads exchange bytes, not
// structures.

import { Packr } from 'msgpackr'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import type { FrameTask } from '../ocpp/verdict.ts'
import { examineBatch } from './examine-batch.ts'
import { giveWay } from '../base/give-way.ts'
import type { PackedBatch } from './pool.ts'

giveWay()

// A charge point may name a field `toJSON`; msgpackr must not call it.
const packr = new Packr({ useToJSON: false })

/**
 * Examines the batch that `envelope` holds (an array of `FrameTask`); the pool receives the result as a `PackedBatch`.
 */
export default function examineEnvelope(envelope: Uint8Array): ReturnType<typeof move> {
  const tasks: readonly FrameTask[] = packr.unpack(envelope)
  const { verdicts, meter } = examineBatch(tasks)
  // A copy of its own: the packer's buffer is shared by everything that it packs.
  const packed: PackedBatch = { verdicts: new Uint8Array(packr.pack(verdicts)), meter }
  const views = [packed.verdicts, ...(meter === null ? [] : [...meter.columns, meter.offsets])]
  // The columns share one piece of memory.
  const buffers = new Set(views.map((view) => view.buffer))
  return move({ [transferableSymbol]: [...buffers], [valueSymbol]: packed })
}
