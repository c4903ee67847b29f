// A central system that is nothing but a table of answers: what the simulator's own tests talk to.

import type { OcppVersion } from '../../src/ocpp/version.ts'
import { within } from './until.ts'

type Payload = Readonly<Record<string, unknown>>

/** A CALL that came in. */
export interface ReceivedCall {
  readonly messageId: string
  readonly action: string
  readonly payload: Payload
}

export type Answerer = (payload: Payload) => object | CallErrorAnswer | Silence

/** Answer with a CALLERROR of this code. */
export class CallErrorAnswer {
  readonly code: string
  constructor(code: string) {
    this.code = code
  }
}

/** Do not answer. */
export class Silence {}

/** An answer to a CALL of this central system. */
export type CommandAnswer =
  | { readonly kind: 'result'; readonly payload: Payload }
  | { readonly kind: 'error'; readonly code: string; readonly description: string }

const now = (): string => new Date().toISOString()

const answersOfBoth: Readonly<Record<string, Answerer>> = {
  BootNotification: () => ({ status: 'Accepted', currentTime: now(), interval: 300 }),
  Heartbeat: () => ({ currentTime: now() }),
}

const answers16: Readonly<Record<string, Answerer>> = {
  Authorize: () => ({ idTagInfo: { status: 'Accepted' } }),
  StartTransaction: () => ({ transactionId: 4711, idTagInfo: { status: 'Accepted' } }),
  StopTransaction: () => ({ idTagInfo: { status: 'Accepted' } }),
}

const answers201: Readonly<Record<string, Answerer>> = {
  Authorize: () => ({ idTokenInfo: { status: 'Accepted' } }),
  TransactionEvent: ({ eventType }) => (eventType === 'Started' ? { idTokenInfo: { status: 'Accepted' } } : {}),
}

/** A running fake. */
export class FakeCentralSystem {
  /** Answers by action, in front of the usual ones. */
  readonly answers: Record<string, Answerer> = {}
  readonly calls: ReceivedCall[] = []
  /** SENDs of 2.1. */
  readonly sends: ReceivedCall[] = []
  readonly handshakes: Headers[] = []
  /** Answer handshakes with this status instead of upgrading them. */
  refuseWith: number | null = null
  readonly #server: ReturnType<typeof Bun.serve>
  readonly #waiting = new Map<string, (answer: CommandAnswer) => void>()
  #socket: Bun.ServerWebSocket<unknown> | null = null

  constructor(version: OcppVersion) {
    const usual = version === '1.6' ? answers16 : answers201
    this.#server = Bun.serve({
      port: 0,
      fetch: (request, server) => {
        if (this.refuseWith !== null) return new Response('refused', { status: this.refuseWith })
        this.handshakes.push(request.headers)
        server.upgrade(request, { data: null, headers: { 'Sec-WebSocket-Protocol': `ocpp${version}` } })
        return undefined
      },
      websocket: {
        open: (socket) => {
          this.#socket = socket
        },
        message: (socket, message) => {
          const [type, messageId, third, fourth, fifth] = JSON.parse(String(message))
          if (type === 2) {
            this.calls.push({ messageId, action: third, payload: fourth })
            const answerer = this.answers[third] ?? usual[third] ?? answersOfBoth[third] ?? (() => ({}))
            const answer = answerer(fourth)
            if (answer instanceof Silence) return
            if (answer instanceof CallErrorAnswer) socket.send(JSON.stringify([4, messageId, answer.code, '', {}]))
            else socket.send(JSON.stringify([3, messageId, answer]))
            return
          }
          if (type === 6) {
            this.sends.push({ messageId, action: third, payload: fourth })
            return
          }
          const settle = this.#waiting.get(messageId)
          this.#waiting.delete(messageId)
          if (type === 3) settle?.({ kind: 'result', payload: third })
          else settle?.({ kind: 'error', code: third, description: `${fourth}${JSON.stringify(fifth)}` })
        },
        close: (socket) => {
          if (this.#socket === socket) this.#socket = null
        },
      },
    })
  }

  get url(): string {
    return `ws://localhost:${this.#server.port}/ocpp`
  }

  get isConnected(): boolean {
    return this.#socket !== null
  }

  /** What came in of one action, oldest first. */
  payloads(action: string): readonly Payload[] {
    return this.calls.filter((call) => call.action === action).map(({ payload }) => payload)
  }

  /** Sends a CALL and waits for its answer. */
  command(action: string, payload: object): Promise<CommandAnswer> {
    const messageId = crypto.randomUUID()
    const { promise, resolve } = Promise.withResolvers<CommandAnswer>()
    this.#waiting.set(messageId, resolve)
    this.send(JSON.stringify([2, messageId, action, payload]))
    return within(`the answer to ${action}`, promise)
  }

  send(text: string): void {
    this.#socket?.send(text)
  }

  /** Breaks the connection that is open. */
  cut(): void {
    this.#socket?.terminate()
  }

  stop(): void {
    this.#server.stop(true)
  }
}
