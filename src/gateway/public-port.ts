// The port that charge points and operators connect to: Bun's own server, or the TLS front with its inner servers.

import type { Server, TLSOptions } from 'bun'
import type { InnerServers } from './front/inner-servers.ts'
import type { TlsFront } from './front/tls-front.ts'

export interface PublicPort {
  /** `OCPP.ServerPort`, or the free one that was selected. */
  readonly port: number
  /** New connections get this certificate, open ones stay. Throws, and keeps the earlier one, if it cannot listen. */
  renew(tls: TLSOptions): void
  stop(): Promise<void>
}

type Listen<T> = (port: number, tls: TLSOptions | null) => T

/** What is needed of a server of Bun. */
type Listening = Pick<Server<unknown>, 'port' | 'stop'>

/** Bun's server, plain or with TLS. */
export class DirectPort implements PublicPort {
  readonly #listen: Listen<Listening>
  readonly port: number
  #server: Listening
  #tls: TLSOptions | null
  /** Servers with an earlier certificate, until their last connection is closed. */
  readonly #earlier = new Set<Listening>()
  #isStopped = false

  constructor(port: number, tls: TLSOptions | null, listen: Listen<Listening>) {
    this.#listen = listen
    this.#tls = tls
    this.#server = listen(port, tls)
    this.port = this.#server.port ?? port
  }

  // Bun.serve takes a certificate only when it begins to listen: `reload` ignores `tls` (Bun 1.4.5). So another server
  // takes the port over, in the same turn of the event loop.
  renew(tls: TLSOptions): void {
    if (this.#isStopped) return
    const earlier = this.#server
    this.#earlier.add(earlier)
    void earlier.stop().then(() => this.#earlier.delete(earlier))
    try {
      this.#server = this.#listen(this.port, tls)
      this.#tls = tls
    } catch (error) {
      this.#server = this.#listen(this.port, this.#tls)
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#earlier, this.#server].map((server) => server.stop(true)))
  }
}

/** The TLS front, which asks clients for certificates. */
export class FrontPort implements PublicPort {
  readonly #front: TlsFront
  readonly #inner: InnerServers
  readonly port: number

  constructor(front: TlsFront, inner: InnerServers) {
    this.#front = front
    this.#inner = inner
    this.port = front.port
  }

  renew(tls: TLSOptions): void {
    this.#front.renew(tls)
  }

  async stop(): Promise<void> {
    this.#front.stopListening()
    await this.#inner.stop()
    await this.#front.stop()
  }
}
