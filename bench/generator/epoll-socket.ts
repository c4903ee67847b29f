// A station's socket by libc's own calls, and the loop that waits for all of them. Bun's sockets cost a generator about 2 µs a
// message more than these, a third of what the floor pays for its whole work; next to nothing remains but the kernel.
//
// The loop waits inside `epoll_wait` for at most a millisecond and then lets Bun's own event loop turn. When nothing has come or gone for a
// while it only looks now and then, so that others who wait in this process (the audit, bare commits) wait for nobody.

import { ptr } from 'bun:ffi'
import {
  afInet,
  eAgain,
  eInProgress,
  epollAdd,
  epollEdge,
  epollError,
  epollHangUp,
  epollIn,
  epollOut,
  epollPeerHangUp,
  errnoOf,
  errorText,
  eventDataWord,
  eventWords,
  type Libc,
  libc,
  msgNoSignal,
  options,
  setOption,
  socketAddress,
  socketError,
  sockCloseOnExec,
  sockNonBlock,
  sockStream,
} from './libc.ts'
import type { Endpoint, SocketListener, StationSocket } from './station-socket.ts'

/** Longest wait for the kernel while something is going on, in milliseconds. */
const waitMs = 1
/** Turns in a row in which nothing came or went, after which the loop rests. */
const quietTurnsMax = 50
/** How often a resting loop looks, in milliseconds. */
const restMs = 5

const eventsMax = 1_024
const incomingBytes = 65_536

let loop: EpollLoop | null = null

/**
 * Dials an IPv4 address.
 *
 * @throws {Error} where there is no libc; ask `socketKindFor` before.
 */
export function dialEpoll(endpoint: Endpoint, listener: SocketListener): StationSocket {
  if (libc === null) throw new Error('There is no libc here to dial by.')
  loop ??= new EpollLoop(libc)
  return new EpollSocket(libc, loop, endpoint, listener)
}

class EpollLoop {
  readonly #libc: Libc
  readonly #epoll: number
  readonly #events = new Uint32Array(eventsMax * eventWords)
  readonly #eventsAt = ptr(this.#events)
  /** By file descriptor, which the kernel gives to the next socket as soon as one is closed: an event names the serial too. */
  readonly #sockets = new Map<number, EpollSocket>()
  #quietTurns = 0
  #timer: Timer | null = null
  #isTurning = false

  constructor(calls: Libc) {
    this.#libc = calls
    this.#epoll = calls.epoll_create1(sockCloseOnExec)
  }

  add(fd: number, serial: number, socket: EpollSocket): void {
    const event = new Uint32Array(eventWords)
    event[0] = epollIn | epollOut | epollPeerHangUp | epollEdge
    event[eventDataWord] = fd
    event[eventDataWord + 1] = serial
    this.#libc.epoll_ctl(this.#epoll, epollAdd, fd, ptr(event))
    this.#sockets.set(fd, socket)
    this.wake()
  }

  remove(fd: number): void {
    this.#sockets.delete(fd)
  }

  /** Something was sent: an answer may come soon. */
  wake(): void {
    this.#quietTurns = 0
    if (this.#isTurning) return
    this.#isTurning = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    const isResting = this.#timer !== null
    const count = this.#libc.epoll_wait(this.#epoll, this.#eventsAt, eventsMax, isResting ? 0 : waitMs)
    this.#timer = null
    this.#isTurning = true
    if (count > 0) this.#quietTurns = 0
    else this.#quietTurns++
    const events = this.#events
    for (let at = 0; at < count * eventWords; at += eventWords) {
      const socket = this.#sockets.get(events[at + eventDataWord] ?? -1)
      if (socket !== undefined && socket.serial === events[at + eventDataWord + 1]) socket.handle(events[at] ?? 0)
    }
    this.#isTurning = this.#sockets.size > 0 && this.#quietTurns < quietTurnsMax
    if (this.#isTurning) setImmediate(this.#turn)
    else if (this.#sockets.size > 0) this.#timer = setTimeout(this.#turn, restMs)
  }
}

// All sockets read into one buffer, whose bytes are lent until the next read.
const incoming = Buffer.alloc(incomingBytes)
const incomingAt = ptr(incoming)

let serials = 0

class EpollSocket implements StationSocket {
  readonly serial = ++serials
  readonly #libc: Libc
  readonly #loop: EpollLoop
  readonly #listener: SocketListener
  readonly #fd: number
  #isOpen = false
  #isGone = false
  #unsent: Buffer | null = null

  constructor(calls: Libc, epollLoop: EpollLoop, { host, port, localAddress }: Endpoint, listener: SocketListener) {
    this.#libc = calls
    this.#loop = epollLoop
    this.#listener = listener
    this.#fd = calls.socket(afInet, sockStream | sockNonBlock | sockCloseOnExec, 0)
    if (this.#fd < 0) {
      this.#failLater(errnoOf(calls))
      return
    }
    setOption(calls, this.#fd, options.noDelay, 1)
    if (localAddress !== null) {
      setOption(calls, this.#fd, options.bindAddressNoPort, 1)
      calls.bind(this.#fd, ptr(socketAddress(localAddress, 0)), 16)
    }
    const connected = calls.connect(this.#fd, ptr(socketAddress(host, port)), 16)
    const errno = connected < 0 ? errnoOf(calls) : 0
    epollLoop.add(this.#fd, this.serial, this)
    if (errno !== 0 && errno !== eInProgress) this.#failLater(errno)
  }

  send(bytes: Buffer, length: number): void {
    if (this.#isGone) return
    if (this.#unsent !== null) {
      this.#unsent = Buffer.concat([this.#unsent, bytes.subarray(0, length)])
      return
    }
    this.#loop.wake()
    // A connection that is broken says so by an event.
    const written = Math.max(0, this.#libc.send(this.#fd, addressOfBytes(bytes), length, msgNoSignal))
    if (written < length) this.#unsent = Buffer.from(bytes.subarray(written, length))
  }

  cut(): void {
    if (this.#isGone) return
    this.#isGone = true
    if (this.#fd < 0) return
    this.#loop.remove(this.#fd)
    // Without waiting time the kernel resets the connection, and its port is free again at once.
    setOption(this.#libc, this.#fd, options.linger, 1, 0)
    this.#libc.close(this.#fd)
  }

  handle(events: number): void {
    if (!this.#isOpen) {
      if ((events & (epollError | epollHangUp)) !== 0) return this.#fail(socketError(this.#libc, this.#fd))
      if ((events & epollOut) === 0) return
      this.#isOpen = true
      this.#listener.socketOpened(this)
    }
    if ((events & epollIn) !== 0) this.#read((events & (epollPeerHangUp | epollError | epollHangUp)) !== 0)
    if ((events & epollOut) !== 0 && this.#unsent !== null) this.#flush(this.#unsent)
  }

  /** Reads what has come; to the very end when the other side has ended. An event tells of new bytes only. */
  #read(toTheEnd: boolean): void {
    while (!this.#isGone) {
      const length = this.#libc.recv(this.#fd, incomingAt, incomingBytes, 0)
      if (length > 0) this.#listener.socketData(incoming, length)
      else if (length === 0) return this.#fail(0)
      else {
        const errno = errnoOf(this.#libc)
        return errno === eAgain ? undefined : this.#fail(errno)
      }
      if (length < incomingBytes && !toTheEnd) return
    }
  }

  #flush(unsent: Buffer): void {
    if (this.#isGone) return
    const written = Math.max(0, this.#libc.send(this.#fd, ptr(unsent), unsent.length, msgNoSignal))
    this.#unsent = written < unsent.length ? Buffer.from(unsent.subarray(written)) : null
  }

  #fail(errno: number): void {
    if (this.#isGone) return
    this.cut()
    this.#listener.socketGone(errno === 0 ? 'the connection was cut' : errorText(this.#libc, errno))
  }

  #failLater(errno: number): void {
    setImmediate(() => this.#fail(errno))
  }
}

let lastBytes: Buffer | null = null
let lastAddress = ptr(incoming)

/** Where these bytes stand in memory; nearly always those of the last call. */
function addressOfBytes(bytes: Buffer): typeof lastAddress {
  if (bytes !== lastBytes) {
    lastAddress = ptr(bytes)
    lastBytes = bytes
  }
  return lastAddress
}
