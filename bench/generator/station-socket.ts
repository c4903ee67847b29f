// The interface of a station's socket.

import type { Counter } from './ahead.ts'

/** Where to connect. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** Local address; null: chosen by the system. */
  readonly localAddress: string | null
}

/** The user of a socket. Never called from within `dial`, `send`, `play` or `cut`. */
export interface SocketListener {
  socketOpened(): void
  /** These bytes were received; they are valid only during the call. */
  socketData(bytes: Buffer, from: number, to: number): void
  /** The connection has ended, or could not be opened. */
  socketGone(reason: string): void
  /** All frames of the run were answered. */
  runEnded(): void
}

export interface StationSocket {
  /** What can be sent as a run; null if every message is sent alone. */
  readonly runs: Runs | null
  /** Sends the first `length` bytes, which are copied if they cannot be sent at once. */
  send(bytes: Buffer, length: number): void
  /** Cuts the connection without a close frame; the listener is not called. */
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
  /** The digits that change from one to the next; `at` counts from the beginning of the frame. */
  readonly counters: readonly Counter[]
  /** Message id of the first, as bytes; the next ones count up. */
  readonly id: Uint8Array
}

/** A socket that sends runs. Anything but a plain answer to the frame under way is passed on as data. */
export interface Runs {
  /** Begins a run in a group: stations that count and stop together. No message may be under way. */
  play(group: number, run: FrameRun): void
  /** Frames of the run that were answered. */
  readonly done: number
  /** How long the frame under way waits for its answer, in milliseconds; null if none does. */
  readonly waitsMs: number | null
  /** Settles the frame under way, whose answer came as data; true if it was the last. */
  step(): boolean
  /** The last data ended with a complete message. */
  resume(): void
}
