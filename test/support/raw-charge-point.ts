// A bare WebSocket with an OCPP subprotocol: sends what the test says and shows what came, without checks of its own. For
// frames and handshakes that no well-behaved charge point would make.

import { until, within } from './until.ts'

type Payload = Readonly<Record<string, unknown>>
type Frame = readonly unknown[]

export interface RawOptions {
  /** `ws://host:port/ocpp`. */
  readonly url: string
  readonly identity: string
  /** What follows the URL's slash when it is not just the percent-encoded identity. */
  readonly path?: string
  readonly password?: string | Uint8Array | undefined
  /** User name of the Basic credentials when it is not the identity. */
  readonly userName?: string
  readonly headers?: Readonly<Record<string, string>>
  /** `['ocpp1.6']` by default. */
  readonly subprotocols?: readonly string[]
  /** Whether a wss:// server may show any certificate. */
  readonly trustsAll?: boolean
  /** What it shows to a wss:// server: a certificate and its key, as PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string }
}

/** How a connection ended. */
export interface Closing {
  readonly code: number
  readonly reason: string
}

export function basic(userName: string, password: string | Uint8Array): string {
  return `Basic ${Buffer.concat([Buffer.from(`${userName}:`), Buffer.from(password)]).toString('base64')}`
}

function headersOf(options: RawOptions): Record<string, string> {
  const { identity, password, userName = identity, headers = {} } = options
  return { ...(password === undefined ? {} : { Authorization: basic(userName, password) }), ...headers }
}

/** One open WebSocket. */
export class RawChargePoint {
  readonly socket: WebSocket
  /** Frames that came and nobody has taken yet, oldest first. */
  readonly inbox: Frame[] = []
  closing: Closing | null = null

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.addEventListener('message', (event) => this.inbox.push(JSON.parse(String(event.data))))
    socket.addEventListener('close', ({ code, reason }) => (this.closing = { code, reason }))
  }

  /** Connects; fails when the handshake is refused. */
  static async connect(options: RawOptions): Promise<RawChargePoint> {
    const {
      url,
      identity,
      path = encodeURIComponent(identity),
      subprotocols = ['ocpp1.6'],
      trustsAll = false,
      certificate = {},
    } = options
    const socket = new WebSocket(`${url}/${path}`, {
      protocols: [...subprotocols],
      headers: headersOf(options),
      tls: { rejectUnauthorized: !trustsAll, ...certificate },
    })
    const raw = new RawChargePoint(socket)
    let isOpen = false
    socket.addEventListener('open', () => (isOpen = true))
    await until('the handshake to end', () => isOpen || raw.closing !== null)
    if (!isOpen) throw new Error(`The handshake of ${identity} was refused.`)
    return raw
  }

  send(text: string | Uint8Array<ArrayBuffer>): void {
    this.socket.send(text)
  }

  /** Sends a CALL under a fresh message id, which is returned. */
  sendCall(action: string, payload: unknown, messageId: string = crypto.randomUUID()): string {
    this.send(JSON.stringify([2, messageId, action, payload]))
    return messageId
  }

  /** The next frame, taken out of the inbox. */
  next(): Promise<Frame> {
    return until('a frame', () => this.inbox.shift() ?? (this.closing === null ? null : this.#gone()))
  }

  /** The answer to the CALL `messageId`: a CALLRESULT or CALLERROR frame. */
  answerTo(messageId: string, deadlineMs?: number): Promise<Frame> {
    const look = (): Frame | null | undefined => {
      const index = this.inbox.findIndex((frame) => frame[0] !== 2 && frame[1] === messageId)
      if (index >= 0) return this.inbox.splice(index, 1)[0]
      return this.closing === null ? null : this.#gone()
    }
    return until(`the answer to ${messageId}`, look, deadlineMs)
  }

  /** Sends a CALL and returns the payload of its CALLRESULT; fails with a CALLERROR. */
  async call(action: string, payload: unknown, messageId?: string): Promise<Payload> {
    const frame = await this.answerTo(this.sendCall(action, payload, messageId))
    if (frame[0] !== 3) throw new Error(`${action} was answered with ${JSON.stringify(frame)}`)
    return frame[2] as Payload
  }

  /** The next CALL of the central system, taken out of the inbox: its message id and payload. */
  async command(action: string): Promise<{ messageId: string; payload: Payload }> {
    const frame = await until(`a ${action} of the central system`, () => {
      const index = this.inbox.findIndex(([type, , name]) => type === 2 && name === action)
      if (index >= 0) return this.inbox.splice(index, 1)[0]
      return this.closing === null ? null : this.#gone()
    })
    return { messageId: String(frame[1]), payload: frame[3] as Payload }
  }

  /** Answers a CALL of the central system. */
  answer(messageId: string, payload: object): void {
    this.send(JSON.stringify([3, messageId, payload]))
  }

  closed(): Promise<Closing> {
    return until('the connection to close', () => this.closing)
  }

  async close(code = 1000): Promise<void> {
    if (this.closing !== null) return
    this.socket.close(code)
    await this.closed()
  }

  #gone(): never {
    throw new Error(`The connection closed with ${this.closing?.code} ${this.closing?.reason}`)
  }
}

/** The HTTP answer to a handshake, without opening a WebSocket: 101, or why not. */
export async function handshakeAnswer(options: RawOptions): Promise<Response> {
  const { url, identity, path = encodeURIComponent(identity), subprotocols = ['ocpp1.6'] } = options
  return within(
    'the answer to the handshake',
    fetch(`${url.replace(/^ws/, 'http')}/${path}`, {
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64'),
        ...(subprotocols.length === 0 ? {} : { 'Sec-WebSocket-Protocol': subprotocols.join(', ') }),
        ...headersOf(options),
      },
    }),
  )
}

/** A bare TCP connection after a WebSocket handshake was written to it. */
interface TcpHandshake {
  readonly socket: Bun.Socket
  /** Status line and headers of the answer. */
  readonly head: string
  /** What came after the head so far. */
  readonly rest: () => Buffer
  readonly isClosed: () => boolean
}

export async function shakeHandsOnTcp(options: RawOptions): Promise<TcpHandshake> {
  const { url, identity, subprotocols = ['ocpp1.6'] } = options
  const { hostname, port, pathname } = new URL(url)
  let received = Buffer.alloc(0)
  let isClosed = false
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data: (_socket, chunk) => {
        received = Buffer.concat([received, chunk])
      },
      close: () => {
        isClosed = true
      },
    },
  })
  const headers = {
    Host: `${hostname}:${port}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64'),
    ...(subprotocols.length === 0 ? {} : { 'Sec-WebSocket-Protocol': subprotocols.join(', ') }),
    ...headersOf(options),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET ${pathname}/${encodeURIComponent(identity)} HTTP/1.1\r\n${lines.join('')}\r\n`)
  const headEnd = await until('the answer to the handshake', () => {
    const end = received.indexOf('\r\n\r\n')
    return end < 0 ? null : end
  })
  return {
    socket,
    head: received.toString('latin1', 0, headEnd),
    rest: () => received.subarray(headEnd + 4),
    isClosed: () => isClosed,
  }
}

/** How a server completed a handshake for which it has no subprotocol in common. */
export interface Completion {
  /** Status line and headers. */
  readonly head: string
  /** Code of the close frame that followed; null when there was none. */
  readonly closeCode: number | null
}

/** A handshake on a bare TCP connection: WebSocket clients end a connection themselves when no subprotocol is agreed to. */
export async function handshakeOnTcp(options: RawOptions): Promise<Completion> {
  const { socket, head, rest, isClosed } = await shakeHandsOnTcp(options)
  await until('a close frame', () => isClosed() || rest().length >= 4)
  socket.end()
  // A close frame: opcode 8 with the FIN bit, a length below 126, then the code (RFC 6455 §5.5.1).
  const frame = rest()
  return { head, closeCode: frame[0] === 0x88 ? frame.readUInt16BE(2) : null }
}

/** Writes `text`, a byte for each character, to a bare TCP connection: the HTTP status that comes back; null when none does. */
export async function httpStatusOf(url: string, text: string, patienceMs = 1_000): Promise<number | null> {
  const { hostname, port } = new URL(url)
  const { promise, resolve } = Promise.withResolvers<number | null>()
  let received = ''
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data: (_socket, chunk) => {
        received += chunk.toString('latin1')
        const status = /^HTTP\/1\.\d (\d{3})/.exec(received)?.[1]
        if (status !== undefined) resolve(Number(status))
      },
      close: () => resolve(null),
      error: () => resolve(null),
    },
  })
  socket.write(Buffer.from(text, 'latin1'))
  // What is cut short may wait for its rest for ever, which is the right of whoever sends it.
  const timer = setTimeout(() => resolve(null), patienceMs)
  const status = await promise
  clearTimeout(timer)
  socket.terminate()
  return status
}

/** A charge point that connects and then neither says a word nor answers a ping. */
export async function deafStation(options: RawOptions): Promise<void> {
  await shakeHandsOnTcp(options)
}
