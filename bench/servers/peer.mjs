// The peer: a central system as most people write it by hand. `ocpp-rpc` in strict mode on Node.js, and one INSERT for every
// message through `pg` before it is answered. It lets everybody in, keeps no state, and recognises no retransmission.

import { RPCServer } from 'ocpp-rpc'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
await pool.query(`CREATE TABLE IF NOT EXISTS messages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  identity text NOT NULL,
  action text NOT NULL,
  message_id text NOT NULL,
  payload json NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
)`)

const idTagInfo = { status: 'Accepted' }

/** Answers by action, given the number of the row that the message became. */
const answers = {
  Authorize: (_, { idTag }) => (idTag === undefined ? { idTokenInfo: { status: 'Accepted' } } : { idTagInfo }),
  BootNotification: () => ({ currentTime: new Date().toISOString(), interval: 300, status: 'Accepted' }),
  Heartbeat: () => ({ currentTime: new Date().toISOString() }),
  MeterValues: () => ({}),
  StartTransaction: (id) => ({ transactionId: id, idTagInfo }),
  StatusNotification: () => ({}),
  StopTransaction: () => ({ idTagInfo }),
  TransactionEvent: () => ({}),
}

const server = new RPCServer({ protocols: ['ocpp1.6', 'ocpp2.0.1'], strictMode: true })
server.auth((accept) => accept())
server.on('client', (client) => {
  for (const [action, answer] of Object.entries(answers)) {
    client.handle(action, async ({ params, messageId }) => {
      const { rows } = await pool.query(
        'INSERT INTO messages (identity, action, message_id, payload) VALUES ($1, $2, $3, $4) RETURNING id',
        [client.identity, action, messageId, JSON.stringify(params)],
      )
      return answer(Number(rows[0].id), params)
    })
  }
})

const http = await server.listen(Number(process.env.PORT ?? 0), '127.0.0.1')
console.log(`ready ws://127.0.0.1:${http.address().port}/ocpp`)

process.on('SIGTERM', async () => {
  await server.close({ code: 1001, force: true })
  await pool.end()
  process.exit(0)
})
