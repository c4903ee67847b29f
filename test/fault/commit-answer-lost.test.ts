// PostgreSQL has committed, and its answer is lost on the way: nothing is stored twice, and the charge point gets the answer that was
// committed.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { databaseNow } from '../../bench/audit/audit.ts'
import { insertNewFacts } from '../../src/store/fact-statements.ts'
import { flows16, idTag } from '../fixtures/seed-flows.ts'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { auditLoads, cleanFindings, FleetLoad, identitiesOf, type LoadOptions } from '../support/fleet-load.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { passwordDefault, TestStator } from '../support/stator.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until, within } from '../support/until.ts'
import { handshakeAnswer } from '../support/raw-charge-point.ts'

let database: TestDatabase
let proxy: TcpProxy

beforeAll(async () => {
  database = await testDatabase()
  proxy = await startTcpProxy(Number(new URL(database.connectionString).port))
})

afterAll(async () => {
  await proxy.stop()
  await database.drop()
})

/** A proxy to the database that loses answers. */
function lossy({ connectionString }: TestDatabase): string {
  const url = new URL(connectionString)
  url.port = String(proxy.port)
  return url.href
}

test('under load every answer to a COMMIT is lost for a while, and each fact is stored once under the id that was answered', async () => {
  const times = isFullSize ? 50 : 8
  const load: LoadOptions = { stations: 20, samples: 6 }
  const since = await databaseNow(database.connectionString)
  const stator = await StatorProcess.start({ connectionString: lossy(database), identities: identitiesOf(load) })
  const fleet = new FleetLoad(stator.ocppUrl, load)
  try {
    await fleet.connect()
    fleet.begin({ kind: 'open', ratePerSecond: 300 })
    const recoveryMs: number[] = []
    for (let time = 0; time < times; time++) {
      await within('a COMMIT', proxy.swallowAnswer(insertNewFacts.name), 30_000)
      const lostMs = performance.now()
      const before = fleet.acknowledgedSamples
      await until('answers to come again', () => fleet.acknowledgedSamples > before, 30_000)
      recoveryMs.push(performance.now() - lostMs)
    }
    await fleet.settle()
    const findings = await auditLoads(database.connectionString, [fleet], since)
    expect(findings).toMatchObject(cleanFindings)
    expect(fleet.errors).toEqual({})
    keepResult({
      id: '3-commit-answer-lost',
      fault: 'the answer to a COMMIT lost on its way',
      file: 'commit-answer-lost.test.ts',
      injected: times,
      audit: findings,
      recoveryMs,
      recovery: 'from the loss until the next facts were answered',
      figures: {},
    })
  } finally {
    fleet.close()
    await stator.remove()
  }
}, 120_000)

test('a charge point that went away meanwhile sends its start again under a new message id, and gets the id that was committed', async () => {
  const another = await testDatabase()
  const central = await TestStator.start({ settings: { Database: { ConnectionString: lossy(another) } } })
  try {
    await central.addIdTag(idTag)
    const raw = await central.bootedRaw('CP001')
    const swallowed = proxy.swallowAnswer(insertNewFacts.name)
    raw.sendCall('StartTransaction', flows16.start)
    await within('the COMMIT', swallowed)
    // Now Stator cannot find out whether it was committed.
    await proxy.close()
    await raw.close()
    await proxy.open()
    await until('newcomers to be let in', async () => {
      const { status } = await handshakeAnswer({ url: central.ocppUrl, identity: 'CP001', password: passwordDefault })
      return status === 101
    })
    const again = await central.raw('CP001')
    const { transactionId } = await again.call('StartTransaction', flows16.start)
    const { transactions, totalCount } = await central.json('/api/transactions')
    expect(totalCount).toBe(1)
    expect(transactions).toMatchObject([{ transactionId }])
    // The first attempt and the one that was sent again are the same fact.
    expect(await again.call('StopTransaction', flows16.stop(Number(transactionId)))).toHaveProperty('idTagInfo')
    expect(await central.json('/api/transactions')).toMatchObject({
      totalCount: 1,
      transactions: [{ stopReason: 'Local' }],
    })
  } finally {
    await central.stop()
    await another.drop()
  }
}, 60_000)
