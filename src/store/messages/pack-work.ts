// What is done to blocks of the message log besides writing and reading them. Pure: the packing thread runs it, and the
// main thread calls it for what is too small to be worth sending to a thread.

import { type BlockRow, packBlock } from './block.ts'
import type { Lines } from './lines.ts'
import { type MergeTask, type Merged, merge } from './merge.ts'

export type PackTask =
  { readonly kind: 'pack'; readonly lines: Lines } | { readonly kind: 'merge'; readonly task: MergeTask }

export type PackResult =
  { readonly kind: 'packed'; readonly block: BlockRow } | { readonly kind: 'merged'; readonly merged: Merged }

export function doPackWork(task: PackTask): PackResult {
  return task.kind === 'pack'
    ? { kind: 'packed', block: packBlock(task.lines, true) }
    : { kind: 'merged', merged: merge(task.task) }
}
