// The audit of the peer: every acknowledged message must be one row of its only table.

import type { Client } from 'pg'
import type { Dialect } from '../generator/dialect.ts'
import type { Ledger } from '../generator/mixes.ts'
import { Comparison, type Findings } from './comparison.ts'
import { canonical, sentMessages } from './sent-messages.ts'

type Row = [identity: string, action: string, payload: string]

/** Compares the messages of these stations with their rows in the database of the peer. */
export async function auditPeer(client: Client, ledgers: readonly Ledger[], dialect: Dialect): Promise<Findings> {
  const comparison = new Comparison('The message')
  for (const ledger of ledgers) {
    for (const { message, isAcknowledged } of sentMessages(ledger, dialect)) {
      const key = `${ledger.identity} ${message.action} ${message.payload}`
      comparison.expect({ key, contents: [''], isAcknowledged })
    }
  }
  const { rows } = await client.query<Row>({
    rowMode: 'array',
    text: `SELECT identity, action, payload::text FROM messages
           WHERE identity = ANY($1) AND action NOT IN ('Heartbeat', 'Authorize')`,
    values: [ledgers.map(({ identity }) => identity)],
  })
  for (const [identity, action, payload] of rows) comparison.find(`${identity} ${action} ${canonical(payload)}`, '')
  return comparison.findings
}
