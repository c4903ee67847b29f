// The calls of libc that the generator's sockets are made of, through `bun:ffi`, and the numbers that belong to them (Linux).

import { dlopen, ptr, read } from 'bun:ffi'

const calls = {
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  bind: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  connect: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
  getsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'ptr'], returns: 'i32' },
  // Lengths here are below 2 GiB: i32 is read in the same register, and is a number where i64 would be a bigint.
  send: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i32' },
  recv: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i32' },
  close: { args: ['i32'], returns: 'i32' },
  epoll_create1: { args: ['i32'], returns: 'i32' },
  epoll_ctl: { args: ['i32', 'i32', 'i32', 'ptr'], returns: 'i32' },
  epoll_wait: { args: ['i32', 'ptr', 'i32', 'i32'], returns: 'i32' },
  __errno_location: { args: [], returns: 'ptr' },
  strerror: { args: ['i32'], returns: 'cstring' },
} as const

function open() {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) return null
  try {
    return dlopen('libc.so.6', calls).symbols
  } catch {
    return null
  }
}

/** Null where there is no glibc. */
export const libc = open()
export type Libc = NonNullable<typeof libc>

export const afInet = 2
export const sockStream = 1
export const sockNonBlock = 0o4000
export const sockCloseOnExec = 0o2000000
export const msgNoSignal = 0x4000
export const eAgain = 11
export const eInProgress = 115

/** Levels and names of socket options. */
export const options = {
  error: [1, 4],
  linger: [1, 13],
  bindAddressNoPort: [0, 24],
  noDelay: [6, 1],
} as const satisfies Record<string, readonly [level: number, name: number]>

export const epollIn = 0x1
export const epollOut = 0x4
export const epollError = 0x8
export const epollHangUp = 0x10
export const epollPeerHangUp = 0x2000
export const epollEdge = 0x8000_0000
export const epollAdd = 1

/** `struct epoll_event` in words of 32 bits: it is packed on x86-64 only. Its data are two words of ours. */
export const eventWords = process.arch === 'x64' ? 3 : 4
export const eventDataWord = process.arch === 'x64' ? 1 : 2

/** `errno` of the last call. */
export function errnoOf(calls: Libc): number {
  const at = calls.__errno_location()
  return at === null ? 0 : read.i32(at, 0)
}

export function errorText(calls: Libc, errno: number): string {
  return String(calls.strerror(errno))
}

/** Sets a socket option to these words. */
export function setOption(calls: Libc, fd: number, [level, name]: readonly [number, number], ...words: number[]): void {
  const value = Int32Array.from(words)
  calls.setsockopt(fd, level, name, ptr(value), value.byteLength)
}

/** The error that a socket has kept, and keeps no longer; 0 is none. */
export function socketError(calls: Libc, fd: number): number {
  const value = new Int32Array(2)
  const [level, name] = options.error
  value[1] = 4
  calls.getsockopt(fd, level, name, ptr(value), ptr(value, 4))
  return value[0] ?? 0
}

/** `struct sockaddr_in` of an IPv4 address. */
export function socketAddress(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16)
  new Uint16Array(bytes.buffer)[0] = afInet
  bytes.set([port >> 8, port & 0xff, ...address.split('.').map(Number)], 2)
  return bytes
}
