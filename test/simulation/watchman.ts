// The leases of simulated processes, and a process that never dies and holds no charge points: it renews its own lease
// and detects expired leases of others.

import type { Clock } from '../../src/base/clock.ts'
import { Counters } from '../../src/base/counters.ts'
import { type Logger, silentLogger } from '../../src/base/log.ts'
import type { Database } from '../../src/store/database.ts'
import { type Holdings, LeaseKeeper } from '../../src/store/lease-keeper.ts'
import { createNodeLeases, type NodeLeases } from '../../src/store/node-leases.ts'
import type { SimulatedDatabaseServer } from './simulated-database.ts'
import type { SimulatedTime } from './simulated-time.ts'

/** How long a process that could not take its lease waits before it is started again, in milliseconds. */
export const againMs = 1_000

/** Parts that a canary uses instead of the real ones. */
export interface PlantedLeases {
  readonly leases?: (leases: NodeLeases) => NodeLeases
}

interface LeaseParts {
  readonly id: string
  readonly client: Database
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Logger
  readonly holdings: Holdings
  readonly planted: PlantedLeases
}

/** Takes a lease, with as many attempts as needed, and keeps it. */
export function keepLease(parts: LeaseParts, onTaken: (lease: LeaseKeeper) => void): void {
  const { id, client, planted, ...more } = parts
  const leases = createNodeLeases(client)
  LeaseKeeper.begin({
    ...more,
    leases: planted.leases?.(leases) ?? leases,
    node: { id, name: id },
    isShared: true,
  }).then(onTaken, () => parts.clock.after(againMs, () => keepLease(parts, onTaken)))
}

/** Starts the second process. */
export function startWatchman(time: SimulatedTime, database: SimulatedDatabaseServer, planted: PlantedLeases): void {
  const holdings = { all: () => [], has: () => false, expects: () => false, overtaken: () => {} }
  const clock = { nowMs: () => time.nowMs, after: time.after.bind(time) }
  const client = database.open({ isAlive: true, whenAwake: (work) => work() })
  keepLease({ id: 'watchman', client, clock, counters: new Counters(), log: silentLogger, holdings, planted }, () => {})
}
