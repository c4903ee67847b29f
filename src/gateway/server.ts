// The HTTP server: one Bun server for the WebSockets of charge points and for the REST API. A charge point that passes
// the handshake becomes a station (`station/`).

import type { Channel } from '../auth/authenticator.ts'
import { type Server, serve, type SocketAddress, type TLSOptions } from 'bun'
import type { AuthDeps } from '../auth/auth-deps.ts'
import type { FailedAttempts } from '../auth/failed-attempts.ts'
import type { LimitSettings, OcppSettings } from '../base/config.ts'
import type { PartCounts } from '../base/counters.ts'
import { errorFields, errorTable, StatorError } from '../base/errors.ts'
import { httpBodyBytesMax, httpIdleSecondsMax, restAnswerSecondsMax, socketBufferBytesMax } from '../base/limits.ts'
import type { HandshakeRefusal, SecurityEvent } from '../blocks/records.ts'
import type { SocketData } from '../station/station.ts'
import { Stations, type StationsDeps } from '../station/stations.ts'
import { AddressConnections } from './address-connections.ts'
import { Admission } from './admission.ts'
import type { Channels } from './forwarded.ts'
import { clientAt, frontAddress, InnerServers } from './front/inner-servers.ts'
import { TlsFront } from './front/tls-front.ts'
import { handshake, type HandshakeDeps, isOcppPath } from './handshake.ts'
import { afterBody, withSecurityHeaders } from './http-answer.ts'
import type { Peer } from './peer.ts'
import { DirectPort, FrontPort, type PublicPort } from './public-port.ts'

export interface GatewayDeps extends StationsDeps {
  readonly settings: OcppSettings
  readonly tls: TLSOptions | null
  /** Finds out who a client is, directly or behind a trusted proxy. */
  readonly channels: Channels
  /** Whether TLS clients are asked for a certificate. */
  readonly asksForCertificates: boolean
  readonly auth: AuthDeps
  readonly attempts: FailedAttempts
  readonly limits: LimitSettings
  /** Whether the database accepts commits; new connections are refused with 503 while it does not. */
  readonly isStoreAvailable: () => boolean
  /** Is called with each refused handshake that names an identity. */
  readonly noteRefusal: (refusal: HandshakeRefusal) => void
  readonly noteSecurityEvent: (event: SecurityEvent) => void
  /**
   * Answers every request that is not a handshake of a charge point. It calls `mayBeIdle` if the connection may be idle
   * for longer than others while the body is sent.
   */
  readonly http: (
    request: Request,
    channel: Channel,
    mayBeIdle: (seconds: number) => void,
  ) => Response | Promise<Response>
}

/** The running server. */
export interface Gateway {
  readonly port: number
  /** Whether this node is stopping: it refuses handshakes, and closes its connections. */
  readonly isDraining: boolean
  /** Received bytes that are not served yet, and handshakes that wait for admission. */
  readonly waiting: PartCounts['gateway']
  /**
   * From now on new connections get this certificate. Connections that are open stay as they are.
   *
   * @throws {StatorError} `ADDRESS_UNAVAILABLE` when the port cannot be opened with it; the earlier one is kept then.
   */
  renewCertificate(tls: TLSOptions): void
  /** Graceful drain: refuses new connections and CALLs, finishes those under way, closes the sockets with 1001. */
  drain(): Promise<void>
  /** Stops listening. */
  stop(): Promise<void>
}

/**
 * Opens the port and serves until stopped.
 *
 * @throws {StatorError} `ADDRESS_UNAVAILABLE` when the address is in use, or this machine does not have it.
 */
export function startGateway(deps: GatewayDeps): Gateway {
  return new RunningGateway(deps)
}

function httpError(code: 'BAD_REQUEST' | 'FORBIDDEN' | 'INTERNAL', message: string): Response {
  return Response.json(errorFields(code, message), { status: errorTable[code].status })
}

class RunningGateway implements Gateway {
  readonly #deps: GatewayDeps
  readonly #stations: Stations
  readonly #admission: Admission
  readonly #addresses: AddressConnections
  readonly #handshakeDeps: HandshakeDeps
  readonly #publicPort: PublicPort

  constructor(deps: GatewayDeps) {
    this.#deps = deps
    const stations = new Stations(deps)
    this.#stations = stations
    this.#admission = new Admission({ ...deps, waitingMax: deps.limits.handshakesWaiting })
    this.#addresses = new AddressConnections(deps.limits.connectionsPerAddress)
    this.#handshakeDeps = {
      auth: deps.auth,
      assumedVersion: deps.settings.assumedVersion,
      closedBecause: () => {
        if (stations.isDraining) return 'SHUTTING_DOWN'
        return deps.isStoreAvailable() ? null : 'STORE_UNAVAILABLE'
      },
      admission: this.#admission,
      attempts: deps.attempts,
      addresses: this.#addresses,
      noteRefusal: deps.noteRefusal,
      noteSecurityEvent: deps.noteSecurityEvent,
      quirks: deps.quirks,
      clock: deps.clock,
      counters: deps.counters,
      log: deps.log,
    }
    this.#publicPort = this.#openPublicPort()
  }

  get port(): number {
    return this.#publicPort.port
  }

  get isDraining(): boolean {
    return this.#stations.isDraining
  }

  get waiting(): PartCounts['gateway'] {
    const { handshakesWaiting: handshakesMax } = this.#deps.limits
    return { receivedBytes: this.#stations.receivedBytes, handshakes: this.#admission.waiting, handshakesMax }
  }

  renewCertificate(tls: TLSOptions): void {
    orAddressError(this.#deps.settings, () => this.#publicPort.renew(tls))
  }

  drain(): Promise<void> {
    return this.#stations.drain()
  }

  stop(): Promise<void> {
    return this.#publicPort.stop()
  }

  #openPublicPort(): PublicPort {
    const { settings, limits, tls, asksForCertificates, clock, log } = this.#deps
    const { host, port } = settings
    if (tls === null || !asksForCertificates) {
      const peerOf = directPeer(tls !== null)
      return orAddressError(
        settings,
        () =>
          new DirectPort(port, tls, (at, options) => this.#serve({ hostname: host, port: at, tls: options }, peerOf)),
      )
    }
    const inner = new InnerServers((clients) => {
      const server = this.#serve({ hostname: frontAddress, port: 0, tls: null }, (from) => clientAt(from, clients))
      return { port: server.port ?? 0, stop: () => server.stop(true) }
    })
    const frontDeps = { hostname: host, inner, clock, log, handshakesMax: limits.tlsHandshakes }
    const front = orAddressError(settings, () => new TlsFront(port, tls, frontDeps))
    return new FrontPort(front, inner)
  }

  #serve({ hostname, port, tls }: Listening, peerOf: PeerOf): Server<SocketData> {
    const deps = this.#deps
    const stations = this.#stations
    const httpsOnlySeconds = deps.tls === null ? null : deps.settings.httpsOnlySeconds
    return serve<SocketData>({
      hostname,
      port,
      // Otherwise a second process could share the port and receive part of the connections.
      reusePort: false,
      idleTimeout: httpIdleSecondsMax,
      maxRequestBodySize: httpBodyBytesMax,
      ...(tls === null ? {} : { tls }),
      fetch: async (request, server) => {
        const response = await this.#answer(request, server, peerOf(server.requestIP(request)))
        return response && withSecurityHeaders(await afterBody(request, response, deps.clock), httpsOnlySeconds)
      },
      // Bun's default error page would show source code to any client.
      development: false,
      error: (error) => {
        deps.log.error({ code: 'INTERNAL', error }, 'A request failed.')
        return withSecurityHeaders(httpError('INTERNAL', 'An unexpected error occurred'), httpsOnlySeconds)
      },
      websocket: {
        maxPayloadLength: deps.settings.messageBytesMax,
        backpressureLimit: socketBufferBytesMax,
        closeOnBackpressureLimit: true,
        idleTimeout: deps.settings.connectionTimeoutSeconds,
        sendPings: true,
        perMessageDeflate: false,
        open: (socket) => {
          this.#addresses.opened(socket.data.remoteAddress)
          stations.open(socket)
        },
        message: (socket, message) => socket.data.station?.receive(message),
        close: (socket, code, reason) => {
          this.#addresses.closed(socket.data.remoteAddress)
          stations.close(socket, code, reason)
        },
      },
    })
  }

  /** Undefined after an upgrade. */
  async #answer(request: Request, server: Server<SocketData>, peer: Peer | null): Promise<Response | undefined> {
    if (peer === null) return this.#foreign()
    // An invalid Host header makes `request.url` unparsable.
    const path = URL.parse(request.url)?.pathname
    if (path === undefined) return httpError('BAD_REQUEST', 'The Host header is not the name of a host')
    const channel = this.#deps.channels.of(peer, request.headers)
    return isOcppPath(path)
      ? handshake(request, path, channel, server, this.#handshakeDeps)
      : this.#answerRest(request, server, channel)
  }

  /** A request at an inner server that did not come through the TLS front: another process of this machine. */
  #foreign(): Response {
    this.#deps.log.warn({ code: 'FORBIDDEN', path: '' }, 'A request past the TLS front was refused.')
    return httpError('FORBIDDEN', 'Connect to the public port')
  }

  /** Bun resets an idle connection even while its request is being answered. */
  async #answerRest(request: Request, server: Server<SocketData>, channel: Channel): Promise<Response> {
    let idleSeconds = httpIdleSecondsMax
    server.timeout(request, restAnswerSecondsMax)
    try {
      return await this.#deps.http(request, channel, (seconds) => (idleSeconds = seconds))
    } finally {
      server.timeout(request, idleSeconds)
    }
  }
}

interface Listening {
  readonly hostname: string
  readonly port: number
  readonly tls: TLSOptions | null
}

/** Who sent a request, by the address that its connection comes from; null if nobody may be there. */
type PeerOf = (from: SocketAddress | null) => Peer | null

function directPeer(isEncrypted: boolean): PeerOf {
  return (from) => ({ remoteAddress: from?.address ?? '', isEncrypted, certificates: [] })
}

function orAddressError<T>({ host, port }: OcppSettings, listen: () => T): T {
  try {
    return listen()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StatorError(
      'ADDRESS_UNAVAILABLE',
      `OCPP.ServerEndpoint and OCPP.ServerPort are ${host} and ${port} (${reason}): expected an address of this machine and a free port.`,
      undefined,
      error,
    )
  }
}
