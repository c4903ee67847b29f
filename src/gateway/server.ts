// The HTTP server: one Bun server for the WebSockets of charge points and for the REST API. A charge point that passes
// the handshake becomes a station (`station/`).

import { type Server, serve, type TLSOptions } from 'bun'
import type { AuthDeps } from '../auth/auth-deps.ts'
import type { FailedAttempts } from '../auth/failed-attempts.ts'
import type { OcppSettings } from '../base/config.ts'
import type { PartCounts } from '../base/counters.ts'
import { errorFields, errorTable, StatorError } from '../base/errors.ts'
import { httpIdleSecondsMax, restAnswerSecondsMax, socketBufferBytesMax } from '../base/limits.ts'
import type { HandshakeRefusal, SecurityEvent } from '../blocks/records.ts'
import type { SocketData } from '../station/station.ts'
import { Stations, type StationsDeps } from '../station/stations.ts'
import { AddressConnections } from './address-connections.ts'
import { Admission } from './admission.ts'
import { handshake, type HandshakeDeps, isOcppPath } from './handshake.ts'

export interface GatewayDeps extends StationsDeps {
  readonly settings: OcppSettings
  readonly tls: TLSOptions | null
  readonly auth: AuthDeps
  readonly attempts: FailedAttempts
  /** `Limits.ConnectionsPerAddress`. */
  readonly connectionsPerAddress: number
  /** Whether the database accepts commits; new connections are refused with 503 while it does not. */
  readonly isStoreAvailable: () => boolean
  /** Is called with each refused handshake that names an identity. */
  readonly noteRefusal: (refusal: HandshakeRefusal) => void
  readonly noteSecurityEvent: (event: SecurityEvent) => void
  /** Answers every request that is not a handshake of a charge point. */
  readonly http: (request: Request, remoteAddress: string) => Response | Promise<Response>
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

function httpError(code: 'BAD_REQUEST' | 'INTERNAL', message: string): Response {
  return Response.json(errorFields(code, message), { status: errorTable[code].status })
}

class RunningGateway implements Gateway {
  readonly #deps: GatewayDeps
  readonly #stations: Stations
  readonly #admission: Admission
  readonly #addresses: AddressConnections
  /** `OCPP.ServerPort`, or the free one that was selected. */
  readonly #port: number
  #server: Server<SocketData>
  #tls: TLSOptions | null
  /** Servers with an earlier certificate, until their last connection is closed. */
  readonly #earlier = new Set<Server<SocketData>>()
  #isStopped = false

  constructor(deps: GatewayDeps) {
    this.#deps = deps
    const stations = new Stations(deps)
    this.#stations = stations
    this.#admission = new Admission(deps)
    this.#addresses = new AddressConnections(deps.connectionsPerAddress)
    this.#tls = deps.tls
    this.#server = this.#listen(deps.settings.port, deps.tls)
    this.#port = this.#server.port ?? deps.settings.port
  }

  get port(): number {
    return this.#port
  }

  get isDraining(): boolean {
    return this.#stations.isDraining
  }

  get waiting(): PartCounts['gateway'] {
    return { receivedBytes: this.#stations.receivedBytes, handshakes: this.#admission.waiting }
  }

  // Bun.serve takes a certificate only when it begins to listen: `reload` ignores `tls` (Bun 1.4.5). So another server
  // takes the port over, in the same turn of the event loop.
  renewCertificate(tls: TLSOptions): void {
    if (this.#isStopped) return
    const earlier = this.#server
    this.#earlier.add(earlier)
    void earlier.stop().then(() => this.#earlier.delete(earlier))
    try {
      this.#server = this.#listen(this.#port, tls)
      this.#tls = tls
    } catch (error) {
      this.#server = this.#listen(this.#port, this.#tls)
      throw error
    }
  }

  drain(): Promise<void> {
    return this.#stations.drain()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#earlier, this.#server].map((server) => server.stop(true)))
  }

  #listen(port: number, tls: TLSOptions | null): Server<SocketData> {
    try {
      return this.#serve(port, tls)
    } catch (error) {
      const { host } = this.#deps.settings
      const reason = error instanceof Error ? error.message : String(error)
      throw new StatorError(
        'ADDRESS_UNAVAILABLE',
        `OCPP.ServerEndpoint and OCPP.ServerPort are ${host} and ${port} (${reason}): expected an address of this machine and a free port.`,
        undefined,
        error,
      )
    }
  }

  #serve(port: number, tls: TLSOptions | null): Server<SocketData> {
    const deps = this.#deps
    const stations = this.#stations
    const handshakeDeps: HandshakeDeps = {
      auth: deps.auth,
      assumedVersion: deps.settings.assumedVersion,
      closedBecause: () => {
        if (stations.isDraining) return 'SHUTTING_DOWN'
        return deps.isStoreAvailable() ? null : 'STORE_UNAVAILABLE'
      },
      admission: this.#admission,
      attempts: deps.attempts,
      addresses: this.#addresses,
      isEncrypted: tls !== null,
      noteRefusal: deps.noteRefusal,
      noteSecurityEvent: deps.noteSecurityEvent,
      clock: deps.clock,
      counters: deps.counters,
      log: deps.log,
    }
    return serve<SocketData>({
      hostname: deps.settings.host,
      port,
      // Otherwise a second process could share the port and receive part of the connections.
      reusePort: false,
      idleTimeout: httpIdleSecondsMax,
      ...(tls === null ? {} : { tls }),
      fetch: (request, server) => {
        // An invalid Host header makes `request.url` unparsable.
        const path = URL.parse(request.url)?.pathname
        if (path === undefined) return httpError('BAD_REQUEST', 'The Host header is not the name of a host')
        return isOcppPath(path) ? handshake(request, server, handshakeDeps) : this.#answer(request, server)
      },
      // Bun's default error page would show source code to any client.
      development: false,
      error: (error) => {
        deps.log.error({ code: 'INTERNAL', error }, 'A request failed.')
        return httpError('INTERNAL', 'An unexpected error occurred')
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

  /** Bun resets an idle connection even while its request is being answered. */
  async #answer(request: Request, server: Server<SocketData>): Promise<Response> {
    server.timeout(request, restAnswerSecondsMax)
    try {
      return await this.#deps.http(request, server.requestIP(request)?.address ?? '')
    } finally {
      server.timeout(request, httpIdleSecondsMax)
    }
  }
}
