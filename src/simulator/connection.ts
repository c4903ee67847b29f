// One OCPP-J connection from the charge point's side: connects, reconnects with back-off, sends one CALL at a time and
// answers the CALLs of the central system. It handles frames and sockets, not the content of messages.

import { callTimeoutMsDefault } from '../base/limits.ts'
import type { Clock } from '../base/clock.ts'

/** A CALL as it is to be sent. The payload is anything that `JSON.stringify` accepts. */
export interface Call {
  readonly action: string
  readonly payload: object
}

/** What the charge point answers to a CALL; `afterwards` runs once the answer has been handed to the socket. */
export interface Reply {
  readonly answer: object
  readonly afterwards?: () => void
}

export type Answer = Readonly<Record<string, unknown>>

/** Thrown by a listener to answer a CALL with a CALLERROR; `code` is spelt as the version spells it. */
export class CallRefusal extends Error {
  readonly code: string
  readonly details: object

  constructor(code: string, description: string, details: object = {}) {
    super(description)
    this.name = 'CallRefusal'
    this.code = code
    this.details = details
  }
}

/** The central system answered a CALL with a CALLERROR, or with an answer that cannot be used. */
export class CallRejected extends Error {
  readonly code: string

  constructor(action: string, code: string, description: string) {
    super(`${action} was answered with ${code}${description === '' ? '' : `: ${description}`}`)
    this.name = 'CallRejected'
    this.code = code
  }
}

/** A CALL got no answer: there was no connection, it was lost, or the answer took too long. */
export class CallLost extends Error {
  constructor(action: string, reason: string) {
    super(`${action} got no answer: ${reason}`)
    this.name = 'CallLost'
  }
}

/** How long to wait before reconnecting: doubled with every failure, up to `msMax`, then varied by up to a half. */
export interface BackOff {
  readonly msMin: number
  readonly msMax: number
}

/** What a charge point brings to a TLS handshake, as PEM. */
export interface TlsIdentity {
  /** Certificates of the authorities that it trusts; left out: those of the system. */
  readonly ca?: string
  /** Its certificate, and those above it. */
  readonly cert?: string
  /** Private key of `cert`. */
  readonly key?: string
}

export interface ConnectionOptions {
  /** The URL, including the identity. */
  readonly url: string
  readonly subprotocols: readonly string[]
  /** Headers of the handshake, read for every attempt, because credentials may change. */
  readonly headers: () => Readonly<Record<string, string>>
  /** Trust and client certificate of `wss://`, read for every attempt, because the certificate may change. */
  readonly tls?: () => TlsIdentity
  readonly clock: Clock
  /** Numbers in [0, 1). */
  readonly random: () => number
  readonly backOff: BackOff
  readonly callTimeoutMs?: number
}

/** The user of a connection. */
export interface ConnectionListener {
  opened(subprotocol: string): void
  /** The connection has ended, or could not be opened. */
  closed(code: number, reason: string): void
  /** The handshake was answered with this HTTP status instead of 101; `closed` follows. */
  refused?(status: number): void
  /** A CALL came in. Throw `CallRefusal` to answer with a CALLERROR. */
  received(action: string, payload: unknown): Reply | Promise<Reply>
  /** A frame was sent or received; `bytes` are UTF-16 code units. */
  frame?(direction: 'in' | 'out', text: string): void
}

interface Waiting extends Call {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

interface Outstanding extends Waiting {
  readonly messageId: string
  readonly cancelTimeout: () => void
}

/** A charge point's connection, with the queue of its CALLs. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #listener: ConnectionListener
  #socket: WebSocket | null = null
  #wanted = false
  #failures = 0
  #cancelRedial: (() => void) | null = null
  #waiting: Waiting[] = []
  #outstanding: Outstanding | null = null

  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    this.#options = options
    this.#listener = listener
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  /** Connects, and reconnects with back-off until `close`. */
  open(): void {
    if (this.#wanted) return
    this.#wanted = true
    this.#failures = 0
    this.#dial()
  }

  /** Closes with `code` and stays closed until `open`. CALLs that wait are lost. */
  close(code = 1000, reason = ''): void {
    this.#wanted = false
    this.#cancelRedial?.()
    this.#cancelRedial = null
    const socket = this.#socket
    if (socket === null) return
    // The central system may never answer the close frame, so the connection counts as ended from here on.
    this.#forget(socket, code, reason)
    socket.close(code, reason)
  }

  /** Ends the connection in an orderly way, if there is one, and connects again at once. CALLs that wait are lost. */
  renew(reason: string): void {
    if (!this.isOpen) return
    this.close(1000, reason)
    this.open()
  }

  /** Cuts the connection without a close frame, like a broken line. It reconnects after the back-off. */
  cut(): void {
    const socket = this.#socket
    if (socket === null) return
    this.#forget(socket, 1006, 'cut')
    socket.terminate()
  }

  /**
   * Queues a CALL after those that wait: one is outstanding at a time (OCPP-J 1.6 §4.1.1, OCPP 2.0.1 Part 4 §4.1.1).
   *
   * @throws {CallRejected} when it was answered with a CALLERROR.
   * @throws {CallLost} when there is no connection, it is lost meanwhile, or the answer does not come in time.
   */
  call(call: Call): Promise<Answer> {
    if (!this.isOpen) return Promise.reject(new CallLost(call.action, 'not connected'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...call, resolve, reject })
      this.#next()
    })
  }

  /** Sends `text` as it is, bypassing the queue. For frames that no correct charge point sends. */
  sendRaw(text: string): void {
    this.#send(text)
  }

  #dial(): void {
    this.#cancelRedial = null
    const { url, subprotocols, headers, tls } = this.#options
    const options = { protocols: [...subprotocols], headers: { ...headers() } }
    const socket = new WebSocket(url, tls === undefined ? options : { ...options, tls: { ...tls() } })
    this.#socket = socket
    socket.addEventListener('error', (event) => {
      const status = refusalStatus(event)
      if (this.#socket === socket && status !== null) this.#listener.refused?.(status)
    })
    socket.addEventListener('open', () => {
      if (this.#socket !== socket) return
      this.#failures = 0
      this.#listener.opened(socket.protocol)
    })
    socket.addEventListener('message', (event) => {
      if (this.#socket === socket) this.#receive(String(event.data))
    })
    socket.addEventListener('close', (event) => this.#forget(socket, event.code, event.reason))
  }

  /** Drops `socket`, once: fails the waiting CALLs and schedules the next attempt. */
  #forget(socket: WebSocket, code: number, reason: string): void {
    if (this.#socket !== socket) return
    this.#socket = null
    const lost = this.#outstanding === null ? this.#waiting : [this.#outstanding, ...this.#waiting]
    this.#outstanding?.cancelTimeout()
    this.#outstanding = null
    this.#waiting = []
    this.#listener.closed(code, reason)
    for (const { action, reject } of lost) reject(new CallLost(action, `the connection closed with ${code} ${reason}`))
    if (!this.#wanted) return
    const { backOff, clock, random } = this.#options
    const delayMs = Math.min(backOff.msMax, backOff.msMin * 2 ** this.#failures) * (1 - random() / 2)
    this.#failures++
    this.#cancelRedial = clock.after(delayMs, () => this.#dial())
  }

  #next(): void {
    if (this.#outstanding !== null || !this.isOpen) return
    const call = this.#waiting.shift()
    if (call === undefined) return
    const messageId = crypto.randomUUID()
    const timeoutMs = this.#options.callTimeoutMs ?? callTimeoutMsDefault
    const cancelTimeout = this.#options.clock.after(timeoutMs, () => {
      this.#settle(messageId)?.reject(new CallLost(call.action, `no answer within ${timeoutMs} ms`))
    })
    this.#outstanding = { ...call, messageId, cancelTimeout }
    this.#send(JSON.stringify([2, messageId, call.action, call.payload]))
  }

  /** Removes the outstanding CALL if its id is `messageId`, and sends the next one. */
  #settle(messageId: unknown): Outstanding | null {
    const outstanding = this.#outstanding
    // Late and unsolicited answers are ignored, as OCPP-J requires.
    if (outstanding === null || outstanding.messageId !== messageId) return null
    outstanding.cancelTimeout()
    this.#outstanding = null
    this.#next()
    return outstanding
  }

  #receive(text: string): void {
    this.#listener.frame?.('in', text)
    const frame = parseArray(text)
    const [type, messageId, third, fourth] = frame
    if (type === 3) this.#settle(messageId)?.resolve(isAnswer(third) ? third : {})
    else if (type === 4) {
      const outstanding = this.#settle(messageId)
      outstanding?.reject(new CallRejected(outstanding.action, String(third), String(fourth ?? '')))
    } else if (type === 2 && typeof messageId === 'string') void this.#answer(messageId, String(third), fourth)
  }

  async #answer(messageId: string, action: string, payload: unknown): Promise<void> {
    const socket = this.#socket
    try {
      const reply = await this.#listener.received(action, payload)
      if (this.#socket !== socket) return
      this.#send(JSON.stringify([3, messageId, reply.answer]))
      reply.afterwards?.()
    } catch (error) {
      if (this.#socket !== socket) return
      const refusal = error instanceof CallRefusal ? error : new CallRefusal('InternalError', String(error))
      this.#send(JSON.stringify([4, messageId, refusal.code, refusal.message.slice(0, 255), refusal.details]))
    }
  }

  #send(text: string): void {
    if (!this.isOpen) return
    this.#listener.frame?.('out', text)
    this.#socket?.send(text)
  }
}

/** Bun says the HTTP status of a refused handshake in a sentence only; null if there was no answer. */
function refusalStatus(event: Event): number | null {
  const sentence = event instanceof ErrorEvent ? event.message : ''
  const status = /Expected 101 status code: (\d{3})/.exec(sentence)?.[1]
  return status === undefined ? null : Number(status)
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The elements of a JSON array; empty if `text` is anything else. */
function parseArray(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
