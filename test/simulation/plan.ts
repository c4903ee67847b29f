// What is to happen in a simulation, drawn from its seed before it begins: the charge points with their habits, and all
// actions and faults of charge points, operators, the database and the process. A story is shortened by removing parts
// of it.

import { type CommitFault, commitFaults } from './simulated-database.ts'
import { pickBy, Random } from '../support/random.ts'
import { type LocalZone, localZones } from './local-zones.ts'

/** The behaviour of a charge point. */
export interface Habits {
  readonly version: '1.6' | '2.0.1'
  readonly strictness: 'lenient' | 'strict'
  readonly connectors: number
  /** How long it waits for an answer before it sends the message again, in milliseconds. */
  readonly patienceMs: number
  /** What it does if no answer came. */
  readonly retries: 'newId' | 'sameId' | 'reconnect'
  /** Whether it sends the next CALL without waiting for the answer to the last one. */
  readonly isHasty: boolean
  /** What its clock is off by, in milliseconds. */
  readonly clockOffMs: number
  /** Whether its messages have times at all. */
  readonly sendsTimes: boolean
  /** The zone in which it sends times, without naming it; null if it sends them in UTC. */
  readonly timeZone: LocalZone | null
  /** Whether it boots again after a reconnect. */
  readonly bootsAgain: boolean
  /** How it answers the CALLs of the central system. */
  readonly answers: Readonly<Record<AnswerHabit, number>>
  /** Longest latency of a frame in one direction, in milliseconds. */
  readonly latencyMsMax: number
  readonly sessions: SessionHabits
}

/** How it reports its sessions. All except `endsTwice`, `meter` and `stoppedBy` are for 2.0.1. */
export interface SessionHabits {
  /** How it reports the energy: by registers, registers but none at the end, or intervals. */
  readonly energy: 'registers' | 'noneAtEnd' | 'intervals'
  /** Whether all sessions of a connector have the same id; some events come only when the next one has begun. */
  readonly reusesIds: boolean
  /** Whether it numbers every event 0 and sends times in whole seconds. */
  readonly isCoarse: boolean
  /** Whether it reports each start again, later and with another card. */
  readonly startsTwice: boolean
  /** Whether it reports each end again, later and with another register. */
  readonly endsTwice: boolean
  /** What happens to its meter within a session: nothing, an odd reading, or the meter is exchanged. */
  readonly meter: 'rises' | 'slips' | 'exchanged'
  /** Whether another card stops the session than began it. */
  readonly stoppedBy: 'sameCard' | 'otherCard'
  /**
   * Whether the card of a session is reported with its start, or later and perhaps after its end; `last`: the start as
   * well.
   */
  readonly cardComes: 'withStart' | 'later' | 'last'
}

type OddHabit = 'meter' | 'stoppedBy' | 'cardComes'

export type AnswerHabit = 'inTime' | 'late' | 'twice' | 'never' | 'error' | 'garbage'

/** `pick` in [0, 1) chooses among the possibilities at that time. */
export type Action =
  | { readonly kind: 'connect' | 'replace' | 'shuffle'; readonly station: number }
  | { readonly kind: 'move'; readonly station: number; readonly pick: number; readonly reportsAfterMs: number }
  | {
      readonly kind: 'drop'
      readonly station: number
      readonly how: 'close' | 'reset' | 'halfOpen'
      readonly stays: boolean
    }
  | { readonly kind: 'report'; readonly station: number; readonly what: ReportKind; readonly pick: number }
  | { readonly kind: 'resend'; readonly station: number; readonly pick: number; readonly count: number }
  | { readonly kind: 'burst'; readonly station: number; readonly count: number }
  | { readonly kind: 'garbage'; readonly station: number; readonly pick: number }
  | { readonly kind: 'slow'; readonly station: number; readonly forMs: number }
  | { readonly kind: 'command'; readonly station: number; readonly what: Commanding; readonly pick: number }
  | { readonly kind: 'database'; readonly fault: 'stall' | 'away' | 'cut'; readonly forMs: number }
  | { readonly kind: 'cutOff' | 'freeze'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'commit'; readonly fault: CommitFault; readonly count: number }
  | { readonly kind: 'kill'; readonly node: number; readonly afterActs: number; readonly downMs: number }
  | { readonly kind: 'restart'; readonly node: number; readonly downMs: number }

export type ReportKind = 'boot' | 'status' | 'start' | 'update' | 'stop' | 'meter' | 'heartbeat' | 'authorize' | 'event'
export type Commanding =
  'call' | 'trigger' | 'start' | 'stop' | 'close' | 'correct' | 'provision' | 'burst' | 'disconnect'

export interface Planned {
  readonly afterMs: number
  readonly action: Action
}

export interface Plan {
  readonly seed: number
  /** By number; null if a charge point was removed from the story. */
  readonly stations: readonly (Habits | null)[]
  readonly actions: readonly Planned[]
  /** Number of processes that serve charge points at the same time. */
  readonly nodes: number
  /** How often database requests fail by themselves, 0 to 1. */
  readonly faultRate: number
  readonly databaseMsMax: number
}

const yearMs = 31_536_000_000

/** A clock that is off by this is implausible: Stator uses the time of arrival instead. */
export const unusableClockOffMs = -40 * yearMs

/** Whether the times of its messages distinguish a resend from another fact. */
export function hasUsableTimes({ clockOffMs, sendsTimes }: Pick<Habits, 'clockOffMs' | 'sendsTimes'>): boolean {
  return sendsTimes && clockOffMs !== unusableClockOffMs
}

const reportKinds: Readonly<Record<ReportKind, number>> = {
  boot: 1,
  status: 4,
  start: 4,
  update: 6,
  stop: 3,
  meter: 2,
  heartbeat: 2,
  authorize: 2,
  event: 2,
}

const reportPairs: readonly (readonly ReportKind[])[] = [
  ['update', 'update'],
  ['update', 'stop'],
  ['stop', 'status'],
]

/** What is reported about a connector at one time: the beginning of a session, or events in its current one. */
export function reportedTogether(hasSession: boolean, pick: number): readonly ReportKind[] {
  return hasSession ? pickBy((pick * 5.3) % 1, reportPairs) : ['start', 'update']
}

const commandings: Readonly<Record<Commanding, number>> = {
  call: 4,
  trigger: 2,
  start: 3,
  stop: 2,
  close: 3,
  correct: 2,
  provision: 2,
  burst: 1,
  disconnect: 1,
}

const kinds: Readonly<Record<Action['kind'], number>> = {
  report: 40,
  resend: 7,
  burst: 2,
  garbage: 3,
  shuffle: 3,
  connect: 3,
  replace: 3,
  move: 8,
  drop: 7,
  slow: 1,
  command: 10,
  database: 3,
  cutOff: 2,
  freeze: 2,
  commit: 5,
  kill: 2,
  restart: 1,
}

/** The plan of `seed`. */
export function planOf(seed: number): Plan {
  const random = new Random(seed).fork('plan')
  const [times, sessions] = [new Random(seed).fork('times'), new Random(seed).fork('sessions')]
  const odd = new Random(seed).fork('oddities')
  const stations = Array.from({ length: random.between(1, 4) }, () =>
    withOddities(withSessions(habits(random, times), sessions), odd),
  )
  const count = random.between(10, 70)
  const actions = Array.from({ length: count }, () => ({
    afterMs: pauseMs(random),
    action: actionOf(random, stations.length),
  }))
  return {
    seed,
    stations,
    actions,
    nodes: new Random(seed).fork('nodes').pick([1, 2, 2]),
    faultRate: random.pick([0, 0, 0, 0.01, 0.05]),
    databaseMsMax: random.pick([0, 3, 20, 200]),
  }
}

/** `drawn`, with habits about sessions, as far as they are compatible. */
function withSessions(drawn: Plain, random: Random): PlainWithSessions {
  const energy = random.pick(['registers', 'registers', 'noneAtEnd', 'intervals'] as const)
  const reusesIds = random.chance(0.3)
  const isCoarse = random.chance(0.3) && energy === 'registers' && !reusesIds
  const startsTwice = random.chance(0.3) && !reusesIds
  const endsTwice = random.chance(0.3)
  return {
    ...drawn,
    // The second use of an id can be distinguished from the first only if the end of the first came before.
    isHasty: drawn.isHasty && !reusesIds,
    // After a boot, a later start is another session.
    bootsAgain: drawn.bootsAgain && !startsTwice,
    sessions: { energy, reusesIds: reusesIds && hasUsableTimes(drawn), isCoarse, startsTwice, endsTwice },
  }
}

/** `drawn`, with stranger habits, as far as their effects can be distinguished from those of its other habits. */
function withOddities({ sessions, ...drawn }: PlainWithSessions, random: Random): Habits {
  const meter = random.pick(['rises', 'rises', 'slips', 'exchanged'] as const)
  const isStoppedByOther = random.chance(0.5)
  const laterCard = random.pick(['withStart', 'later', 'last'] as const)
  const isCardWithStart = drawn.version === '1.6' || sessions.startsTwice
  const timeZone = random.chance(0.3) ? random.pick(localZones) : null
  // A strict charge point would be refused.
  const maySendLocalTimes = drawn.strictness === 'lenient' && hasUsableTimes(drawn)
  return {
    ...drawn,
    timeZone: maySendLocalTimes ? timeZone : null,
    sessions: {
      ...sessions,
      // The order of two registers in one second is not known.
      meter: sessions.isCoarse ? 'rises' : meter,
      // With two starts there are two possible cards of its begin.
      stoppedBy: isStoppedByOther && !sessions.startsTwice ? 'otherCard' : 'sameCard',
      cardComes: isCardWithStart ? 'withStart' : cardWhereIdsAre(sessions, laterCard),
    },
  }
}

/** The second use of an id can be distinguished from the first only by its start, which comes in time. */
function cardWhereIdsAre({ reusesIds }: Pick<SessionHabits, 'reusesIds'>, comes: SessionHabits['cardComes']) {
  return reusesIds && comes === 'last' ? 'later' : comes
}

type Plain = Omit<Habits, 'sessions' | 'timeZone'>
type PlainWithSessions = Plain & { readonly sessions: Omit<SessionHabits, OddHabit> }

function habits(random: Random, times: Random): Plain {
  const isAwkward = random.chance(0.5)
  const version = random.chance(0.5) ? '1.6' : '2.0.1'
  const strictness = random.chance(0.8) ? 'lenient' : 'strict'
  // A strict charge point would be refused.
  const sendsTimes = !times.chance(0.15) || strictness === 'strict'
  return {
    version,
    strictness,
    sendsTimes,
    connectors: random.between(1, 2),
    patienceMs: random.pick([500, 5_000, 30_000, 60_000]),
    retries: random.pick(['newId', 'sameId', 'reconnect']),
    isHasty: random.chance(0.2),
    clockOffMs: random.pick([0, 0, 0, 0, -180_000, 7_200_000, -5 * yearMs, 8 * yearMs, unusableClockOffMs]),
    bootsAgain: random.chance(0.6),
    answers: isAwkward
      ? { inTime: 4, late: 2, twice: 2, never: 2, error: 1, garbage: 1 }
      : { inTime: 1, late: 0, twice: 0, never: 0, error: 0, garbage: 0 },
    latencyMsMax: random.pick([0, 5, 50, 500]),
  }
}

function pauseMs(random: Random): number {
  const scale = random.weighted({ none: 4, short: 4, long: 3, veryLong: 1 })
  switch (scale) {
    case 'none':
      return 0
    case 'short':
      return random.between(1, 100)
    case 'long':
      return random.between(100, 5_000)
    case 'veryLong':
      return random.between(5_000, 60_000)
  }
}

function actionOf(random: Random, stations: number): Action {
  const station = random.between(0, stations - 1)
  const pick = random.next()
  const kind = random.weighted(kinds)
  switch (kind) {
    case 'connect':
    case 'replace':
    case 'shuffle':
      return { kind, station }
    case 'move':
      return { kind, station, pick, reportsAfterMs: random.pick([0, 30, 300, 1_000]) }
    case 'drop':
      return { kind, station, how: random.pick(['close', 'reset', 'halfOpen']), stays: random.chance(0.3) }
    case 'report':
      return { kind, station, what: random.weighted(reportKinds), pick }
    case 'resend':
      return { kind, station, pick, count: random.between(1, 3) }
    case 'burst':
      return { kind, station, count: random.pick([3, 10, 100]) }
    case 'garbage':
      return { kind, station, pick }
    case 'slow':
      return { kind, station, forMs: random.between(100, 40_000) }
    case 'command':
      return { kind, station, what: random.weighted(commandings), pick }
    case 'database':
      return { kind, fault: random.pick(['stall', 'away', 'cut']), forMs: random.pick([50, 1_000, 10_000, 60_000]) }
    case 'cutOff':
    case 'freeze':
      return { kind, node: random.between(0, 1), forMs: random.pick([1_000, 15_000, 40_000]) }
    case 'commit':
      return { kind, fault: random.pick(commitFaults), count: random.pick([1, 1, 2, 6]) }
    case 'kill':
      return {
        kind,
        node: random.between(0, 1),
        afterActs: random.pick([0, 0, 1, 2, 5]),
        downMs: random.between(200, 20_000),
      }
    case 'restart':
      return { kind, node: random.between(0, 1), downMs: random.between(200, 5_000) }
  }
}
