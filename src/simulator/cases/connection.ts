// The connection of a case: sends what the case says, and hands over what came, without any opinion of its own.

type Payload = Readonly<Record<string, unknown>>
export type Frame = readonly unknown[]

/** What a station shows at the handshake. */
export interface Shown {
  readonly password?: string | Uint8Array
  readonly userName?: string
  /** PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string }
}

/** Longest wait for an answer, in milliseconds. */
const answerMsMax = 10_000

/** The value of the header Authorization. */
export function basic(userName: string, password: string | Uint8Array): string {
  return `Basic ${Buffer.concat([Buffer.from(`${userName}:`), Buffer.from(password)]).toString('base64')}`
}

/** One open WebSocket. */
export class CaseConnection {
  readonly protocol: string
  /** Frames that came and that nobody has taken yet, oldest first. */
  readonly inbox: Frame[] = []
  readonly #socket: WebSocket
  #closed: string | null = null
  #wake = Promise.withResolvers<void>()

  private constructor(socket: WebSocket) {
    this.#socket = socket
    this.protocol = socket.protocol
    socket.addEventListener('message', ({ data }) => {
      this.inbox.push(frameOf(String(data)))
      this.#changed()
    })
    socket.addEventListener('close', ({ code, reason }) => {
      this.#closed = `${code} ${reason}`.trim()
      this.#changed()
    })
  }

  /** Connects, to a server with any certificate. */
  static async connect(url: string, identity: string, subprotocol: string, shown: Shown): Promise<CaseConnection> {
    const { password, userName = identity, certificate = {} } = shown
    const socket = new WebSocket(`${url}/${encodeURIComponent(identity)}`, {
      protocols: [subprotocol],
      headers: password === undefined ? {} : { Authorization: basic(userName, password) },
      tls: { rejectUnauthorized: false, ...certificate },
    })
    let refusal = 'it was refused'
    const opened = Promise.withResolvers<CaseConnection>()
    socket.addEventListener('error', (event) => {
      if (event instanceof ErrorEvent && event.message !== '') refusal = event.message
    })
    socket.addEventListener('open', () => opened.resolve(new CaseConnection(socket)))
    socket.addEventListener('close', () => opened.reject(new Error(`The handshake of ${identity} failed: ${refusal}.`)))
    return opened.promise
  }

  get isOpen(): boolean {
    return this.#closed === null
  }

  /** Sends a CALL; its message id. */
  call(action: string, payload: unknown): string {
    const messageId = crypto.randomUUID()
    this.#socket.send(JSON.stringify([2, messageId, action, payload]))
    return messageId
  }

  /** Sends a SEND of 2.1, which has no answer. */
  send(action: string, payload: unknown): void {
    this.#socket.send(JSON.stringify([6, crypto.randomUUID(), action, payload]))
  }

  /** Sends a CALLRESULT. */
  answer(messageId: string, payload: object): void {
    this.#socket.send(JSON.stringify([3, messageId, payload]))
  }

  /** Answers a CALL that the case does not know with a CALLERROR. */
  refuse(frame: Frame): void {
    const text = 'This charge point plays a conformance case, which does not have this CALL.'
    this.#socket.send(JSON.stringify([4, frame[1], 'NotSupported', text, {}]))
  }

  /** The answer to a CALL: a CALLRESULT or CALLERROR. */
  answerTo(messageId: string): Promise<Frame> {
    const what = `the answer to the CALL ${messageId}`
    return this.#take(what, answerMsMax, ([type, id]) => type !== 2 && id === messageId)
  }

  /**
   * The next CALL with this action.
   *
   * @param refusesOthers whether CALLs with other actions are refused meanwhile; if not, they stay in the inbox.
   */
  async command(
    action: string,
    waitMsMax: number,
    refusesOthers: boolean,
  ): Promise<{ messageId: string; payload: Payload }> {
    const isOther = ([type, , name]: Frame): boolean => type === 2 && name !== action
    const frame = await this.#take(`a ${action}`, waitMsMax, (one) => {
      if (refusesOthers) for (const other of this.#remove(isOther)) this.refuse(other)
      return one[0] === 2 && one[2] === action
    })
    return { messageId: String(frame[1]), payload: isPayload(frame[3]) ? frame[3] : {} }
  }

  /** Closes it, and waits until it is closed. */
  async close(): Promise<void> {
    if (!this.isOpen) return
    this.#socket.close(1000)
    while (this.isOpen) await this.#wake.promise
  }

  #changed(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  #remove(isWanted: (frame: Frame) => boolean): readonly Frame[] {
    const found = this.inbox.filter(isWanted)
    for (const frame of found) this.inbox.splice(this.inbox.indexOf(frame), 1)
    return found
  }

  async #take(what: string, waitMsMax: number, isWanted: (frame: Frame) => boolean): Promise<Frame> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#changed()
    }, waitMsMax)
    try {
      for (;;) {
        const frame = [...this.inbox].find(isWanted)
        if (frame !== undefined) {
          this.inbox.splice(this.inbox.indexOf(frame), 1)
          return frame
        }
        if (this.#closed !== null) throw new Error(`The connection closed with ${this.#closed}, before ${what}.`)
        if (isLate) throw new Error(`Waited ${waitMsMax} ms for ${what}.`)
        await this.#wake.promise
      }
    } finally {
      clearTimeout(timer)
    }
  }
}

/** A frame as it is; what is no JSON array is a frame of its text. */
function frameOf(text: string): Frame {
  try {
    const frame: unknown = JSON.parse(text)
    return Array.isArray(frame) ? frame : [text]
  } catch {
    return [text]
  }
}

function isPayload(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
