// The floor: a WebSocket server on Bun that only parses a CALL and answers it with a constant. No central system on Bun
// can be cheaper; the bench shows how close Stator comes to it.

import { serve } from 'bun'

// Enough for any message of the mixes: a boot is accepted, a transaction gets an id.
const payload = JSON.stringify({
  currentTime: '2025-01-01T00:00:00.000Z',
  interval: 300,
  status: 'Accepted',
  transactionId: 1,
  idTagInfo: { status: 'Accepted' },
})

const server = serve<undefined>({
  hostname: '127.0.0.1',
  port: Number(process.env['PORT'] ?? 0),
  fetch(request, self) {
    const subprotocol = request.headers.get('sec-websocket-protocol') ?? ''
    const isUpgraded = self.upgrade(request, { headers: { 'Sec-WebSocket-Protocol': subprotocol }, data: undefined })
    return isUpgraded ? undefined : new Response('Charge points only.', { status: 426 })
  },
  websocket: {
    perMessageDeflate: false,
    message(socket, message) {
      const frame: unknown = JSON.parse(String(message))
      if (Array.isArray(frame)) socket.send(`[3,"${frame[1]}",${payload}]`)
    },
  },
})

console.log(`ready ws://127.0.0.1:${server.port}/ocpp`)
