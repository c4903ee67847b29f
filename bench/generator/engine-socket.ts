// A station's socket in the engine.

import type { Engine } from './engine.ts'
import type { Endpoint, FrameRun, Runs, SocketListener, StationSocket } from './station-socket.ts'

export class EngineSocket implements StationSocket, Runs {
  readonly #engine: Engine
  readonly #slot: number

  /** Connects to an IPv4 address; the listener gets the result. */
  constructor(engine: Engine, { host, port, localAddress }: Endpoint, listener: SocketListener) {
    this.#engine = engine
    this.#slot = engine.dial(host, port, localAddress, listener)
    if (this.#slot < 0) setImmediate(() => listener.socketGone(engine.errorText(-this.#slot)))
  }

  get runs(): Runs {
    return this
  }

  send(bytes: Buffer, length: number): void {
    if (this.#slot >= 0) this.#engine.send(this.#slot, bytes, length)
  }

  cut(): void {
    if (this.#slot >= 0) this.#engine.cut(this.#slot)
  }

  play(group: number, run: FrameRun): void {
    this.#engine.play(this.#slot, group, run)
  }

  get done(): number {
    return this.#engine.calls.engine_done(this.#slot)
  }

  get waitsMs(): number | null {
    const ms = this.#engine.calls.engine_waits_ms(this.#slot)
    return ms < 0 ? null : ms
  }

  step(): boolean {
    return this.#engine.calls.engine_step(this.#slot) === 1
  }

  resume(): void {
    this.#engine.calls.engine_resume(this.#slot)
  }
}
