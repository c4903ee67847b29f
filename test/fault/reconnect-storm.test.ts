// Thousands of charge points lose their connection at once and reconnect at the same time, while others charge.

import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { databaseNow } from '../../bench/audit/audit.ts'
import { noFindings, sumOf } from '../../bench/audit/comparison.ts'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { auditLoads, cleanFindings, FleetLoad, identitiesOf, type LoadOptions } from '../support/fleet-load.ts'
import { startGuessing } from '../support/guesser.ts'
import { testDatabase } from '../support/postgres.ts'
import { StatorProcess } from '../support/stator-process.ts'
import type { StormOrder, StormReport } from '../fixtures/storm-fleet.ts'
import { handshakesAtOnceMax } from '../../src/base/limits.ts'
import { TestStator } from '../support/stator.ts'
import { until, within } from '../support/until.ts'

const returning = isFullSize ? 10_000 : 1_000
const staying: LoadOptions = { name: 'STAY', stations: 50, samples: 20, answerMsMax: 60_000 }
const storm: LoadOptions = { name: 'STORM', stations: returning, versions: ['1.6'], mix: 'storm', answerMsMax: 60_000 }
/** Messages a second of each version. */
const ratePerSecond = 100
/** How long those that stay are watched before the storm, in milliseconds. */
const quietMs = 3_000
/** Longest time until all are connected again, in milliseconds. */
const backMsMax = 240_000

test(`${returning} charge points come back at once, all get in, and those that stayed are served meanwhile, although somebody guesses a password`, async () => {
  const database = await testDatabase()
  const { connectionString } = database
  const since = await databaseNow(connectionString)
  const stator = await StatorProcess.start({ connectionString, identities: [staying, storm].flatMap(identitiesOf) })
  const stayed = new FleetLoad(stator.ocppUrl, staying)
  const stormed = new StormFleet()
  try {
    await stayed.connect()
    await stormed.order({ kind: 'connect', ocppUrl: stator.ocppUrl, connectionString, load: storm })
    stayed.begin({ kind: 'open', ratePerSecond })
    await until('the load to be under way', () => stayed.acknowledgedSamples > 200)
    stayed.resetLatency()
    await Bun.sleep(quietMs)
    const quiet = stayed.takeLatency()
    const atFirstMib = stator.residentMib

    // From the same address as all of them, at one of those that come back.
    const endGuessing = startGuessing(stator.ocppUrl, identitiesOf(storm)[0] ?? '')
    stayed.resetLatency()
    const back = await stormed.order({ kind: 'storm' })
    const meanwhile = stayed.takeLatency()
    const grownMib = stator.residentMib - atFirstMib

    const guesses = await endGuessing()
    await stayed.settle()
    const { audit } = await stormed.order({ kind: 'audit' })
    const findings = sumOf([await auditLoads(connectionString, [stayed], since), audit ?? noFindings])
    expect(findings).toMatchObject(cleanFindings)
    expect([back.errors, stayed.errors]).toEqual([{}, {}])
    expect(back.ms).toBeLessThan(backMsMax)
    expect(Object.keys(guesses)).toEqual(['401'])
    expect(meanwhile.count).toBeGreaterThan(0)
    keepResult({
      id: '5-reconnect-storm',
      fault: `${returning} charge points reconnected at once`,
      file: 'reconnect-storm.test.ts',
      injected: 1,
      audit: findings,
      recoveryMs: [back.ms],
      recovery: 'from the cut until all were connected, authenticated and booted again',
      figures: {
        'p99 of those that stayed, before': `${quiet.p99Ms.toFixed(0)} ms`,
        'p99 of those that stayed, meanwhile': `${meanwhile.p99Ms.toFixed(0)} ms`,
        'guesses that were answered meanwhile': `${guesses[401] ?? 0}`,
        'memory grown by': `${Math.max(0, grownMib).toFixed(0)} MiB`,
      },
    })
  } finally {
    stayed.close()
    stormed.end()
    await stator.remove()
    await database.drop()
  }
}, 800_000)

test('those that come past the number that is let in at once wait for their turn, and get in', async () => {
  const central = await TestStator.start({ settings: { Security: { UnknownChargePoints: 'accept' } } })
  try {
    const newcomers = Array.from({ length: 3 * handshakesAtOnceMax }, (_, index) => central.raw(`CP${index}`))
    for (const raw of await Promise.all(newcomers)) expect(raw.closing).toBeNull()
    expect(central.stator.counters).toMatchObject({ connectionsOpened: newcomers.length })
    expect(central.stator.counters.handshakesRefused.total).toBe(0)
    expect(central.stator.counters.handshakesDelayed).toBeGreaterThan(0)
  } finally {
    await central.stop()
  }
})

/** The fleet in `fixtures/storm-fleet.ts`. */
class StormFleet {
  #answered: ((report: StormReport) => void) | null = null
  readonly #process = Bun.spawn([process.execPath, join(import.meta.dir, '../fixtures/storm-fleet.ts')], {
    stdio: ['ignore', 'inherit', 'inherit'],
    ipc: (report: StormReport) => this.#answered?.(report),
  })

  order(order: StormOrder): Promise<StormReport> {
    return within(
      'the fleet to answer',
      new Promise((resolve) => {
        this.#answered = resolve
        this.#process.send(order)
      }),
      backMsMax,
    )
  }

  end(): void {
    this.#process.kill('SIGKILL')
  }
}
