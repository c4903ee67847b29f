// Stator is killed with SIGKILL under load, repeatedly: what it has acknowledged is stored once, and open transactions
// continue.

import { afterAll, describe, expect, test } from 'bun:test'
import { databaseNow } from '../../bench/audit/audit.ts'
import type { Findings } from '../../bench/audit/comparison.ts'
import { startEmbedded } from '../../src/store/embedded.ts'
import { silentLogger } from '../../src/base/log.ts'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { auditLoads, cleanFindings, FleetLoad, identitiesOf, type LoadOptions } from '../support/fleet-load.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { until } from '../support/until.ts'

/** The embedded database takes seconds to start. */
const kills = isFullSize ? { PostgreSQL: 20, embedded: 20 } : { PostgreSQL: 6, embedded: 3 }
/** Messages a second of each version. */
const ratePerSecond = 400
const load: LoadOptions = { stations: 20, samples: 12 }
/** Longest until every charge point is back, in milliseconds. */
const backMsMax = 120_000

const cleanUp: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const task of cleanUp.toReversed()) await task()
})

interface Killed {
  readonly recoveryMs: readonly number[]
  /** Transactions that were open at a kill, each counted once. */
  readonly carriedOver: number
}

/** Kills Stator `times` times while the charge points talk; returns after everything has been answered. */
async function killAgainAndAgain(stator: StatorProcess, fleet: FleetLoad, times: number): Promise<Killed> {
  const recoveryMs: number[] = []
  const open = new Set<object>()
  await fleet.connect()
  fleet.begin({ kind: 'open', ratePerSecond })
  for (let kill = 0; kill < times; kill++) {
    const before = fleet.acknowledgedSamples
    // In the middle of commits: after a different number of answers every time.
    await until('answers to come', () => fleet.acknowledgedSamples > before + 50 + 17 * kill, backMsMax)
    for (const charging of fleet.openTransactions) open.add(charging)
    await stator.kill()
    const killedMs = performance.now()
    await stator.startAgain()
    await until('all charge points to be back', () => fleet.isReady, backMsMax)
    recoveryMs.push(performance.now() - killedMs)
  }
  await fleet.settle()
  fleet.close()
  return { recoveryMs, carriedOver: open.size }
}

function keep(database: string, { recoveryMs, carriedOver }: Killed, audit: Findings): void {
  keepResult({
    id: `1-killed-${database.replaceAll(' ', '-')}`,
    fault: `SIGKILL under load, ${database}`,
    file: 'process-killed.test.ts',
    injected: recoveryMs.length,
    audit,
    recoveryMs,
    recovery: 'from the kill until all charge points were connected and booted again',
    figures: { 'transactions that were open at a kill and went on under their ids': String(carriedOver) },
  })
}

describe('killed repeatedly under load, Stator has stored what it acknowledged, once, and transactions continue with their ids', () => {
  test.concurrent(
    'with PostgreSQL',
    async () => {
      const database: TestDatabase = await testDatabase()
      cleanUp.push(() => database.drop())
      const since = await databaseNow(database.connectionString)
      const stator = await StatorProcess.start({
        connectionString: database.connectionString,
        identities: identitiesOf(load),
      })
      cleanUp.push(() => stator.remove())
      const fleet = new FleetLoad(stator.ocppUrl, load)
      const killed = await killAgainAndAgain(stator, fleet, kills.PostgreSQL)
      const findings = await auditLoads(database.connectionString, [fleet], since)
      expect(findings).toMatchObject(cleanFindings)
      expect(fleet.callErrors).toBe(0)
      expect(killed.carriedOver).toBeGreaterThan(kills.PostgreSQL)
      keep('PostgreSQL', killed, findings)
    },
    600_000,
  )

  test.concurrent(
    'with the embedded database',
    async () => {
      const since = new Date(Date.now() - 60_000)
      const stator = await StatorProcess.start({ connectionString: null, identities: identitiesOf(load) })
      cleanUp.push(() => stator.remove())
      const fleet = new FleetLoad(stator.ocppUrl, load)
      const killed = await killAgainAndAgain(stator, fleet, kills.embedded)
      expect((await stator.terminate()).code).toBe(0)
      const server = await startEmbedded(stator.dataFolder, silentLogger)
      const findings = await auditLoads(`socket://postgres@${server.host}?db=postgres`, [fleet], since)
      await server.stop()
      expect(findings).toMatchObject(cleanFindings)
      expect(fleet.callErrors).toBe(0)
      expect(killed.carriedOver).toBeGreaterThan(kills.embedded)
      keep('embedded database', killed, findings)
    },
    600_000,
  )
})
