// Compresses and merges blocks of the message log: in a thread of its own, which starts with the first task of some
// size.

import { Worker } from 'node:worker_threads'
import { packInlineBytesMax } from '../../base/limits.ts'
import type { BlockRow } from './block.ts'
import type { Lines } from './lines.ts'
import type { MergeTask, Merged } from './merge.ts'
import { doPackWork, type PackResult, type PackTask } from './pack-work.ts'

type Reply = { readonly result: PackResult } | { readonly reason: string }

interface Waiting {
  readonly resolve: (result: PackResult) => void
  readonly reject: (error: Error) => void
}

export class Packer {
  #thread: Worker | null = null
  /** Tasks that the thread has, in their order: it answers one after the other. */
  #waiting: Waiting[] = []

  /** The block of lines that were logged. Their arrays must not be used any more. */
  async pack(lines: Lines): Promise<BlockRow> {
    const result = await this.#run({ kind: 'pack', lines }, lines.text.length, buffersOf(lines))
    if (result.kind !== 'packed') throw new TypeError('The packing thread answers another question.')
    return result.block
  }

  async merge(task: MergeTask): Promise<Merged> {
    const bytes = task.blocks.reduce((sum, { textBytes }) => sum + textBytes, 0)
    const result = await this.#run({ kind: 'merge', task }, bytes, [])
    if (result.kind !== 'merged') throw new TypeError('The packing thread answers another question.')
    return result.merged
  }

  /** Ends the thread; tasks that it has fail. */
  async close(): Promise<void> {
    await this.#thread?.terminate()
    this.#lose('The packing thread has ended.')
  }

  async #run(task: PackTask, bytes: number, buffers: ArrayBuffer[]): Promise<PackResult> {
    if (bytes <= packInlineBytesMax) return doPackWork(task)
    return new Promise((resolve, reject) => {
      this.#thread ??= this.#start()
      this.#waiting.push({ resolve, reject })
      this.#thread.postMessage(task, buffers)
    })
  }

  #start(): Worker {
    const thread = new Worker(new URL('./pack-thread.ts', import.meta.url))
    const isOurs = (): boolean => this.#thread === thread
    thread.on('message', (reply: Reply) => {
      const waiting = this.#waiting.shift()
      if ('result' in reply) waiting?.resolve(reply.result)
      else waiting?.reject(new Error(reply.reason))
    })
    thread.on('error', (error) => {
      if (isOurs()) this.#lose(`The packing thread failed: ${String(error)}`)
    })
    thread.on('exit', () => {
      if (isOurs()) this.#lose('The packing thread has ended.')
    })
    return thread
  }

  /** The next task starts another thread. */
  #lose(reason: string): void {
    this.#thread = null
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(reason))
  }
}

function buffersOf({ keys, times, ids, inbound, ends, text }: Lines): ArrayBuffer[] {
  const buffers = [keys, times, ids, inbound, ends, text].map(({ buffer }) => buffer)
  return buffers.filter((buffer) => buffer instanceof ArrayBuffer)
}
