// Three processes on one PostgreSQL: they start together on an empty database, one is frozen and one killed at the same
// time, and a charge point moves from one to the next while all its connections are open and in use.

import { afterAll, expect, test } from 'bun:test'
import { Client } from 'pg'
import { benchPasswordDefault } from '../../bench/cli.ts'
import { adminApiKey } from '../../bench/servers/stator.ts'
import { flows16, flows201 } from '../fixtures/seed-flows.ts'
import { keepResult } from '../support/fault-results.ts'
import { agree } from '../support/nodes-agree.ts'
import { serverUrl, testDatabase } from '../support/postgres.ts'
import { RawChargePoint } from '../support/raw-charge-point.ts'
import { StatorProcess } from '../support/stator-process.ts'

const testMsMax = 120_000

const cleanUp: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const task of cleanUp.toReversed()) await task()
})

type Three = readonly [StatorProcess, StatorProcess, StatorProcess]

async function threeNodes(connectionString: string, identities: readonly string[]): Promise<Three> {
  const start = async (): Promise<StatorProcess> => {
    const node = await StatorProcess.start({ connectionString, identities })
    cleanUp.push(() => node.remove())
    return node
  }
  return Promise.all([start(), start(), start()])
}

async function dial(node: StatorProcess, identity: string, subprotocol = 'ocpp1.6'): Promise<RawChargePoint> {
  const options = { url: node.ocppUrl, identity, password: benchPasswordDefault, subprotocols: [subprotocol] }
  const raw = await RawChargePoint.connect(options)
  cleanUp.push(async () => raw.socket.terminate())
  await raw.call('BootNotification', subprotocol === 'ocpp1.6' ? flows16.boot : flows201.boot)
  return raw
}

async function emptyDatabase(): Promise<string> {
  const url = new URL(await serverUrl(18))
  const client = new Client({ connectionString: url.href })
  await client.connect()
  const name = `empty_${crypto.randomUUID().replaceAll('-', '')}`
  await client.query(`CREATE DATABASE ${name}`)
  cleanUp.push(async () => {
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await client.end()
  })
  url.pathname = `/${name}`
  return url.href
}

test.concurrent(
  'three nodes start together on an empty database; one is killed while another is frozen, and the third says who is connected',
  async () => {
    const nodes = await threeNodes(await emptyDatabase(), ['FROZEN', 'KILLED', 'LIVING', 'MOVING'])
    const [frozen, killed, living] = nodes
    const stays = await dial(frozen, 'FROZEN')
    await dial(killed, 'KILLED')
    await dial(living, 'LIVING')
    const older = await dial(frozen, 'MOVING')
    const { transactionId } = await older.call('StartTransaction', flows16.start)
    await agree(nodes, ['FROZEN', 'KILLED', 'LIVING', 'MOVING'])
    process.kill(frozen.pid, 'SIGSTOP')
    await killed.kill()
    const waiting = stays.sendCall('StatusNotification', flows16.status('Charging'))
    older.sendCall('StatusNotification', flows16.status('Faulted'))
    const gone = await agree([living], ['LIVING'])
    const newer = await dial(living, 'MOVING')
    await newer.call('StatusNotification', flows16.status('Charging'))
    expect(await newer.call('StartTransaction', flows16.start)).toMatchObject({ transactionId })
    process.kill(frozen.pid, 'SIGCONT')
    const back = await agree([frozen, living], ['FROZEN', 'LIVING', 'MOVING'])
    expect((await stays.answerTo(waiting))[0]).toBe(3)
    expect((await older.closed()).code).toBe(1001)
    for (const node of [frozen, living]) {
      expect(await node.json('/api/chargepoints/MOVING/status')).toMatchObject({ status: 'Charging' })
      expect(await node.json('/api/chargepoints/FROZEN/status')).toMatchObject({ status: 'Charging' })
    }
    const recovery = 'from the fault until the third node knew, and from its end until both did'
    const file = 'three-nodes.test.ts'
    const fault = 'of three nodes one killed while another is frozen'
    const recoveryMs = [gone, back]
    keepResult({ id: '9-three', fault, file, injected: 1, audit: null, recoveryMs, recovery, figures: {} })
  },
  testMsMax,
)

/** Sends a message through all these connections at the same time; returns whether each answered or was closed. */
async function throughAll(
  open: readonly RawChargePoint[],
  action: string,
  payload: object,
): Promise<readonly unknown[]> {
  const sent = open.map((raw) => ({ raw, messageId: raw.sendCall(action, payload) }))
  return Promise.all(
    sent.map(async ({ raw, messageId }) => {
      const frame = await raw.answerTo(messageId).catch(() => null)
      return frame === null ? raw.closing?.code : frame[0]
    }),
  )
}

test.concurrent(
  'a charge point moves between three nodes and sends everything through its last three connections: nothing is lost, doubled or left unanswered',
  async () => {
    const { connectionString, drop } = await testDatabase()
    cleanUp.push(drop)
    const nodes = await threeNodes(connectionString, ['MOVING'])
    const connections: RawChargePoint[] = []
    const moves = 18
    for (let move = 0; move < moves; move++) {
      const node = nodes[move % nodes.length] ?? nodes[0]
      connections.push(await dial(node, 'MOVING', 'ocpp2.0.1'))
      const open = connections.slice(-nodes.length)
      const station = `T-${move}`
      const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, move, 0, seconds)).toISOString()
      const events = [flows201.started(station), flows201.updated(station), flows201.ended(station)]
      const timed = events.map((event, nth) => ({ ...event, timestamp: at(nth) }))
      const answers = await Promise.all(timed.map((event) => throughAll(open, 'TransactionEvent', event)))
      expect(answers.map((ofEvent) => ofEvent.at(-1))).toEqual([3, 3, 3])
      expect(answers.flat().filter((answer) => answer !== 3 && answer !== 1001)).toEqual([])
    }
    for (const node of nodes) {
      const metrics = await fetch(`${node.url}/metrics`, { headers: { 'X-API-Key': adminApiKey } })
      const unanswered = /^stator_frames_unanswered_total (\d+)$/m.exec(await metrics.text())?.[1]
      expect(unanswered).toBe('0')
      const { totalCount, transactions } = await node.json('/api/transactions?pageSize=100')
      const list = transactions as readonly { readonly startTime: string; readonly meterStop: number }[]
      expect(totalCount).toBe(moves)
      expect(list.map(({ meterStop }) => meterStop)).toEqual(list.map(() => 15_000))
      expect(list.map(({ startTime }) => startTime)).toEqual(
        list
          .map(({ startTime }) => startTime)
          .toSorted()
          .toReversed(),
      )
    }
  },
  testMsMax,
)
