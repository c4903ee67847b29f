// The messages of a station, one after the other. A mix is a generator function: it yields a message, gets its outcome,
// and notes in the ledger what the server has acknowledged and therefore must store.

import type { Ahead } from './ahead.ts'
import { beginCharging, type Charging, benchIdTag } from './charging.ts'
import type { Dialect, Message } from './dialect.ts'

/** Payload of the CALLRESULT (empty when the message does not read it); null when the server refused the message. */
export type Outcome = Readonly<Record<string, unknown>> | null

/** The endless script of one station. */
export type Script = Generator<Message, never, Outcome>

/** What one station has reported to the server, and which of it was acknowledged, without heartbeats and queries. */
export interface Ledger {
  readonly identity: string
  readonly chargings: Charging[]
  /** Messages that are facts of their own: boots and statuses, in order. */
  readonly facts: ReportedFact[]
}

export interface ReportedFact {
  readonly message: Message
  isAcknowledged: boolean
}

export interface MixOptions {
  readonly dialect: Dialect
  readonly ledger: Ledger
  /** Number of the station in its fleet, from 0. */
  readonly index: number
  /** Samples of one transaction. */
  readonly samples: number
  /** The station's clock at the beginning; it advances by its own count. */
  readonly nowMs: number
}

export const mixNames = ['heartbeat', 'meter', 'long', 'day', 'idle', 'storm'] as const
export type MixName = (typeof mixNames)[number]

/** The script of one station. */
export function scriptOf(mix: MixName, options: MixOptions): Script {
  switch (mix) {
    case 'meter':
      return meter(options)
    case 'long':
      return long(options)
    case 'day':
      return day(options)
    // Stations of `idle` and `storm` have connected and booted; they only send heartbeats.
    case 'heartbeat':
    case 'idle':
    case 'storm':
      return heartbeats(options)
  }
}

/** BootNotification and the state of its connector: what a station sends on a new connection. */
export function* booting({
  dialect,
  ledger,
  nowMs,
}: Pick<MixOptions, 'dialect' | 'ledger' | 'nowMs'>): Generator<Message, string | null, Outcome> {
  const answer = yield* reported(dialect.boot, ledger)
  if (answer === null) return 'BootNotification was refused'
  if (answer['status'] !== 'Accepted') return `BootNotification was answered with status ${String(answer['status'])}`
  yield* reported(dialect.status('free', nowMs), ledger)
  return null
}

/** Heartbeats that are sent ahead at once. */
const heartbeatsAhead = 1_000

function* heartbeats({ dialect }: MixOptions): Script {
  const heartbeat = repeated(dialect.heartbeat, heartbeatsAhead)
  for (;;) yield heartbeat
}

/** A message that is sent at least this many times in a row. */
function repeated(message: Message, count: number): Message {
  return { ...message, ahead: () => ({ count, counters: [] }) }
}

/**
 * Sample `index` of a transaction that has `samples`. Its text is only made if it is sent alone: one in a run has none.
 */
class Sample implements Message {
  readonly readsAnswer = false
  readonly action: string
  readonly #dialect: Dialect
  readonly #charging: Charging
  readonly #index: number
  readonly #samples: number

  constructor(dialect: Dialect, charging: Charging, index: number, samples: number) {
    this.action = dialect.sampleAction
    this.#dialect = dialect
    this.#charging = charging
    this.#index = index
    this.#samples = samples
  }

  get payload(): string {
    return this.#dialect.sample(this.#charging, this.#index).payload
  }

  ahead(): Ahead {
    return this.#dialect.samplesAhead(this.#charging, this.#index, this.#samples - this.#index)
  }
}

function* meter(options: MixOptions): Script {
  const clock = stationClock(options)
  // The first transactions are of different lengths, so that stations do not start and stop in step.
  let samples = 1 + (options.index % options.samples)
  for (;;) {
    yield* transaction(options, clock, samples)
    samples = options.samples
  }
}

/**
 * Samples of a transaction of the `long` mix: most ends have 3,000 characters, those of one station in eight 14,000.
 */
const samplesOfLong = { most: 12, some: 60 } as const
/** Variables of a NotifyReport of the `long` mix (5,000 characters), and transactions between two. */
const reportOfLong = { variables: 20, transactions: 8 } as const

/** Transactions whose samples are sent with their end, as after a time offline; in 2.0.1 also a report now and then. */
function* long(options: MixOptions): Script {
  const { dialect, index } = options
  const clock = stationClock(options)
  const samples = index % 8 === 0 ? samplesOfLong.some : samplesOfLong.most
  // Stations that send at the same time do not all send the same.
  for (let left = index % 2; left > 0; left--) yield dialect.heartbeat
  for (let count = index; ; count++) {
    yield* transactionReportedAtEnd(options, clock, samples)
    const isDue = count % reportOfLong.transactions === 0
    const report = isDue ? dialect.report(reportOfLong.variables, clock.nowMs) : null
    if (report !== null) yield report
  }
}

/**
 * Heartbeats between two transactions of the `day` mix: one in five minutes, six transactions a day of 40 minutes
 * each.
 */
const heartbeatsBetween = 40
/** Transactions after which a station of the `day` mix boots again, about once a week. */
const transactionsPerBoot = 42

/** A day of a public station, sent as fast as the schedule requires. */
function* day(options: MixOptions): Script {
  const { dialect, ledger, index } = options
  const clock = stationClock(options)
  // Stations are spread over their day.
  let pause = index % heartbeatsBetween
  for (let count = index + 1; ; count++) {
    for (let left = pause; left > 0; left--) yield repeated(dialect.heartbeat, left)
    pause = heartbeatsBetween
    if (count % transactionsPerBoot === 0) yield* booting({ dialect, ledger, nowMs: clock.tick() })
    yield dialect.authorize(benchIdTag)
    yield* reported(dialect.status('pluggedIn', clock.tick()), ledger)
    const whileCharging = reported(dialect.status('charging', clock.tick()), ledger)
    yield* transaction(options, clock, options.samples, whileCharging)
    yield* reported(dialect.status('finishing', clock.tick()), ledger)
    yield* reported(dialect.status('free', clock.tick()), ledger)
  }
}

interface StationClock {
  nowMs: number
  registerWh: number
  /** A second later. */
  tick(): number
}

function stationClock({ nowMs, index }: MixOptions): StationClock {
  return {
    nowMs,
    // Two runs against one database must not send the same facts: they would count as retransmissions.
    registerWh: (Math.floor(nowMs / 100) % 1_000_000) * 1_000 + (index % 1_000),
    tick() {
      this.nowMs += 1_000
      return this.nowMs
    },
  }
}

function* transaction(
  { dialect, ledger }: MixOptions,
  clock: StationClock,
  samples: number,
  onceStarted?: Generator<Message, unknown, Outcome>,
): Generator<Message, void, Outcome> {
  const charging = yield* started({ dialect, ledger }, clock, false)
  if (onceStarted !== undefined) yield* onceStarted
  for (let index = 0; index < samples; index++) {
    charging.samplesSent++
    const outcome = yield new Sample(dialect, charging, index, samples)
    if (outcome === null) charging.samplesRefused.push(index)
    else charging.samplesAcknowledged++
  }
  yield* ended(charging, dialect, clock)
}

function* transactionReportedAtEnd(
  options: MixOptions,
  clock: StationClock,
  samples: number,
): Generator<Message, void, Outcome> {
  const charging = yield* started(options, clock, true)
  charging.samplesSent = samples
  yield* ended(charging, options.dialect, clock)
  if (charging.isEndAcknowledged) charging.samplesAcknowledged = samples
}

function* started(
  { dialect, ledger }: Pick<MixOptions, 'dialect' | 'ledger'>,
  clock: StationClock,
  samplesWithEnd: boolean,
): Generator<Message, Charging, Outcome> {
  const charging = beginCharging({
    startedAtMs: clock.nowMs,
    meterStartWh: clock.registerWh,
    stationTransactionId: `${ledger.identity}-${clock.nowMs}`,
    samplesWithEnd,
  })
  ledger.chargings.push(charging)
  const answer = yield dialect.start(charging)
  if (answer !== null) {
    charging.isStartAcknowledged = true
    charging.transactionId = Number(answer['transactionId'] ?? 0)
  }
  return charging
}

function* ended(charging: Charging, dialect: Dialect, clock: StationClock): Generator<Message, void, Outcome> {
  charging.isEndSent = true
  charging.isEndAcknowledged = (yield dialect.end(charging)) !== null
  clock.nowMs = charging.startedAtMs + (charging.samplesSent + 2) * 1_000
  clock.registerWh = charging.meterStartWh + (charging.samplesSent + 2) * 3
}

/** A message that is a fact of its own. */
function* reported(message: Message, ledger: Ledger): Generator<Message, Outcome, Outcome> {
  const fact: ReportedFact = { message, isAcknowledged: false }
  ledger.facts.push(fact)
  const outcome = yield message
  fact.isAcknowledged = outcome !== null
  return outcome
}
