// One connection of the TLS front: a client on the public side, and a plain connection to an inner server that belongs
// to it alone. When one side is closed, so is the other, after what is still on its way.

import type { Socket, SocketHandler } from 'bun'
import type { Clock } from '../../base/clock.ts'
import { relayCloseMsMax } from '../../base/limits.ts'
import type { Peer } from '../peer.ts'
import { Flow } from './flow.ts'
import { frontAddress } from './inner-servers.ts'
import type { Place } from './inner-servers.ts'

export interface RelayDeps {
  readonly clock: Clock
  /** Called once, when both sides are closed. */
  readonly onClosed: (relay: Relay) => void
  readonly onFailure: (peer: Peer, error: unknown) => void
}

/** The socket of a client, after its TLS handshake. */
export type PublicSocket = Pick<Socket<unknown>, 'pause' | 'resume' | 'write' | 'end' | 'terminate'>

/** A client whose TLS handshake is done. */
export class Relay {
  /** One object for all connections. */
  static readonly #innerHandlers: SocketHandler<Relay> = {
    open: (inner) => inner.data.#innerOpened(inner),
    data: (inner, bytes) => inner.data.#send(bytes),
    drain: (inner) => inner.data.#inbound.drain(),
    end: (inner) => inner.data.#outbound?.finish(),
    close: (inner) => inner.data.#innerClosed(),
    error: () => {},
  }

  readonly #deps: RelayDeps
  readonly #public: PublicSocket
  readonly #place: Place
  readonly #inbound: Flow
  readonly #peer: Peer
  #inner: Socket<Relay> | null = null
  #outbound: Flow | null = null
  #isPublicClosed = false
  #isInnerClosed = false
  #cancelClosing: (() => void) | null = null

  constructor(socket: PublicSocket, peer: Peer, place: Place, deps: RelayDeps) {
    this.#deps = deps
    this.#public = socket
    this.#place = place
    this.#peer = peer
    this.#inbound = new Flow(socket)
    void this.#connect()
  }

  /** Bytes that wait for a slow reader, in both directions. */
  get waitingBytes(): number {
    return this.#inbound.waitingBytes + (this.#outbound?.waitingBytes ?? 0)
  }

  /** Bytes came from the client. */
  receive(bytes: Uint8Array): void {
    if (!this.#inbound.take(bytes)) this.terminate()
  }

  /** The client takes bytes again. */
  drain(): void {
    this.#outbound?.drain()
  }

  /** The client sends no more. */
  end(): void {
    this.#inbound.finish()
  }

  /** The connection of the client is closed. */
  publicClosed(): void {
    this.#isPublicClosed = true
    this.#inbound.finish()
    this.#closeSoon()
  }

  /** Closes both sides at once. */
  terminate(): void {
    this.#inner?.terminate()
    this.#public.terminate()
    this.#closeSoon()
  }

  async #connect(): Promise<void> {
    try {
      const { port } = this.#place
      const inner = { hostname: frontAddress, port, allowHalfOpen: true, data: this, socket: Relay.#innerHandlers }
      await Bun.connect<Relay>(inner)
    } catch (error) {
      this.#deps.onFailure(this.#peer, error)
      this.#public.terminate()
      this.#innerClosed()
    }
  }

  #innerOpened(inner: Socket<Relay>): void {
    // Before the first byte: the inner server asks at each request who is at this port.
    this.#place.register(inner.localPort, this.#peer)
    inner.setNoDelay(true)
    this.#inner = inner
    this.#outbound = new Flow(inner)
    this.#outbound.connect(this.#public)
    this.#inbound.connect(inner)
  }

  #send(bytes: Uint8Array): void {
    if (!this.#isPublicClosed && this.#outbound?.take(bytes) === false) this.terminate()
  }

  #innerClosed(): void {
    if (this.#isInnerClosed) return
    this.#isInnerClosed = true
    this.#place.release()
    this.#outbound?.finish()
    this.#closeSoon()
  }

  /** A side that does not close by itself is closed in time. */
  #closeSoon(): void {
    if (this.#isPublicClosed && this.#isInnerClosed) {
      this.#cancelClosing?.()
      this.#deps.onClosed(this)
      return
    }
    this.#cancelClosing ??= this.#deps.clock.after(relayCloseMsMax, () => {
      this.#inner?.terminate()
      this.#public.terminate()
    })
  }
}
