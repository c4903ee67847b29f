// A socket that notes what is done with it.

import type { SocketData, StationSocket } from '../../src/station/station.ts'

/** The socket of one 1.6 charge point. */
export class FakeSocket implements StationSocket {
  readonly data: SocketData
  readonly sent: string[] = []
  readonly closed: [code: number | undefined, reason: string | undefined][] = []
  /** What else happened to the socket, in order. */
  readonly events: string[] = []
  /** What the next sends return: bytes written, -1 when they wait in the socket, 0 when they were dropped. */
  sendStatus = 1
  bufferedBytes = 0
  /** What the socket does when it has to send. */
  onSend: () => void = () => {}

  constructor(data: Partial<SocketData> = {}) {
    const none = { version: '1.6', remoteAddress: '192.0.2.1', releaseSlot: () => {} } as const
    this.data = { identity: 'CP001', chargePointKey: 7, ...none, ...data }
  }

  sendText(text: string): number {
    if (this.sendStatus !== 0) this.sent.push(text)
    this.onSend()
    return this.sendStatus
  }

  getBufferedAmount(): number {
    return this.bufferedBytes
  }

  pause(): void {
    this.events.push('pause')
  }

  resume(): void {
    this.events.push('resume')
  }

  close(code?: number, reason?: string): void {
    this.closed.push([code, reason])
    this.events.push(`close ${code} ${reason}`)
  }

  terminate(): void {
    this.events.push('terminate')
  }

  /** The message id of the CALL sent last. */
  get messageId(): string {
    const frame: unknown = JSON.parse(this.sent.at(-1) ?? '[]')
    const messageId: unknown = Array.isArray(frame) ? frame[1] : undefined
    return typeof messageId === 'string' ? messageId : 'none'
  }
}
