// SIGTERM under load, and the deploy of a new version, with a migration, while charge points are connected.

import { expect, test } from 'bun:test'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { databaseNow } from '../../bench/audit/audit.ts'
import { drainConnectionsMin, drainTurnMs, shutdownMsMax } from '../../src/base/limits.ts'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { auditLoads, cleanFindings, FleetLoad, identitiesOf, type LoadOptions } from '../support/fleet-load.ts'
import { testDatabase } from '../support/postgres.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const file = 'stopped-under-load.test.ts'
const load: LoadOptions = { stations: 150, samples: 12 }
/** Messages a second of each version. */
const ratePerSecond = 200
const backMsMax = 120_000
/** Time from the first close to the last: half of what the limits give for this many. */
const pacedMsMin = ((300 / drainConnectionsMin - 1) * drainTurnMs) / 2

test.concurrent(
  'SIGTERM under load: charge points are disconnected in batches, it ends with 0 in time, and nothing is lost',
  async () => {
    const database = await testDatabase()
    const { connectionString } = database
    const since = await databaseNow(connectionString)
    const stator = await StatorProcess.start({ connectionString, identities: identitiesOf(load) })
    const fleet = new FleetLoad(stator.ocppUrl, load)
    try {
      await fleet.connect()
      fleet.begin({ kind: 'open', ratePerSecond })
      const stops = isFullSize ? 5 : 2
      const stopMs: number[] = []
      const backMs: number[] = []
      const pacedMs: number[] = []
      for (let count = 0; count < stops; count++) {
        const before = fleet.acknowledgedSamples
        await until('the load to be under way', () => fleet.acknowledgedSamples > before + 200, backMsMax)
        const left = { fromMs: Infinity, toMs: 0 }
        const watch = setInterval(() => {
          if (fleet.ready === fleet.size) return
          left.fromMs = Math.min(left.fromMs, performance.now())
          if (fleet.ready > 0) left.toMs = performance.now()
        }, 1)
        const { code, ms } = await stator.terminate()
        clearInterval(watch)
        expect(code).toBe(0)
        expect(ms).toBeLessThan(shutdownMsMax)
        stopMs.push(ms)
        pacedMs.push(left.toMs - left.fromMs)
        const startedMs = performance.now()
        await stator.startAgain()
        await until('all charge points to be back', () => fleet.isReady, backMsMax)
        backMs.push(performance.now() - startedMs)
      }
      await fleet.settle()
      const findings = await auditLoads(connectionString, [fleet], since)
      expect(findings).toMatchObject(cleanFindings)
      expect(fleet.callErrors).toBe(0)
      for (const ms of pacedMs) expect(ms).toBeGreaterThan(pacedMsMin)
      keepResult({
        id: '9-sigterm',
        fault: `SIGTERM under load, ${fleet.size} charge points`,
        file,
        injected: stops,
        audit: findings,
        recoveryMs: backMs,
        recovery: 'from the next start until all charge points were connected and booted again',
        figures: {
          'time it took to end, longest': `${Math.max(...stopMs).toFixed(0)} ms`,
          'from the first that was sent away to the last, shortest': `${Math.min(...pacedMs).toFixed(0)} ms`,
        },
      })
    } finally {
      fleet.close()
      await stator.remove()
      await database.drop()
    }
  },
  240_000,
)

test.concurrent(
  'a new version with a migration takes over while charge points are connected, and nothing is lost',
  async () => {
    const database = await testDatabase()
    const { connectionString } = database
    const since = await databaseNow(connectionString)
    const identities = identitiesOf(load)
    const older = await StatorProcess.start({ connectionString, identities })
    const door = await startTcpProxy(older.port)
    const fleet = new FleetLoad(`ws://127.0.0.1:${door.port}/ocpp`, load)
    const root = await nextVersion()
    let newer: StatorProcess | null = null
    try {
      await fleet.connect()
      fleet.begin({ kind: 'open', ratePerSecond })
      await until('the load to be under way', () => fleet.acknowledgedSamples > 300, backMsMax)
      // The migration runs while the older version writes.
      newer = await StatorProcess.start({ connectionString, identities, root })
      door.lead(newer.port)
      const leftMs = performance.now()
      const { code, ms } = await older.terminate()
      expect(code).toBe(0)
      expect(ms).toBeLessThan(shutdownMsMax)
      await until('all charge points to be at the new version', () => fleet.isReady, backMsMax)
      const backMs = performance.now() - leftMs
      const before = fleet.acknowledgedSamples
      await until('them to be served there', () => fleet.acknowledgedSamples > before + 300, backMsMax)
      await fleet.settle()
      const findings = await auditLoads(connectionString, [fleet], since)
      expect(findings).toMatchObject(cleanFindings)
      expect(fleet.callErrors).toBe(0)

      const client = new Client({ connectionString })
      await client.connect()
      const { rows } = await client.query<{ connected: number; migrated: number }>(
        `SELECT (SELECT count(*)::int FROM charge_points WHERE connected) AS connected,
        (SELECT count(DISTINCT column_name)::int FROM information_schema.columns WHERE column_name = 'next_version') AS migrated`,
      )
      await client.end()
      expect(rows).toEqual([{ connected: fleet.size, migrated: 1 }])
      keepResult({
        id: '9-deploy',
        fault: `a new version with a migration deployed under load, ${fleet.size} charge points`,
        file,
        injected: 1,
        audit: findings,
        recoveryMs: [backMs],
        recovery: 'from SIGTERM to the older version until all charge points were connected to the newer one',
        figures: { 'time the older version took to end': `${ms.toFixed(0)} ms` },
      })
    } finally {
      fleet.close()
      await door.stop()
      await newer?.remove()
      await older.remove()
      await rm(root, { recursive: true, force: true })
      await database.drop()
    }
  },
  240_000,
)

/** The folder of a Stator that is this one and has two migrations more. */
async function nextVersion(): Promise<string> {
  const ours = join(import.meta.dir, '../..')
  const root = await mkdtemp(join(tmpdir(), 'stator-next-version-'))
  for (const part of ['src', 'actors', 'drizzle', 'quirks', 'package.json', 'tsconfig.json']) {
    await cp(join(ours, part), join(root, part), { recursive: true })
  }
  await symlink(join(ours, 'node_modules'), join(root, 'node_modules'))
  const journalFile = join(root, 'drizzle/meta/_journal.json')
  const journal = JSON.parse(await readFile(journalFile, 'utf8')) as { entries: { idx: number; when: number }[] }
  const last = journal.entries.at(-1) ?? { idx: 0, when: 0 }
  const migrations = {
    '9998_next_version': 'ALTER TABLE "transactions" ADD COLUMN "next_version" integer DEFAULT 1;',
    '9999_next_version_index': 'CREATE INDEX CONCURRENTLY "next_version" ON "transaction_facts" ("received_at");',
  }
  for (const [place, [tag, text]] of Object.entries(migrations).entries()) {
    journal.entries.push({ ...last, ...{ idx: last.idx + 1 + place, when: last.when + 1 + place, tag } })
    await writeFile(join(root, 'drizzle', `${tag}.sql`), text)
  }
  await writeFile(journalFile, JSON.stringify(journal))
  return root
}
