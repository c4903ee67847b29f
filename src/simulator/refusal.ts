// Why a central system does not let a simulated charge point in. A WebSocket client is not told the body of the
// answer to a refused handshake, so the handshake is repeated over HTTP.

import { request } from 'node:http'
import { request as requestOverTls } from 'node:https'
import type { SimulatorOptions } from './options.ts'

const answerMsMax = 5_000
const bodyCharactersMax = 300

/** The HTTP status and the body of the refusal, or why there is no answer; null: it is let in. */
export function refusalOf({
  url,
  identity,
  version,
  password = '',
}: Pick<SimulatorOptions, 'url' | 'identity' | 'version' | 'password'>): Promise<string | null> {
  const ask = url.startsWith('wss:') ? requestOverTls : request
  const address = `${url.replace(/^ws/, 'http')}/${encodeURIComponent(identity)}`
  return new Promise((resolve) => {
    const asked = ask(address, {
      timeout: answerMsMax,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': Buffer.from(crypto.randomUUID().slice(0, 16)).toString('base64'),
        'Sec-WebSocket-Protocol': `ocpp${version}`,
        Authorization: `Basic ${Buffer.from(`${identity}:${password}`).toString('base64')}`,
      },
    })
    asked.on('upgrade', (_, socket) => {
      socket.destroy()
      resolve(null)
    })
    asked.on('response', (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text: string) => (body = (body + text).slice(0, bodyCharactersMax)))
      answer.on('end', () => resolve(`${answer.statusCode ?? ''} ${body}`.trim()))
    })
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${answerMsMax / 1_000} s`)))
    asked.on('error', (error) => resolve(error.message))
    asked.end()
  })
}
