// A station on a fake socket, whose database knows nothing and commits whatever it is given.

import { settingsFrom } from '../../src/base/config.ts'
import { noQuirks } from './known.ts'
import type { Clock } from '../../src/base/clock.ts'
import { type ChargePointRef, type Committed, Feed } from '../../src/feed/feed.ts'
import { countCommitted } from '../../src/feed/subscribers.ts'
import type { Change } from '../../src/blocks/decision.ts'
import { Counters } from '../../src/base/counters.ts'
import { silentLogger } from '../../src/base/log.ts'
import { Allowances, Turns } from '../../src/station/allowance.ts'
import type { FactStore } from '../../src/station/connection.ts'
import { Dispatcher } from '../../src/station/dispatcher.ts'
import { Intake } from '../../src/station/intake.ts'
import type { Lookups } from '../../src/station/message-context.ts'
import { OwnFrames } from '../../src/station/own-frames.ts'
import type { Registry } from '../../src/station/registry.ts'
import { Station, type StationDeps } from '../../src/station/station.ts'
import { readLongAnswer } from '../../src/examine/answer.ts'
import { examineBatch, examineOne } from '../../src/workers/examine-batch.ts'
import type { FakeSocket } from './fake-socket.ts'
import { hydration } from './hydration.ts'

const none = async () => null

/** Look-ups that are about no transaction and no id token, and find nothing. */
export const nothingBesideTransactions = {
  signingRequest: none,
  askAboutCertificates: async () => ({ kind: 'status', about: [] }),
  jobsOfRequest: async () => [],
  reportOfRequest: async () => null,
  alarmsAbout: async () => new Map(),
  dynamicSchedule: none,
  transferVendor: none,
} satisfies Partial<Lookups>

/** Look-ups that find nothing. */
export const emptyLookups: Lookups = {
  idToken: none,
  transactionById: none,
  transactionsByStationId: async () => [],
  lastRegister: none,
  registersNextTo: none,
  beforeStart: async () => ({ lastStop: null, openOfIdToken: [] }),
  ...nothingBesideTransactions,
  rehydrate: async () => hydration(),
}

/** Examines every frame on this thread. */
export const inlineExaminer: StationDeps['examiner'] = {
  batchesMax: 1,
  examineAtOnce: examineOne,
  examine: async () => [],
  crossingBytesMin: 0,
  examineHere: (tasks) => ({ tasks, ...examineBatch(tasks) }),
  readLongAnswer: async (task) => readLongAnswer(task),
  examineLong: async (task) => ({ tasks: [task], ...examineBatch([task]) }),
}

/** Commits whatever it is given. */
export const idleStore: FactStore = {
  commit: async ({ answer }) => ({ duplicate: false, answer }),
  markSeen: () => {},
  appendMessageLog: () => {},
}

/** A feed that moves the charge points of `registry`, and counts in `counters`, like that of a process. */
export function feedOf(registry: Registry, counters = new Counters()): Feed {
  const feed = new Feed(silentLogger)
  feed.subscribe('charge points', (committed) => registry.take(committed))
  feed.subscribe('metrics', countCommitted(counters))
  return feed
}

/** What an operator has committed of a charge point. */
export function committedByOperator({ key, identity }: ChargePointRef, ...changes: readonly Change[]): Committed {
  const nothing = { messageId: '', bytes: 0, epoch: 0, receivedAtMs: 0, answer: {}, anomalies: [] }
  const set = { ...nothing, changes, chargePointKey: key, meter: null }
  return { chargePoint: { key, identity }, set, isDuplicate: false, action: null }
}

/** What stations share, as far as a test has nothing of its own. */
export function stationDeps(clock: Clock, registry: Registry, parts: Partial<StationDeps> = {}): StationDeps {
  const examiner = parts.examiner ?? inlineExaminer
  const counters = parts.counters ?? new Counters()
  return {
    clock,
    registry,
    examiner,
    dispatcher: new Dispatcher(examiner),
    calls: registry.calls,
    heartbeatIntervalSeconds: 300,
    messageLog: false,
    ownFrames: new OwnFrames(1, counters, silentLogger),
    messageBytesMax: 1_048_576,
    quirks: noQuirks,
    lookups: emptyLookups,
    nextTransactionId: () => 1,
    concurrentTransactions: 'accept',
    store: idleStore,
    feed: feedOf(registry, counters),
    counters,
    timings: { answered: () => {} },
    turns: new Turns(setImmediate),
    intake: new Intake(),
    log: silentLogger,
    ...parts,
  }
}

const { limits: stationLimits } = settingsFrom({})

/** A station whose socket has opened; nothing of it has been read yet. */
export function openStation(socket: FakeSocket, deps: StationDeps, limits = stationLimits): Station {
  const { data } = socket
  const allowance = new Allowances(deps.clock, limits).opened(data.identity)
  return new Station(socket, data.version ?? '1.6', data, allowance, deps)
}
