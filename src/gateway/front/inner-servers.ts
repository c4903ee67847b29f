// The plain servers behind the TLS front, on this machine only. A connection is known by the address and port that the
// front opened it from: the operating system gives no such pair to two connections, and no byte of a client can change
// it.

import type { SocketAddress } from 'bun'
import type { Peer } from '../peer.ts'
import { innerConnectionsMax } from '../../base/limits.ts'

/** What the front needs of a server. */
export interface Server {
  readonly port: number
  stop(): Promise<void>
}

/** The clients of one inner server, by the port that their connection comes from. */
export type Clients = ReadonlyMap<number, Peer>

/** Where the front connects from, and inner servers listen. */
export const frontAddress = '127.0.0.1'

/**
 * The client whose connection comes from `from`; null: not one of the front. Another address of this machine may have
 * the same port (127.0.0.2), whatever process it belongs to.
 */
export function clientAt(from: Pick<SocketAddress, 'address' | 'port'> | null, clients: Clients): Peer | null {
  return from?.address === frontAddress ? (clients.get(from.port) ?? null) : null
}

/** A place for one connection at an inner server. */
export interface Place {
  readonly port: number
  /** From now on requests from `localPort` are those of `peer`. */
  register(localPort: number, peer: Peer): void
  /** The connection is closed. Further calls do nothing. */
  release(): void
}

interface InnerServer {
  readonly server: Server
  readonly clients: Map<number, Peer>
  /** Connections, those that are about to be opened included. */
  places: number
}

/**
 * Opens inner servers as connections need them, one for each `connectionsMax`: the system has one port for each
 * connection to the same server.
 */
export class InnerServers {
  readonly #open: (clients: Clients) => Server
  readonly #connectionsMax: number
  readonly #servers: InnerServer[] = []

  /** @param open starts a server on a free port of 127.0.0.1. */
  constructor(open: (clients: Clients) => Server, connectionsMax = innerConnectionsMax) {
    this.#open = open
    this.#connectionsMax = connectionsMax
  }

  /** Clients whose connection is registered. */
  get clients(): number {
    return this.#servers.reduce((sum, { clients }) => sum + clients.size, 0)
  }

  get count(): number {
    return this.#servers.length
  }

  /** A place at the first server that has one, which is opened if need be. */
  place(): Place {
    const inner = this.#servers.find(({ places }) => places < this.#connectionsMax) ?? this.#another()
    inner.places++
    let registered: { readonly localPort: number; readonly peer: Peer } | null = null
    let isReleased = false
    return {
      port: inner.server.port,
      register: (localPort, peer) => {
        if (isReleased) return
        registered = { localPort, peer }
        inner.clients.set(localPort, peer)
      },
      release: () => {
        if (isReleased) return
        isReleased = true
        inner.places--
        // The system may have given the port to the next connection already.
        if (registered !== null && inner.clients.get(registered.localPort) === registered.peer) {
          inner.clients.delete(registered.localPort)
        }
      },
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map(({ server }) => server.stop()))
  }

  #another(): InnerServer {
    const clients = new Map<number, Peer>()
    const inner = { server: this.#open(clients), clients, places: 0 }
    this.#servers.push(inner)
    return inner
  }
}
