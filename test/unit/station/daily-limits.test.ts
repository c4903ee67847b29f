// What one charge point may make us store in a day, by a clock that a test moves.

import { describe, expect, test } from 'bun:test'
import { settingsFrom } from '../../../src/base/config.ts'
import type { Change, ChangeSet } from '../../../src/blocks/decision.ts'
import { Counters } from '../../../src/base/counters.ts'
import { Registry } from '../../../src/station/registry.ts'
import { FakeSocket } from '../../support/fake-socket.ts'
import { idleStore, openStation, stationDeps } from '../../support/fake-station.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { hydration } from '../../support/hydration.ts'
import { Allowance } from '../../../src/station/allowance.ts'
import { DailyBuckets, storedBy } from '../../../src/station/daily-limits.ts'

const dayMs = 86_400_000
const { perDay } = settingsFrom({ Limits: { EventsPerDay: 100, TransactionsPerDay: 10 } }).limits

describe('a bucket', () => {
  test('is full at first, then paces to its limit over a day', () => {
    const buckets = new DailyBuckets(perDay, 0)
    for (let i = 0; i < 99; i++) expect(buckets.spend('events', 1, 0)).toBe(false)
    expect(buckets.waitMs(0)).toBe(0)
    expect(buckets.spend('events', 1, 0)).toBe(true)
    expect(buckets.waitMs(0)).toBe(dayMs / 100)
    expect(buckets.spend('events', 1, 0)).toBe(false)
    expect(buckets.waitMs(0)).toBe((2 * dayMs) / 100)
    expect(buckets.waitMs((2 * dayMs) / 100)).toBe(0)
  })

  test('of one kind does not empty another, and the emptiest one counts', () => {
    const buckets = new DailyBuckets(perDay, 0)
    buckets.spend('transactions', 10, 0)
    buckets.spend('events', 50, 0)
    expect(buckets.waitMs(0)).toBe(dayMs / 10)
    expect(buckets.isFull(dayMs / 2)).toBe(false)
    expect(buckets.isFull(dayMs)).toBe(true)
  })

  test('is not filled by a clock that is set back', () => {
    const buckets = new DailyBuckets(perDay, dayMs)
    buckets.spend('transactions', 10, dayMs)
    expect(buckets.waitMs(0)).toBe(dayMs / 10)
  })
})

test('the bytes of a day pace a charge point that keeps within its rate by the second', () => {
  const limits = { ...settingsFrom({}).limits, bytesPerSecond: 1_000_000, perDay: { ...perDay, bytes: 86_400_000 } }
  const allowance = new Allowance(limits, 0)
  const usedUp = Array.from({ length: 87 }, (_, second) => allowance.spend(1_000_000, second * 1_000))
  expect(usedUp.filter((isUsedUp) => isUsedUp)).toHaveLength(1)
  const waitMs = allowance.waitMs(87_000)
  expect(waitMs).toBeGreaterThan(500_000)
  expect(allowance.waitMs(87_000 + waitMs)).toBe(0)
  // Paced, it uses them up again and again, which is said once a day.
  expect(allowance.spend(100_000, 87_000 + waitMs)).toBe(false)
  allowance.spend(0, 87_000 + dayMs)
  expect(allowance.spend(200_000_000, 87_000 + dayMs)).toBe(true)
})

test('a charge point that has sent the bytes of a day is counted, logged and noted once', async () => {
  const clock = new HandClock()
  const registry = new Registry({ clock })
  const counters = new Counters()
  const anomalies: unknown[] = []
  const commit = async (set: ChangeSet) => {
    anomalies.push(...set.anomalies)
    return { duplicate: false, answer: set.answer }
  }
  const { log, lines } = collectedLog('Warning')
  const deps = stationDeps(clock, registry, { counters, log, store: { ...idleStore, commit } })
  const limits = { ...settingsFrom({}).limits, perDay: { ...perDay, bytes: 1_048_576 } }
  const station = openStation(new FakeSocket(), deps, limits)
  registry.connect(hydration(), station)
  station.begin()
  const frame = `[2,"id","Heartbeat",{}${' '.repeat(100_000)}]`
  for (let i = 0; i < 12; i++) {
    station.receive(frame)
    clock.pass(100)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(anomalies).toMatchObject([{ kind: 'dailyLimit', detail: { limit: 'bytes', perDay: 1_048_576 } }])
  expect(counters.dailyLimitsReached.of('bytes')).toBe(1)
  expect(lines.filter((line) => line.includes('1048576 bytes in a day'))).toHaveLength(1)
})

test('what a message stores is counted by kind: new connectors, not known ones, and data transfers apart', () => {
  const connector = (connectorId: number): Change => ({
    table: 'connectors',
    row: { evseId: 1, connectorId, status: 'Available', statusSent: 'Available', occurredAtMs: 0 },
  })
  const event: Change = { table: 'chargePointEvents', row: { action: 'Any', occurredAtMs: null, payload: {} } }
  const isNew = ({ connectorId }: { readonly connectorId: number }): boolean => connectorId > 1
  expect(storedBy('availability', [event, connector(1), connector(2), connector(3)], isNew)).toEqual([
    ['events', 1],
    ['connectors', 2],
  ])
  expect(storedBy('data-transfer', [event], isNew)).toEqual([['dataTransfers', 1]])
  expect(storedBy('transactions', [{ table: 'chargePoints', patch: {} }], isNew)).toEqual([])
})

test('a charge point that is over a limit of the day is served at its pace, and nothing is lost or refused', async () => {
  const clock = new HandClock()
  const registry = new Registry({ clock })
  const counters = new Counters()
  const committed: ChangeSet[] = []
  const commit = async (set: ChangeSet) => {
    committed.push(set)
    return { duplicate: false, answer: set.answer }
  }
  const deps = stationDeps(clock, registry, { counters, store: { ...idleStore, commit } })
  const limits = settingsFrom({ Limits: { DataTransfersPerDay: 24 } }).limits
  const socket = new FakeSocket()
  const station = openStation(socket, deps, limits)
  registry.connect(hydration(), station)
  station.begin()
  const transfers = (): number => committed.filter(({ anomalies }) => anomalies.length === 0).length
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  for (let i = 0; i < 30; i++) {
    station.receive(`[2,"${i}","DataTransfer",{"vendorId":"a vendor"}]`)
    await settle()
  }
  expect([transfers(), socket.sent.length]).toEqual([24, 24])
  expect(committed.flatMap(({ anomalies }) => anomalies)).toMatchObject([
    { kind: 'dailyLimit', detail: { limit: 'dataTransfers', perDay: 24 } },
  ])
  expect(counters.dailyLimitsReached.of('dataTransfers')).toBe(1)
  for (let hour = 1; hour <= 6; hour++) {
    clock.pass(dayMs / 24 + 1)
    await settle()
    expect(transfers()).toBe(24 + hour)
  }
  expect(socket.sent.every((text) => text.startsWith('[3,'))).toBe(true)
  expect(socket.sent).toHaveLength(30)
})
