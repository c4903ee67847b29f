// Stator is killed with SIGKILL under requests that change something, and loses its database under them: nothing is
// done that was not recorded, what was answered has its outcome, and the chain of the audit log is right.

import { afterAll, expect, test } from 'bun:test'
import { Client } from 'pg'
import { adminApiKey } from '../../bench/servers/stator.ts'
import { cutConnections, giveBack, takeAway } from '../support/database-switch.ts'
import { verified } from '../support/audit.ts'
import { headsIn } from '../../src/store/audit/head-file.ts'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { testDatabase } from '../support/postgres.ts'
import type { RawChargePoint } from '../support/raw-charge-point.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { TestStator } from '../support/stator.ts'
import { until } from '../support/until.ts'

const kills = isFullSize ? 20 : 3
const senders = 8
const answersBetween = 60
const waitMsMax = 60_000

const cleanUp: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const task of cleanUp.toReversed()) await task()
})

/** What became of the requests, by their ids: the status of the answer, or null if none came. */
type Sent = Map<string, number | null>

/** Creates, changes and deletes charge points until `isOver`. */
async function provision(url: string, sender: number, sent: Sent, isOver: () => boolean): Promise<void> {
  for (let round = 0; !isOver(); round++) {
    const identity = `S${sender}-${round}`
    const requests: [string, string, object | null][] = [
      ['POST', '/api/chargepoints', { chargePointId: identity, location: 'A' }],
      ['PATCH', `/api/chargepoints/${identity}`, { location: 'B' }],
      ...(round % 2 === 0 ? [['DELETE', `/api/chargepoints/${identity}`, null] satisfies [string, string, null]] : []),
    ]
    for (const [method, path, body] of requests) {
      const requestId = `${identity}-${method}`
      sent.set(requestId, null)
      try {
        const response = await fetch(`${url}${path}`, {
          method,
          headers: { 'X-API-Key': adminApiKey, 'X-Request-Id': requestId, 'Content-Type': 'application/json' },
          ...(body === null ? {} : { body: JSON.stringify(body) }),
        })
        await response.arrayBuffer()
        sent.set(requestId, response.status)
      } catch {
        // Killed. The next round has other ids.
        await until(
          'Stator to be back',
          async () =>
            isOver() ||
            fetch(url).then(
              () => true,
              () => false,
            ),
          waitMsMax,
        )
      }
    }
  }
}

interface Request {
  readonly requestId: string
  readonly operation: string
  readonly identity: string
  readonly status: number | null
}

async function requestsIn(client: Client): Promise<readonly Request[]> {
  const { rows } = await client.query<Request>(
    `SELECT b.request_id AS "requestId", b.operation, b.identity, e.status
     FROM audit_log b LEFT JOIN audit_log e ON e.node = b.node AND e.outcome_of = b.sequence
     WHERE b.outcome_of IS NULL`,
  )
  return rows
}

test.concurrent(
  'killed under requests that change something, Stator has recorded what it did, and the chain is right',
  async () => {
    const { connectionString, drop } = await testDatabase()
    cleanUp.push(drop)
    const stator = await StatorProcess.start({ connectionString, identities: [] })
    cleanUp.push(() => stator.remove())
    const client = new Client({ connectionString })
    await client.connect()
    cleanUp.push(() => client.end())
    const sent: Sent = new Map()
    let isOver = false
    const provisioning = Array.from({ length: senders }, (_, sender) =>
      provision(stator.url, sender, sent, () => isOver),
    )
    const answered = () => [...sent.values()].filter((status) => status !== null).length
    const recoveryMs: number[] = []
    for (let kill = 0; kill < kills; kill++) {
      const before = answered()
      await until('requests to be answered', () => answered() > before + answersBetween + 7 * kill, waitMsMax)
      await stator.kill()
      recoveryMs.push(await stator.startAgain())
    }
    isOver = true
    await Promise.all(provisioning)
    await stator.terminate()

    const heads = await headsIn(stator.dataFolder)
    expect(heads).toHaveLength(1)
    const [chain] = Object.values(await verified(client, heads))
    expect(chain?.problem).toBeNull()
    // Several commits were killed, and none after its answer.
    const recorded = new Map((await requestsIn(client)).map((request) => [request.requestId, request]))
    const answeredOnes = [...sent].filter(([, status]) => status !== null)
    expect(answeredOnes.length).toBeGreaterThan(kills * answersBetween)
    const differing = answeredOnes.filter(([id, status]) => recorded.get(id)?.status !== status)
    expect(differing).toEqual([])
    // What is stored was recorded, whether it was answered or not.
    const { rows } = await client.query<{ identity: string; location: string; isDeleted: boolean }>(
      `SELECT identity, location, deleted_at IS NOT NULL AS "isDeleted" FROM charge_points`,
    )
    const isRecorded = (identity: string, method: string): boolean => recorded.has(`${identity}-${method}`)
    expect(rows.length).toBeGreaterThan(kills * 10)
    expect(rows.filter(({ identity }) => !isRecorded(identity, 'POST'))).toEqual([])
    expect(rows.filter(({ identity, location }) => location === 'B' && !isRecorded(identity, 'PATCH'))).toEqual([])
    expect(rows.filter(({ identity, isDeleted }) => isDeleted && !isRecorded(identity, 'DELETE'))).toEqual([])
    const open = [...recorded.values()].filter(({ status }) => status === null)
    keepResult({
      id: '1-killed-audit-log',
      fault: 'SIGKILL under requests that change something',
      file: 'audit-log.test.ts',
      injected: kills,
      audit: null,
      recoveryMs,
      recovery: 'from the start of the process until it served',
      figures: {
        'requests that were answered, all with their outcome': String(answeredOnes.length),
        'requests that were recorded and cut off by a kill': String(open.length),
      },
    })
  },
  300_000,
)

/** A Stator with a charge point, on a database that can be taken away. */
async function started(): Promise<{ stator: TestStator; connectionString: string; raw: RawChargePoint }> {
  const stator = await TestStator.start()
  const connectionString = stator.connectionString ?? ''
  cleanUp.push(async () => {
    await giveBack(connectionString)
    await stator.stop()
  })
  return { stator, connectionString, raw: await stator.bootedRaw('CP001') }
}

test.concurrent('while the database is away nothing is done, and requests get 503', async () => {
  const { stator, connectionString, raw } = await started()
  await takeAway(connectionString)
  for (const [path, body] of [
    ['/api/chargepoints/CP001/reset', { type: 'Soft' }],
    ['/api/id-tags', { idTag: 'TAG' }],
  ] as const) {
    const answer = await stator.api(path, { body })
    expect(answer).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } })
  }
  expect(raw.inbox).toEqual([])
  await giveBack(connectionString)
  await until('the connections to be replaced', async () => (await stator.api('/api/id-tags')).status === 200)
  expect((await stator.api('/api/id-tags', { body: { idTag: 'TAG' } })).status).toBe(201)
  const client = await stator.client()
  expect(Object.values(await verified(client))[0]?.problem).toBeNull()
})

test.concurrent(
  'a command whose outcome cannot be stored is answered 503, and listed with an unknown outcome',
  async () => {
    const { stator, connectionString, raw } = await started()
    const reset = stator.api('/api/chargepoints/CP001/reset', { body: { type: 'Soft' } })
    const { messageId } = await raw.command('Reset')
    await takeAway(connectionString)
    raw.answer(messageId, { status: 'Accepted' })
    expect(await reset).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } })
    await giveBack(connectionString)
    await cutConnections(connectionString)
    const { entries } = await until('the log to be read', async () => {
      const { status, body } = await stator.api('/api/audit-log?chargePointId=CP001&operation=resetChargePoint')
      return status === 200 ? body : null
    })
    expect(entries).toMatchObject([{ outcome: 'unknown', status: null, endedAt: null }])
  },
)
