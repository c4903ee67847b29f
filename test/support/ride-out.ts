// What every failure of the database must look like from the charge points: facts wait, heartbeats are served, newcomers are turned
// away, nobody gets a CALLERROR, and when it is over everything is caught up with, in order, and stored once.

import { expect } from 'bun:test'
import { Client } from 'pg'
import { databaseNow } from '../../bench/audit/audit.ts'
import { benchPasswordDefault } from '../../bench/cli.ts'
import { type FaultResult, keepResult } from './fault-results.ts'
import { auditLoads, cleanFindings, FleetLoad, identitiesOf, type LoadOptions } from './fleet-load.ts'
import { handshakeAnswer, RawChargePoint } from './raw-charge-point.ts'
import { StatorProcess } from './stator-process.ts'
import { until } from './until.ts'

export interface Fault extends Pick<FaultResult, 'id' | 'fault' | 'file'> {
  readonly connectionString: string
  /** Breaks the database. */
  readonly begin: () => Promise<unknown>
  /** Resolves when it is time to repair it. */
  readonly last: () => Promise<unknown>
  readonly repair: () => Promise<unknown>
  /** How often `begin`, `last` and `repair` are done (once). */
  readonly times?: number
  /** Whether it is over so soon that newcomers need not notice. */
  readonly isBrief?: boolean
}

/** Charge points that wait for their answers as long as it takes. */
const patient: LoadOptions = { name: 'PATIENT', stations: 15, samples: 12, answerMsMax: 600_000 }
/** Charge points that hang up after a second without an answer, and dial again. */
const impatient: LoadOptions = { name: 'IMPATIENT', stations: 8, samples: 12, answerMsMax: 1_000 }
/** Charge points that only say that they are there. */
const hearts: LoadOptions = {
  name: 'HEART',
  stations: 10,
  mix: 'heartbeat',
  versions: ['1.6'],
  answerMsMax: 600_000,
}
/** A charge point that says everything at once and waits for no answer. */
const hasty = 'HASTY-1'
const newcomer = 'NEWCOMER-1'
const hastyFrames = 40
/** Messages a second of each version. */
const ratePerSecond = 150
const caughtUpMsMax = 120_000
/** Memory that a server may take while messages wait, in MiB: nothing is kept but what each connection has under way. */
const growthMibMax = 150

/** Runs a fault under load. */
export async function rideOut(fault: Fault): Promise<void> {
  const { connectionString } = fault
  const stator = await StatorProcess.start({
    connectionString,
    identities: [...[patient, impatient, hearts].flatMap(identitiesOf), hasty, newcomer],
  })
  const loads = [patient, impatient, hearts].map((options) => new FleetLoad(stator.ocppUrl, options))
  const [waiting, leaving, beating] = loads as [FleetLoad, FleetLoad, FleetLoad]
  try {
    const since = await databaseNow(connectionString)
    await Promise.all(loads.map((load) => load.connect()))
    const raw = await RawChargePoint.connect({
      url: stator.ocppUrl,
      identity: hasty,
      password: benchPasswordDefault,
    })
    await raw.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' })
    for (const load of loads) load.begin({ kind: 'open', ratePerSecond })
    await until('the load to be under way', () => waiting.acknowledgedSamples > 200, caughtUpMsMax)

    const memory = watchMemory(stator)
    const recoveryMs: number[] = []
    beating.resetLatency()
    for (let time = 0; time < (fault.times ?? 1); time++) {
      await fault.begin()
      if (fault.isBrief !== true) await expectTurnedAway(stator)
      const sent = Array.from({ length: hastyFrames }, (_, index) =>
        raw.sendCall('StatusNotification', statusOf(time * hastyFrames + index)),
      )
      await fault.last()
      if (fault.isBrief !== true) {
        expect(await stator.readyStatus()).toBe(503)
        expect(raw.inbox).toEqual([])
      }
      await fault.repair()
      const mendedMs = performance.now()
      const before = waiting.acknowledgedSamples
      await until('facts to be answered again', () => waiting.acknowledgedSamples > before, caughtUpMsMax)
      await until('all charge points to be back', () => loads.every((load) => load.isReady), caughtUpMsMax)
      for (const messageId of sent)
        await until('an answer', () => raw.inbox.length > 0, caughtUpMsMax).then(() => {
          expect(raw.inbox.shift()).toEqual([3, messageId, {}])
        })
      recoveryMs.push(performance.now() - mendedMs)
    }
    await until('readiness to return', async () => (await stator.readyStatus()) === 200, caughtUpMsMax)
    const heartbeats = beating.takeLatency()
    for (const load of loads) await load.settle()
    const grownMib = memory.stop()
    expect(await statusStored(connectionString)).toBe((fault.times ?? 1) * hastyFrames - 1)

    const findings = await auditLoads(connectionString, [waiting, leaving], since)
    expect(findings).toMatchObject(cleanFindings)
    expect(loads.map((load) => load.callErrors)).toEqual([0, 0, 0])
    expect([waiting.errors, beating.errors]).toEqual([{}, {}])
    expect(grownMib).toBeLessThan(growthMibMax)
    expect(heartbeats.count).toBeGreaterThan(0)
    keepResult({
      id: fault.id,
      fault: fault.fault,
      file: fault.file,
      injected: fault.times ?? 1,
      audit: findings,
      recoveryMs,
      recovery: 'from the repair until every charge point was connected, and what had waited was answered',
      figures: {
        'heartbeats served meanwhile': String(heartbeats.count),
        'p99 of heartbeats': `${heartbeats.p99Ms.toFixed(1)} ms`,
        'newcomers turned away with 503': String(leaving.turnedAway),
        'memory grown by': `${Math.max(0, grownMib).toFixed(0)} MiB`,
      },
    })
  } finally {
    for (const load of loads) load.close()
    await stator.remove()
  }
}

const firstStatusMs = Date.parse('2026-01-01T00:00:00Z')

// The number of the status stands in `info`, so that the last one can be distinguished from the others.
function statusOf(number: number): object {
  return {
    connectorId: 1,
    errorCode: 'NoError',
    status: number % 2 === 0 ? 'Charging' : 'SuspendedEV',
    info: String(number),
    timestamp: new Date(firstStatusMs + number * 1_000).toISOString(),
  }
}

/** The number of the status that is stored for the hasty charge point. */
async function statusStored(connectionString: string): Promise<number> {
  const client = new Client({ connectionString })
  await client.connect()
  const { rows } = await client.query<{ info: string }>(
    'SELECT info FROM connectors k JOIN charge_points c ON c.id = k.charge_point_id WHERE c.identity = $1',
    [hasty],
  )
  await client.end()
  return Number(rows[0]?.info)
}

async function expectTurnedAway(stator: StatorProcess): Promise<void> {
  const options = { url: stator.ocppUrl, identity: newcomer, password: benchPasswordDefault }
  const refused = await until(
    'newcomers to be turned away',
    async () => {
      const answer = await handshakeAnswer(options)
      return answer.status === 503 ? answer : null
    },
    caughtUpMsMax,
  )
  expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0)
}

/** Looks at the memory of a server until `stop`, which answers by how much it had grown at most, in MiB. */
function watchMemory(stator: StatorProcess): { stop(): number } {
  const atFirst = stator.residentMib
  let most = atFirst
  const timer = setInterval(() => (most = Math.max(most, stator.residentMib)), 250)
  return {
    stop() {
      clearInterval(timer)
      return most - atFirst
    },
  }
}
