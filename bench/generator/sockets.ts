// How a station's bytes travel: by libc's calls where that is possible, by Bun's sockets where it is not (TLS, names, IPv6,
// other systems than Linux with glibc). Both behave the same; a message costs the generator half as much again through Bun's.

import { isIPv4 } from 'node:net'
import { dialBun } from './bun-socket.ts'
import { dialEpoll } from './epoll-socket.ts'
import { libc } from './libc.ts'
import type { Endpoint, SocketListener, StationSocket } from './station-socket.ts'

export const socketKinds = ['libc', 'bun'] as const
export type SocketKind = (typeof socketKinds)[number]

/** The cheapest kind of socket that reaches this host from here. */
export function socketKindFor({ host, isTls }: Pick<Endpoint, 'host' | 'isTls'>): SocketKind {
  return libc !== null && !isTls && isIPv4(host) ? 'libc' : 'bun'
}

/** Dials; the listener hears how it ended. `libc` needs what `socketKindFor` looks for. */
export function dial(kind: SocketKind, endpoint: Endpoint, listener: SocketListener): StationSocket {
  return kind === 'libc' ? dialEpoll(endpoint, listener) : dialBun(endpoint, listener)
}
