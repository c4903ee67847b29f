// What a station needs of a socket, whatever it is made of.

/** Where to connect. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** Address to dial from; null leaves it to the system. */
  readonly localAddress: string | null
}

/** Who uses a socket. */
export interface SocketListener {
  socketOpened(socket: StationSocket): void
  /** The first `length` of these bytes have come; they are only lent. */
  socketData(bytes: Buffer, length: number): void
  /** The connection is gone, or was never made. Never called from within `dial`, `send` or `cut`. */
  socketGone(reason: string): void
}

export interface StationSocket {
  /** Sends the first `length` bytes, which are copied when they cannot leave at once. */
  send(bytes: Buffer, length: number): void
  /** Cuts the connection without a word; the listener hears nothing of it. */
  cut(): void
}
