// A way to a server that can be cut, closed or made to swallow answers, so that tests see what a bad network does.

import { connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** Breaks every connection there is. */
  cut(): void
  /** Breaks every connection, and refuses new ones until `open`. */
  close(): Promise<void>
  open(): Promise<void>
  /** From now on nothing passes in either direction, and nobody is told: connections stay open on both sides. */
  freeze(): void
  /** From now on connects whoever comes to this port of the machine. */
  lead(targetPort: number): void
  /**
   * Holds back what the server answers to whoever sends `text` next, and breaks that connection once `text` stands in an answer
   * too: the server has done it, and nobody was told. The promise resolves then. An answer with ROLLBACK in it is passed on, and
   * the next one to send `text` is waited for.
   */
  swallowEcho(text: string): Promise<void>
  stop(): Promise<void>
}

/** Passes everything that reaches its port on to `targetPort` of this machine. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const connections = new Set<Socket>()
  let isFrozen = false
  let target = targetPort
  let trap: { readonly text: string; readonly sprung: () => void } | null = null
  const proxy = createServer((client) => {
    const server = connect(target, '127.0.0.1')
    /** What is held back of the server's answer; null while everything passes. */
    let held: Buffer | null = null
    connections.add(client)
    const end = (): void => {
      connections.delete(client)
      client.destroy()
      server.destroy()
    }
    client.on('data', (data) => {
      if (isFrozen) return
      if (trap !== null && data.includes(trap.text)) held ??= Buffer.alloc(0)
      server.write(data)
    })
    server.on('data', (data) => {
      if (isFrozen) return
      if (held === null) {
        client.write(data)
        return
      }
      held = Buffer.concat([held, typeof data === 'string' ? Buffer.from(data) : data])
      if (trap !== null && held.includes(trap.text)) {
        trap.sprung()
        trap = null
        end()
      } else if (held.includes('ROLLBACK')) {
        client.write(held)
        held = null
      }
    })
    for (const socket of [client, server]) socket.on('close', end).on('error', end)
  })
  const listen = (port: number): Promise<void> => new Promise((resolve) => proxy.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.')
  const { port } = address
  const cut = (): void => {
    for (const connection of connections) connection.destroy()
  }
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      proxy.close(() => resolve())
      cut()
    })
  return {
    port,
    cut,
    close,
    open: () => listen(port),
    freeze: () => {
      isFrozen = true
    },
    lead: (port) => {
      target = port
    },
    swallowEcho: (text) => new Promise((resolve) => (trap = { text, sprung: resolve })),
    stop: close,
  }
}
