// The HTTP upgrade request of a charging station on a bare connection, for answers that a WebSocket client does not
// show.

import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { basic, type Shown } from './connection.ts'

/** Longest wait for the answer, in milliseconds. */
const answerMsMax = 10_000

/** The HTTP status of the answer to an upgrade request; 0 if none came. */
export function upgradeStatus(url: string, identity: string, subprotocol: string, shown: Shown): Promise<number> {
  const { hostname, port, protocol, pathname } = new URL(url)
  const { password, userName = identity, certificate = {} } = shown
  const headers = {
    Host: `${hostname}:${port}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64'),
    'Sec-WebSocket-Protocol': subprotocol,
    ...(password === undefined ? {} : { Authorization: basic(userName, password) }),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const text = `GET ${pathname}/${encodeURIComponent(identity)} HTTP/1.1\r\n${lines.join('')}\r\n`
  const { promise, resolve } = Promise.withResolvers<number>()
  const at = { host: hostname, port: Number(port) }
  const socket =
    protocol === 'wss:'
      ? connectTls({ ...at, ...certificate, servername: 'localhost', rejectUnauthorized: false })
      : connectTcp(at)
  let received = ''
  socket.on(protocol === 'wss:' ? 'secureConnect' : 'connect', () => socket.write(text))
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1')
    const status = /^HTTP\/1\.\d (\d{3})/.exec(received)?.[1]
    if (status !== undefined) resolve(Number(status))
  })
  socket.on('error', () => resolve(0))
  socket.on('close', () => resolve(0))
  const timer = setTimeout(() => resolve(0), answerMsMax)
  return promise.finally(() => {
    clearTimeout(timer)
    socket.destroy()
  })
}
