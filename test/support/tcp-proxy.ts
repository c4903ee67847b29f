// A way to a server that can be cut, closed or made to swallow answers, so that tests see what a bad network does.

import { connect, createServer, type Socket } from 'node:net'
import { freePort } from './free-port.ts'

export interface TcpProxy {
  readonly port: number
  /** Breaks every connection there is. */
  cut(): void
  /** Breaks every connection, and refuses new ones until `open`, which also ends a freeze. */
  close(): Promise<void>
  open(): Promise<void>
  /** From now on nothing passes in either direction, and neither side is notified: connections stay open on both sides. */
  freeze(): void
  /** From now on connects whoever comes to this port of the machine. */
  lead(targetPort: number): void
  /**
   * Holds back what PostgreSQL answers to whoever runs the prepared statement of this name next, and breaks that connection once
   * it says that its transaction is over: it has committed, and the client does not know. The promise resolves then. An answer with an
   * error in it is passed on, and the next one to run that statement is waited for.
   */
  swallowAnswer(statement: string): Promise<void>
  stop(): Promise<void>
}

// ReadyForQuery, "idle: not in a transaction block", and the severity in an ErrorResponse (PostgreSQL documentation, "Message Formats").
const readyAndIdle = Buffer.from('Z\0\0\0\u0005I')
const errorSeverity = 'VERROR'

/** Passes everything that reaches its port on to `targetPort` of this machine. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const connections = new Set<Socket>()
  let isFrozen = false
  let target = targetPort
  let trap: { readonly statement: string; readonly sprung: () => void } | null = null
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
      if (trap !== null && data.includes(trap.statement)) held ??= Buffer.alloc(0)
      server.write(data)
    })
    server.on('data', (data) => {
      if (isFrozen) return
      if (held === null) {
        client.write(data)
        return
      }
      held = Buffer.concat([held, typeof data === 'string' ? Buffer.from(data) : data])
      if (!held.includes(readyAndIdle)) return
      if (trap === null || held.includes(errorSeverity)) {
        client.write(held)
        held = null
      } else {
        trap.sprung()
        trap = null
        end()
      }
    })
    for (const socket of [client, server]) socket.on('close', end).on('error', end)
  })
  const listen = (port: number): Promise<void> => new Promise((resolve) => proxy.listen(port, '127.0.0.1', resolve))
  const port = await freePort()
  await listen(port)
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
    open: () => {
      isFrozen = false
      return listen(port)
    },
    freeze: () => {
      isFrozen = true
    },
    lead: (port) => {
      target = port
    },
    swallowAnswer: (statement) => new Promise((resolve) => (trap = { statement, sprung: resolve })),
    stop: close,
  }
}
