// What a station needs of a socket, whatever it is made of.

import type { Counter } from './ahead.ts'

/** Where to connect. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** Address to dial from; null leaves it to the system. */
  readonly localAddress: string | null
}

/** Who uses a socket. Never called from within `dial`, `send`, `play` or `cut`. */
export interface SocketListener {
  socketOpened(): void
  /** These bytes have come; they are only lent. */
  socketData(bytes: Buffer, from: number, to: number): void
  /** The connection is gone, or was never made. */
  socketGone(reason: string): void
  /** All frames of the run were answered. */
  runEnded(): void
}

export interface StationSocket {
  /** What can be sent ahead; null where every message is sent by itself. */
  readonly runs: Runs | null
  /** Sends the first `length` bytes, which are copied when they cannot leave at once. */
  send(bytes: Buffer, length: number): void
  /** Cuts the connection without a word; the listener hears nothing of it. */
  cut(): void
}

/** CALLs that follow from one another, sent one after the other, each as soon as the one before is answered. */
export interface FrameRun {
  /** Number under which its answers are counted. */
  readonly action: number
  /** The first CALL. */
  readonly frame: Buffer
  /** How many there are. */
  readonly count: number
  /** What changes from one to the next; `at` counts from the beginning of the frame. */
  readonly counters: readonly Counter[]
  /** Message id of the first, as bytes; those that follow count on. */
  readonly id: Uint8Array
}

/** A socket that sends runs. What is no plain answer to the frame under way comes as data. */
export interface Runs {
  /** Begins a run in a group: stations that count together, and stop together. Nothing may be under way. */
  play(group: number, run: FrameRun): void
  /** Frames of the run that were answered. */
  readonly done: number
  /** How long the frame under way waits for its answer, in milliseconds; null when none does. */
  readonly waitsMs: number | null
  /** Settles the frame under way, whose answer came as data; true when it was the last. */
  step(): boolean
  /** The data that came last ended with a whole message. */
  resume(): void
}
