// Charge points and unknown clients that flood: the sender is throttled or disconnected, the others are served, and
// memory stays bounded.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { databaseNow } from '../../bench/audit/audit.ts'
import { benchPasswordDefault } from '../../bench/cli.ts'
import type { FloodReport } from '../fixtures/flooder.ts'
import { flows16 } from '../fixtures/seed-flows.ts'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { auditLoads, cleanFindings, FleetLoad, identitiesOf, type LoadOptions } from '../support/fleet-load.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { RawChargePoint } from '../support/raw-charge-point.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { until } from '../support/until.ts'

const bystanders: LoadOptions = { name: 'BYSTANDER', stations: 20, samples: 20, answerMsMax: 60_000 }
/** Messages a second of each version. */
const ratePerSecond = 100
const flooder = 'FLOODER'
const flooderFile = join(import.meta.dir, '../fixtures/flooder.ts')
/** How long a flood lasts, in milliseconds. */
const floodMs = isFullSize ? 15_000 : 3_000
/** How long the others are watched before a flood, in milliseconds. */
const quietMs = isFullSize ? 3_000 : 1_000
/** How much memory a flood may cost, in MiB. */
const growthMibMax = 200
/** Longest time to wait for an expected event on a busy machine, in milliseconds. */
const eventuallyMsMax = 60_000

let database: TestDatabase
let stator: StatorProcess
let fleet: FleetLoad
let since: Date

beforeAll(async () => {
  database = await testDatabase()
  since = await databaseNow(database.connectionString)
  stator = await StatorProcess.start({
    connectionString: database.connectionString,
    identities: [...identitiesOf(bystanders), flooder],
  })
  fleet = new FleetLoad(stator.ocppUrl, bystanders)
  await fleet.connect()
  fleet.begin({ kind: 'open', ratePerSecond })
  await until('the load to be under way', () => fleet.acknowledgedSamples > 300, eventuallyMsMax)
})

afterAll(async () => {
  await fleet.settle()
  const findings = await auditLoads(database.connectionString, [fleet], since)
  fleet.close()
  await stator.remove()
  await database.drop()
  expect(findings).toMatchObject(cleanFindings)
  expect(fleet.errors).toEqual({})
})

interface Flood {
  readonly id: string
  readonly fault: string
  /** Returns further figures for the report. */
  readonly run: () => Promise<Readonly<Record<string, string>>>
}

/** Runs a flood and watches the bystanders and the memory meanwhile. */
async function flood({ id, fault, run }: Flood): Promise<void> {
  fleet.resetLatency()
  await Bun.sleep(quietMs)
  const before = fleet.takeLatency()
  const atFirst = stator.residentMib
  let most = atFirst
  const timer = setInterval(() => (most = Math.max(most, stator.residentMib)), 100)
  fleet.resetLatency()
  const result = await run()
  const meanwhile = fleet.takeLatency()
  clearInterval(timer)
  expect(meanwhile.count).toBeGreaterThan(0)
  expect(most - atFirst).toBeLessThan(growthMibMax)
  // A flooding charge point is locked out only while it floods.
  const after = await connected()
  expect(await after.call('Heartbeat', {})).toHaveProperty('currentTime')
  await after.close()
  keepResult({
    id,
    fault,
    file: 'floods.test.ts',
    injected: 1,
    audit: null,
    recoveryMs: [],
    recovery: '',
    figures: {
      ...result,
      'p99 of the others, before': `${before.p99Ms.toFixed(0)} ms`,
      'p99 of the others, meanwhile': `${meanwhile.p99Ms.toFixed(0)} ms`,
      'memory grown by': `${(most - atFirst).toFixed(0)} MiB`,
    },
  })
}

async function connected(): Promise<RawChargePoint> {
  return RawChargePoint.connect({ url: stator.ocppUrl, identity: flooder, password: benchPasswordDefault })
}

test('a charge point that sends 10,000 frames a second is made to wait, or closed', async () => {
  await flood({
    id: '7-frames',
    fault: '10,000 frames a second from one charge point',
    run: async () => {
      const child = Bun.spawn(
        [process.execPath, flooderFile, stator.ocppUrl, flooder, benchPasswordDefault, String(floodMs)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const report = JSON.parse(await new Response(child.stdout).text()) as FloodReport
      return {
        'frames it wanted to send': String(report.wanted),
        'frames taken from it': String(report.sent),
        'connections it needed': String(report.connections),
      }
    },
  })
}, 120_000)

test('a frame of 10 MB closes its connection', async () => {
  await flood({
    id: '7-large-frames',
    fault: 'frames of 10 MB',
    run: async () => {
      const large = `[2,"1","DataTransfer",{"vendorId":"V","data":"${'x'.repeat(10_000_000)}"}]`
      const frames = 10
      for (let count = 0; count < frames; count++) {
        const raw = await connected()
        raw.send(large)
        // 1009 (RFC 6455 §7.4.1), unless the line breaks while most of the frame is still on its way.
        const { code } = await until('the connection to be closed', () => raw.closing, eventuallyMsMax)
        expect([1006, 1009]).toContain(code)
      }
      return { 'connections closed': String(frames) }
    },
  })
}, 120_000)

test('frames of thousands of nested levels are refused or dropped, one by one', async () => {
  await flood({
    id: '7-deep-frames',
    fault: 'deeply nested JSON',
    run: async () => {
      const raw = await connected()
      await raw.call('BootNotification', flows16.boot)
      const deep = (open: string, close: string): string => `${open.repeat(10_000)}${close.repeat(10_000)}`
      const frames = isFullSize ? 500 : 20
      for (let count = 0; count < frames; count++) {
        raw.send(deep('[', ']'))
        raw.send(`[2,"a${count}","DataTransfer",{"vendorId":"V","data":${deep('[', ']')}}]`)
        raw.send(`[2,"o${count}","StatusNotification",${deep('{"a":', '}').replace('}', '1}')}]`)
        raw.send(`[2,"h${count}","Heartbeat",{}]`)
        await raw.answerTo(`h${count}`, eventuallyMsMax)
      }
      expect(raw.inbox.every(([type]) => type === 4)).toBe(true)
      await raw.close()
      return { frames: String(frames * 3) }
    },
  })
}, 120_000)

test('a thousand half-made handshakes are closed in time', async () => {
  await flood({
    id: '7-half-handshakes',
    fault: '1,000 half-made handshakes',
    run: async () => {
      const handles = (): number => readdirSync(`/proc/${stator.pid}/fd`).length
      const before = handles()
      let closed = 0
      const { hostname, port } = new URL(stator.url)
      const halves = [
        '',
        'G',
        'GET /ocpp/FLOODER HTTP/1.1\r\n',
        'GET /ocpp/FLOODER HTTP/1.1\r\nHost: x\r\nUpgrade: webso',
      ]
      const count = 1_000
      const startedMs = performance.now()
      await Promise.all(
        Array.from({ length: count }, (_, index) =>
          Bun.connect({
            hostname,
            port: Number(port),
            socket: {
              open: (socket) => void socket.write(halves[index % halves.length] ?? ''),
              data: () => {},
              close: () => void closed++,
            },
          }),
        ),
      )
      await until('the sockets to be open', () => handles() > before + count / 2, eventuallyMsMax)
      await until('all to be closed', () => closed === count, eventuallyMsMax)
      const closedMs = performance.now() - startedMs
      await until('their handles to be given back', () => handles() <= before + 5, eventuallyMsMax)
      return { 'all closed after': `${(closedMs / 1_000).toFixed(1)} s` }
    },
  })
}, 180_000)
