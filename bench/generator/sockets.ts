// Chooses a station's socket: the engine if possible (Linux, a C compiler, an IPv4 address, no TLS), else Bun's
// sockets. Both behave the same; through Bun's a message costs the generator half as much again.

import { isIPv4 } from 'node:net'
import { dialBun } from './bun-socket.ts'
import { engine } from './engine.ts'
import { EngineSocket } from './engine-socket.ts'
import type { Endpoint, SocketListener, StationSocket } from './station-socket.ts'

export const socketKinds = ['engine', 'bun'] as const
export type SocketKind = (typeof socketKinds)[number]

/** The cheapest kind of socket that reaches this host from here. */
export function socketKindFor({ host, isTls }: Pick<Endpoint, 'host' | 'isTls'>): SocketKind {
  return !isTls && isIPv4(host) && engine() !== null ? 'engine' : 'bun'
}

/** Connects; the listener gets the result. Without an engine, Bun's sockets are used. */
export function dial(kind: SocketKind, endpoint: Endpoint, listener: SocketListener): StationSocket {
  const made = kind === 'engine' ? engine() : null
  return made === null ? dialBun(endpoint, listener) : new EngineSocket(made, endpoint, listener)
}

/** The name of the kind in reports. */
export function socketKindName(kind: SocketKind): string {
  return kind === 'engine' ? 'engine.c' : "Bun's sockets"
}
