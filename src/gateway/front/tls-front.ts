// The public port when client certificates are asked for. `Bun.serve` does not show them, so a TLS server stands before
// it: it ends TLS, and relays each connection to an inner plain server on this machine, which learns the certificate
// and the address of the client from the front.

import type { Socket, TCPSocketListener, TLSOptions } from 'bun'
import type { Clock } from '../../base/clock.ts'
import { chainCertificatesMax, frontStopMsMax, tlsHandshakeMsMax } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { OncePerAddress } from '../../base/once-per-address.ts'
import type { Peer } from '../peer.ts'
import { HandshakesUnderWay } from './handshakes-under-way.ts'
import type { InnerServers } from './inner-servers.ts'
import { Relay } from './relay.ts'

export interface TlsFrontDeps {
  readonly hostname: string
  readonly inner: InnerServers
  readonly clock: Clock
  readonly log: Logger
  /** TLS handshakes that may be under way. */
  readonly handshakesMax: number
}

/** What a public socket carries: how to end the wait for its handshake, then its relay. */
interface Connection {
  endHandshake: () => void
  relay: Relay | null
}

/** The TLS server of the public port. */
export class TlsFront {
  readonly #deps: TlsFrontDeps
  readonly #relays = new Set<Relay>()
  readonly #loggedFailures: OncePerAddress
  readonly #handshakes: HandshakesUnderWay<Socket<Connection>>
  #listener: TCPSocketListener<Connection>
  #tls: TLSOptions
  #isStopped = false
  #onEmpty = (): void => {}

  /** Listens. Throws what `Bun.listen` throws. */
  constructor(port: number, tls: TLSOptions, deps: TlsFrontDeps) {
    this.#deps = deps
    this.#loggedFailures = new OncePerAddress(deps.clock)
    this.#handshakes = new HandshakesUnderWay(deps.handshakesMax)
    this.#tls = tls
    this.#listener = this.#listen(port, tls)
  }

  get port(): number {
    return this.#listener.port
  }

  /** Connections whose TLS handshake is done. */
  get connections(): number {
    return this.#relays.size
  }

  /** TLS handshakes under way. */
  get handshakes(): number {
    return this.#handshakes.size
  }

  /** Bytes that wait for slow readers, in both directions. */
  get waitingBytes(): number {
    return this.#relays.values().reduce((sum, { waitingBytes }) => sum + waitingBytes, 0)
  }

  /** New connections get this certificate; open ones stay. Throws what `Bun.listen` throws, and goes on as before. */
  renew(tls: TLSOptions): void {
    if (this.#isStopped) return
    const { port } = this
    this.#listener.stop(false)
    try {
      this.#listener = this.#listen(port, tls)
      this.#tls = tls
    } catch (error) {
      this.#listener = this.#listen(port, this.#tls)
      throw error
    }
  }

  /** Stops listening. Open connections stay. */
  stopListening(): void {
    this.#isStopped = true
    this.#listener.stop(false)
  }

  /**
   * Stops listening, and closes all connections: those whose inner server has ended once their last bytes are sent, the
   * others after `frontStopMsMax`.
   */
  async stop(): Promise<void> {
    this.stopListening()
    if (this.#relays.size > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#deps.clock.after(frontStopMsMax, resolve)
        this.#onEmpty = () => {
          cancel()
          resolve()
        }
      })
    }
    this.#listener.stop(true)
    for (const relay of this.#relays) relay.terminate()
  }

  #listen(port: number, tls: TLSOptions): TCPSocketListener<Connection> {
    return Bun.listen<Connection>({
      hostname: this.#deps.hostname,
      port,
      // Otherwise a second process could share the port and receive part of the connections.
      exclusive: true,
      allowHalfOpen: true,
      // The certificate is judged later, with the request: a refusal then has a reason that the charge point can read.
      // No authorities are named to the client: many clients send no certificate then, if theirs is not below one.
      tls: { ...tls, requestCert: true, rejectUnauthorized: false },
      socket: {
        open: (socket) => this.#accepted(socket),
        handshake: (socket, isDone, error) => this.#shakenHands(socket, isDone, error),
        data: (socket, bytes) => socket.data.relay?.receive(bytes),
        drain: (socket) => socket.data.relay?.drain(),
        end: (socket) => {
          if (socket.data.relay === null) socket.terminate()
          else socket.data.relay.end()
        },
        close: (socket) => {
          socket.data.endHandshake()
          socket.data.relay?.publicClosed()
        },
        error: () => {},
      },
    })
  }

  #accepted(socket: Socket<Connection>): void {
    const cancel = this.#deps.clock.after(tlsHandshakeMsMax, () => {
      this.#logFailure(socket, `it took more than ${tlsHandshakeMsMax} ms`)
      socket.terminate()
    })
    // It is not known any more once the socket is closed.
    const { remoteAddress } = socket
    socket.data = {
      endHandshake: () => {
        this.#handshakes.delete(remoteAddress, socket)
        cancel()
      },
      relay: null,
    }
    const tooMany = this.#handshakes.add(remoteAddress, socket)
    if (tooMany === null) return
    this.#logFailure(tooMany, `more than ${this.#deps.handshakesMax} were under way`)
    tooMany.data.endHandshake()
    tooMany.terminate()
  }

  #shakenHands(socket: Socket<Connection>, isDone: boolean, error: Error | null): void {
    const { data } = socket
    data.endHandshake()
    // Without renegotiation there is one handshake for a connection.
    if (data.relay !== null) return
    if (!isDone) {
      this.#logFailure(socket, error?.message ?? 'unknown')
      socket.terminate()
      return
    }
    socket.setNoDelay(true)
    const certificates = certificatesOf(socket)
    const peer: Peer = { remoteAddress: socket.remoteAddress, isEncrypted: true, certificates }
    data.relay = new Relay(socket, peer, this.#deps.inner.place(), {
      clock: this.#deps.clock,
      onClosed: (relay) => {
        this.#relays.delete(relay)
        if (this.#relays.size === 0) this.#onEmpty()
      },
      onFailure: ({ remoteAddress }, cause) => {
        if (!this.#loggedFailures.isDue(remoteAddress)) return
        this.#deps.log.error({ remoteAddress, error: cause }, 'A connection cannot be relayed to the inner server.')
      },
    })
    this.#relays.add(data.relay)
  }

  #logFailure({ remoteAddress }: Socket<Connection>, reason: string): void {
    if (!this.#loggedFailures.isDue(remoteAddress)) return
    this.#deps.log.info({ remoteAddress, reason }, 'A TLS handshake failed.')
  }
}

/** The certificates that the client sent, its own first. */
function certificatesOf(socket: Socket<Connection>): Uint8Array[] {
  // `false` brings the whole chain; the types of Bun 1.4.5 do not know this parameter.
  let certificate: unknown = Reflect.apply(socket.getPeerCertificate, socket, [false])
  const found: Uint8Array[] = []
  const seen = new Set<unknown>()
  while (typeof certificate === 'object' && certificate !== null && !seen.has(certificate)) {
    seen.add(certificate)
    const raw: unknown = Reflect.get(certificate, 'raw')
    if (!(raw instanceof Uint8Array) || found.length > chainCertificatesMax) break
    found.push(raw)
    certificate = Reflect.get(certificate, 'issuerCertificate')
  }
  return found
}
