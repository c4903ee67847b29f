// Two processes on one PostgreSQL, without faults: both nodes say the same about a charge point, and to which of them a
// command must be sent.

import { afterAll, describe, expect, test } from 'bun:test'
import { hostname } from 'node:os'
import { adminApiKey } from '../../bench/servers/stator.ts'
import { benchPasswordDefault } from '../../bench/cli.ts'
import { flows16 } from '../fixtures/seed-flows.ts'
import { testDatabase } from '../support/postgres.ts'
import { RawChargePoint } from '../support/raw-charge-point.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { until } from '../support/until.ts'

const testMsMax = 60_000

const cleanUp: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const task of cleanUp.toReversed()) await task()
})

type Nodes = readonly [one: StatorProcess, other: StatorProcess]

async function twoNodes(identities: readonly string[]): Promise<Nodes> {
  const { connectionString, drop } = await testDatabase()
  cleanUp.push(drop)
  const start = async (known: readonly string[]): Promise<StatorProcess> => {
    const node = await StatorProcess.start({ connectionString, identities: known })
    cleanUp.push(() => node.remove())
    return node
  }
  return [await start(identities), await start([])]
}

/** A charge point that has connected to `node` and booted. */
async function dial(node: StatorProcess, identity: string): Promise<RawChargePoint> {
  const raw = await RawChargePoint.connect({ url: node.ocppUrl, identity, password: benchPasswordDefault })
  cleanUp.push(async () => raw.socket.terminate())
  await raw.call('BootNotification', flows16.boot)
  return raw
}

/** What `node` answers to a command for CP001. */
async function command(node: StatorProcess, name: string, body: object) {
  const response = await fetch(`${node.url}/api/chargepoints/CP001/${name}`, {
    method: 'POST',
    headers: { 'X-API-Key': adminApiKey, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as unknown }
}

describe('a command', () => {
  test.concurrent(
    'reaches the node that holds the charge point; the other one names it; and neither once the charge point has left',
    async () => {
      const [holder, other] = await twoNodes(['CP001'])
      const raw = await dial(holder, 'CP001')
      const answering = raw.command('Reset').then(({ messageId }) => raw.answer(messageId, { status: 'Accepted' }))
      expect(await command(holder, 'reset', { type: 'Soft' })).toMatchObject({ status: 200 })
      await answering
      const node = `${hostname()}:${holder.port}`
      for (const [name, body] of [
        ['reset', { type: 'Soft' }],
        ['start-transaction', { connectorId: 1, idTag: 'TAG' }],
        ['calls', { action: 'ClearCache', payload: {} }],
      ] as const) {
        expect(await command(other, name, body)).toEqual({
          status: 409,
          body: {
            error: 'Conflict',
            code: 'CONNECTED_ELSEWHERE',
            message: expect.stringContaining(node),
            details: { node },
          },
        })
      }
      await raw.close()
      for (const node of [holder, other]) {
        const left = {
          status: 409,
          body: { error: 'Conflict', code: 'NOT_CONNECTED', message: "Charge point 'CP001' is not connected" },
        }
        await until('the node to know that it has left', async () => {
          return Bun.deepEquals(await command(node, 'reset', { type: 'Soft' }), left)
        })
      }
    },
    testMsMax,
  )
})

/** Numbers of the transactions that `node` lists, in its order. */
async function listedAt(node: StatorProcess, query: string): Promise<readonly number[]> {
  const { transactions } = await node.json(`/api/transactions${query}`)
  return (transactions as readonly { readonly transactionId: number }[]).map(({ transactionId }) => transactionId)
}

describe('a transaction that begins at a second node, with a lower number than the one before it', () => {
  test.concurrent(
    'is the newest and the current one at each node, and after a restart',
    async () => {
      const nodes = await twoNodes(['CP001', 'CP002'])
      const [one, other] = nodes
      const start = async (raw: RawChargePoint, connectorId: number, atMs: number): Promise<number> => {
        const timestamp = new Date(atMs).toISOString()
        const { transactionId } = await raw.call('StartTransaction', {
          ...flows16.start,
          connectorId,
          idTag: 'CARD',
          timestamp,
        })
        return Number(transactionId)
      }
      const nowMs = Date.now()
      // `other` takes the lower block of numbers, and `one` the higher.
      const elsewhere = await dial(other, 'CP002')
      const lowest = await start(elsewhere, 1, nowMs - 5_000)
      const before = await dial(one, 'CP001')
      const older = await start(before, 1, nowMs - 4_000)
      await before.close()
      const raw = await dial(other, 'CP001')
      const newer = await start(raw, 1, nowMs - 3_000)
      expect(newer).toBeLessThan(older)

      const agree = async (): Promise<void> => {
        for (const node of nodes) {
          expect(await listedAt(node, '')).toEqual([newer, older, lowest])
          for (const query of ['?chargePointId=CP001', '?chargePointId=CP001&open=true'])
            expect([query, await listedAt(node, query)]).toEqual([query, [newer, older]])
          for (const query of ['?idTag=CARD', '?open=true', `?startDate=${new Date(nowMs - 60_000).toISOString()}`])
            expect([query, await listedAt(node, query)]).toEqual([query, [newer, older, lowest]])
          expect(await listedAt(node, '?page=2&pageSize=1')).toEqual([older])
          expect(await node.json('/api/chargepoints/CP001/status')).toMatchObject({
            connectors: [{ connectorId: 1, currentTransaction: newer }],
          })
        }
      }
      await agree()
      // A new row of a charge point shifts the rows after it by one, and changes no order.
      const newest = await start(elsewhere, 2, nowMs - 2_000)
      expect(await listedAt(one, '?page=2&pageSize=1')).toEqual([newer])
      await elsewhere.call('StopTransaction', { ...flows16.stop(newest), timestamp: new Date(nowMs).toISOString() })
      expect(await listedAt(one, '?open=true')).toEqual([newer, older, lowest])
      expect(await listedAt(one, '?open=false')).toEqual([newest])

      await other.terminate()
      await other.startAgain()
      await dial(other, 'CP001')
      for (const node of nodes) {
        expect(await node.json('/api/chargepoints/CP001/status')).toMatchObject({
          connectors: [{ connectorId: 1, currentTransaction: newer }],
        })
      }
    },
    testMsMax,
  )
})
