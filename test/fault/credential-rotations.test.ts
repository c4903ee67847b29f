// Stator is killed with SIGKILL again and again while a fleet of simulated charge points gets new passwords: no charge
// point is sent two, each has a state in the end, and each can connect with the password that it has.
//
// STATOR_ROTATION_STATIONS says how many charge points there are.

import { afterAll, expect, test } from 'bun:test'
import { benchPasswordDefault } from '../../bench/cli.ts'
import { rotationCallsMax } from '../../src/base/limits.ts'
import { SimulatedChargePoint } from '../../src/simulator/charge-point.ts'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { testDatabase } from '../support/postgres.ts'
import { handshakeAnswer } from '../support/raw-charge-point.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { until } from '../support/until.ts'

const size = Number(process.env['STATOR_ROTATION_STATIONS'] ?? (isFullSize ? 1_000 : 100))
const kills = 3
const perMinute = 1_800
const waitMsMax = 120_000

const cleanUp: (() => Promise<void> | void)[] = []
afterAll(async () => {
  for (const task of cleanUp.toReversed()) await task()
})

interface Item {
  readonly chargePointId: string
  readonly state: string
}

/** How many charge points need no password any more: they have answered, or it will never be known. */
async function done(stator: StatorProcess, id: unknown): Promise<number> {
  const { counts } = await stator.json(`/api/credential-rotations/${id}`)
  const { accepted = 0, unknown = 0 } = counts as Readonly<Record<string, number>>
  return accepted + unknown
}

async function itemsOf(stator: StatorProcess, id: unknown): Promise<Map<string, string>> {
  const states = new Map<string, string>()
  for (let page = 1; states.size < size; page++) {
    const { items } = await stator.json(`/api/credential-rotations/${id}/items?pageSize=500&page=${page}`)
    for (const { chargePointId, state } of items as Item[]) states.set(chargePointId, state)
  }
  return states
}

test('killed in the middle of a credential rotation, Stator sends no charge point two passwords, and locks none out', async () => {
  const database = await testDatabase()
  cleanUp.push(() => database.drop())
  const identities = Array.from({ length: size }, (_, i) => `ROLL-${String(i).padStart(5, '0')}`)
  const stator = await StatorProcess.start({ connectionString: database.connectionString, identities })
  cleanUp.push(() => stator.remove())
  const sent = new Map<string, number>()
  const stations = identities.map((identity, i) => {
    const station = new SimulatedChargePoint({
      url: stator.ocppUrl,
      identity,
      version: i % 2 === 0 ? '1.6' : '2.0.1',
      password: benchPasswordDefault,
      checkFrames: false,
      backOff: { msMin: 100, msMax: 1_000 },
      observe: (observation) => {
        if (observation.kind !== 'command') return
        if (observation.action !== 'ChangeConfiguration' && observation.action !== 'SetVariables') return
        sent.set(identity, (sent.get(identity) ?? 0) + 1)
      },
    })
    cleanUp.push(() => station.stop())
    return station
  })
  for (let from = 0; from < size; from += 50) {
    await Promise.all(stations.slice(from, from + 50).map((station) => station.start()))
  }

  const filter = { filter: { all: true }, perMinute }
  const { id } = await stator.json('/api/credential-rotations', filter)
  const startedMs = performance.now()
  const recoveryMs: number[] = []
  for (let kill = 1; kill <= kills; kill++) {
    await until('some to be done', async () => (await done(stator, id)) >= (kill * size) / (kills + 1), waitMsMax)
    await stator.kill()
    const killedMs = performance.now()
    await stator.startAgain()
    await until('all to be back', () => stations.every(({ isConnected }) => isConnected), waitMsMax)
    recoveryMs.push(performance.now() - killedMs)
  }
  await until(
    'the rotation to end',
    async () => (await stator.json(`/api/credential-rotations/${id}`))['state'] === 'done',
    waitMsMax,
  )
  const durationMs = performance.now() - startedMs

  const states = await itemsOf(stator, id)
  const count = (wanted: string): number => [...states.values()].filter((state) => state === wanted).length
  expect(count('accepted') + count('unknown')).toBe(size)
  // A kill leaves at most what the node had under way.
  expect(count('unknown')).toBeLessThanOrEqual(kills * rotationCallsMax)
  expect(count('accepted')).toBeGreaterThan(0)
  expect([...sent].filter(([, times]) => times !== 1)).toEqual([])
  for (const station of stations) {
    const { identity } = station
    const fresh = station.settings.byKey('AuthorizationKey')?.value ?? ''
    station.stop()
    const status = async (password: string): Promise<number> =>
      (await handshakeAnswer({ url: stator.ocppUrl, identity, password, subprotocols: ['ocpp1.6', 'ocpp2.0.1'] }))
        .status
    expect([identity, await status(fresh === '' ? benchPasswordDefault : fresh)]).toEqual([identity, 101])
    if (states.get(identity) === 'accepted')
      expect([identity, await status(benchPasswordDefault)]).toEqual([identity, 401])
  }
  keepResult({
    id: '1-killed-in-a-rotation',
    fault: 'SIGKILL while a fleet gets new passwords, PostgreSQL',
    file: 'credential-rotations.test.ts',
    injected: kills,
    audit: null,
    recoveryMs,
    recovery: 'from the kill until all charge points were connected again',
    figures: {
      'charge points, and how many of them answered a node that was killed': `${size}, ${count('unknown')}`,
      'duration of the rotation': `${Math.round(durationMs / 1_000)} s`,
    },
  })
}, 300_000)
