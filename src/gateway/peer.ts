// The other end of a connection, as the transport knows it. No byte that a client sends changes it.

/** Who is at the other end of a connection: a client, or a proxy. */
export interface Peer {
  /** IP address; '' if it is not known any more. */
  readonly remoteAddress: string
  readonly isEncrypted: boolean
  /** DER of the certificates that it sent, its own first; the TLS handshake proved that it has the key of that one. */
  readonly certificates: readonly Uint8Array[]
}
