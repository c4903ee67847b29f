// Compiles `engine.c` at its first use, loads it into this process, and runs its loop: the cheapest way to send the
// generator's bytes. Without Linux or a C compiler there is none, and stations use Bun's sockets.
//
// A turn waits for the kernel for a fraction of a millisecond and then lets Bun's own event loop run, because due
// messages of an open loop must not wait long. If nothing was sent or received for a while, it polls only now and then,
// so that it does not delay other work of this process (the audit, bare commits).

import { dlopen, type Pointer, ptr, toArrayBuffer } from 'bun:ffi'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { FrameRun, SocketListener } from './station-socket.ts'

const source = join(import.meta.dir, 'engine.c')
/** Folder of compiled engines, by a digest of their source. */
const cacheFolder = join(import.meta.dir, '../cache')
const flags = ['-O2', '-shared', '-fPIC']

/** Longest wait for the kernel while there is traffic, in microseconds. */
const waitUs = 300
/** Turns in a row without traffic after which the loop rests. */
const quietTurnsMax = 150
/** How often a resting loop polls, in milliseconds. */
const restMs = 5

const eventsMax = 4_096
const eventWords = 4
const arenaBytes = 1 << 20
const groupsMax = 4_096
const countersMax = 8
const counterWords = 6

const calls = {
  engine_start: { args: [], returns: 'i32' },
  engine_events: { args: [], returns: 'ptr' },
  engine_arena: { args: [], returns: 'ptr' },
  engine_dial: { args: ['ptr', 'i32', 'ptr'], returns: 'i32' },
  engine_send: { args: ['i32', 'ptr', 'i32'], returns: 'void' },
  engine_cut: { args: ['i32'], returns: 'void' },
  engine_turn: { args: ['i32'], returns: 'i32' },
  engine_ready: { args: [], returns: 'i32' },
  engine_group: { args: ['i32', 'ptr', 'ptr'], returns: 'void' },
  engine_running: { args: ['i32', 'i32'], returns: 'void' },
  engine_play: { args: ['i32', 'i32', 'i32', 'ptr', 'i32', 'i32', 'ptr', 'i32', 'ptr'], returns: 'void' },
  engine_step: { args: ['i32'], returns: 'i32' },
  engine_resume: { args: ['i32'], returns: 'void' },
  engine_done: { args: ['i32'], returns: 'i32' },
  engine_waits_ms: { args: ['i32'], returns: 'f64' },
  strerror: { args: ['i32'], returns: 'cstring' },
} as const

const happened = { opened: 1, data: 2, gone: 3, runEnded: 4 } as const

function compile(): string {
  const key = Bun.hash(readFileSync(source, 'utf8') + flags.join() + process.arch).toString(16)
  const library = join(cacheFolder, `engine-${key}.so`)
  if (existsSync(library)) return library
  mkdirSync(cacheFolder, { recursive: true })
  const made = `${library}.${process.pid}`
  const { success, stderr } = Bun.spawnSync(['cc', ...flags, '-o', made, source])
  if (!success) throw new Error(stderr.toString())
  renameSync(made, library)
  return library
}

function open() {
  if (process.platform !== 'linux' || Bun.which('cc') === null) return null
  try {
    const { symbols } = dlopen(compile(), calls)
    return symbols.engine_start() === 0 ? symbols : null
  } catch {
    return null
  }
}

type Calls = NonNullable<ReturnType<typeof open>>

export class Engine {
  readonly calls: Calls
  readonly #events: Int32Array
  readonly #arena: Buffer
  readonly #counters = new Int32Array(new ArrayBuffer(countersMax * counterWords * 4))
  readonly #slots = new Map<number, SocketListener>()
  #groups = 0
  #quietTurns = 0
  #timer: Timer | null = null
  #isTurning = false

  constructor(symbols: Calls) {
    this.calls = symbols
    this.#events = new Int32Array(memory(symbols.engine_events(), eventsMax * eventWords * 4))
    this.#arena = Buffer.from(memory(symbols.engine_arena(), arenaBytes))
  }

  /** A slot for a connection to an IPv4 address; a number below 0 is an errno. */
  dial(host: string, port: number, from: string | null, listener: SocketListener): number {
    const slot = this.calls.engine_dial(text(host), port, text(from ?? ''))
    if (slot >= 0) this.#slots.set(slot, listener)
    this.wake()
    return slot
  }

  send(slot: number, bytes: Buffer, length: number): void {
    this.wake()
    this.calls.engine_send(slot, ptr(bytes), length)
  }

  cut(slot: number): void {
    if (this.#slots.delete(slot)) this.calls.engine_cut(slot)
  }

  /** The number of a group: slots that run and stop together, and count into these arrays. */
  group(latencies: Uint32Array, counts: Uint32Array): number {
    const group = this.#groups++ % groupsMax
    this.calls.engine_group(group, ptr(latencies), ptr(counts))
    return group
  }

  /** Whether the runs of a group send their next frames. */
  running(group: number, isRunning: boolean): void {
    this.calls.engine_running(group, Number(isRunning))
  }

  /** Begins a run in a slot. */
  play(slot: number, group: number, { action, frame, count, counters, id }: FrameRun): void {
    this.wake()
    let at = 0
    for (const { kind, at: from, width, step, wrapAt, wrapBy } of counters) {
      this.#counters.set([kind === 'clock' ? 1 : 0, from, width, step, wrapAt, wrapBy], at)
      at += counterWords
    }
    const { calls } = this
    calls.engine_play(
      slot,
      group,
      action,
      ptr(frame),
      frame.length,
      count,
      ptr(this.#counters),
      counters.length,
      ptr(id),
    )
  }

  /** Something was sent: an answer may come soon. */
  wake(): void {
    this.#quietTurns = 0
    if (this.#isTurning) return
    this.#isTurning = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    setImmediate(this.#turn)
  }

  errorText(errno: number): string {
    return errno === 0 ? 'the connection was cut' : String(this.calls.strerror(errno))
  }

  readonly #turn = (): void => {
    const isResting = this.#timer !== null
    this.#timer = null
    this.#isTurning = true
    const count = this.calls.engine_turn(isResting ? 0 : waitUs)
    if (this.calls.engine_ready() > 0) this.#quietTurns = 0
    else this.#quietTurns++
    const events = this.#events
    for (let at = 0; at < count * eventWords; at += eventWords) {
      const slot = events[at + 1] ?? -1
      // A slot that was cut by an earlier event of this turn gets no further events.
      const listener = this.#slots.get(slot)
      if (listener !== undefined) this.#notify(listener, events, at)
    }
    this.#isTurning = this.#slots.size > 0 && this.#quietTurns < quietTurnsMax
    if (this.#isTurning) setImmediate(this.#turn)
    else if (this.#slots.size > 0) this.#timer = setTimeout(this.#turn, restMs)
  }

  #notify(listener: SocketListener, events: Int32Array, at: number): void {
    const from = events[at + 2] ?? 0
    const length = events[at + 3] ?? 0
    switch (events[at]) {
      case happened.opened:
        return listener.socketOpened()
      case happened.data:
        return listener.socketData(this.#arena, from, from + length)
      case happened.gone:
        return listener.socketGone(this.errorText(length))
      case happened.runEnded:
        return listener.runEnded()
    }
  }
}

function memory(at: Pointer | bigint | null, bytes: number): ArrayBuffer {
  if (typeof at !== 'number') throw new Error('The engine has no memory.')
  return toArrayBuffer(at, 0, bytes)
}

function text(ascii: string): Buffer {
  return Buffer.from(`${ascii}\0`, 'latin1')
}

let opened: Engine | null | undefined

/** The engine of this process; null if there is none. */
export function engine(): Engine | null {
  if (opened === undefined) {
    const symbols = open()
    opened = symbols === null ? null : new Engine(symbols)
  }
  return opened
}
