// A charge point: it keeps its messages until they are answered, sends them again if no answer comes, and reconnects if
// its socket is closed. Its habits say how well it does that.

import { remoteStartPromiseMs } from '../../src/base/limits.ts'
import type { Payload } from '../../src/blocks/decision.ts'
import { dialects, heartbeatOf, type Dialect, type Said } from './dialects.ts'
import { garbage } from './garbage.ts'
import type { Message, SessionPart } from './message.ts'
import { answerCall, askedIn, isNamed } from './answers.ts'
import { type AnswerHabit, type Habits, type ReportKind, reportedTogether } from './plan.ts'
import { pickBy, type Random } from '../support/random.ts'
import type { StationEnd, Wire } from './simulated-network.ts'
import { idTags, meterShows, newSession, noteReading, repeatsCard, type Session, startsLate } from './sessions.ts'
import type { SimulatedTime } from './simulated-time.ts'
import { asWritten } from './station-times.ts'

export interface StationWorld {
  readonly time: SimulatedTime
  dial(station: SimulatedStation): Wire
  /** The charge point sends a CALL of a message. */
  onCall(wire: Wire, messageId: string, message: Message): void
  /** The charge point sends garbage. */
  onGarbage(wire: Wire, text: string): void
}

const hastyCallsMax = 3
/** How long a charge point waits for an answer at the end of a simulation, in milliseconds. */
const calmPatienceMs = 30_000
const answeredKept = 20
/** How often a message is sent with one id before the charge point reconnects (TransactionMessageAttempts). */
const attemptsMax = 3
interface Outstanding {
  readonly wire: Wire
  readonly messageId: string
  readonly message: Message
  attempts: number
  cancelTimeout: () => void
}

/** One charge point. */
export class SimulatedStation implements StationEnd {
  readonly identity: string
  readonly key: number
  readonly habits: Habits
  readonly #world: StationWorld
  readonly #random: Random
  readonly #dialect: Dialect
  #wire: Wire | null = null
  /** The previous socket, while it uses both. */
  #older: Wire | null = null
  #isOpen = false
  #isOnline = false
  #isUntroubled = false
  #hasBooted = false
  #dials = 0
  #messages = 0
  #calls = 0
  #lastStampMs = Number.NEGATIVE_INFINITY
  #meterWh = 1_000
  #outbox: Message[] = []
  #outstanding: Outstanding[] = []
  readonly #answered: Message[] = []
  readonly #sessions = new Map<number, Session>()
  readonly #ended: Session[] = []
  /** Events that are reported later. */
  #keptBack: Message[] = []

  constructor(key: number, habits: Habits, world: StationWorld, random: Random) {
    this.key = key
    this.identity = `CP${key}`
    this.habits = habits
    this.#world = world
    this.#random = random
    this.#dialect = dialects[habits.version]
  }

  /** Whether all its messages have been answered, and it is connected. */
  get isQuiet(): boolean {
    return (
      this.#isOpen && this.#wire?.isServerOpen === true && this.#outbox.length === 0 && this.#outstanding.length === 0
    )
  }

  /** Its unanswered messages, for the reader of a story. */
  get waiting(): string {
    const all = [...this.#outstanding.map(({ message }) => message), ...this.#outbox]
    return `${this.#isOpen ? 'connected' : 'not connected'}, ${all.length} waiting: ${all
      .slice(0, 3)
      .map(({ said }) => said?.action ?? 'something')
      .join(', ')}`
  }

  connect(): void {
    this.#isOnline = true
    if (this.#wire === null) this.#dial()
  }

  /**
   * Connects again while the old socket is open or seems open: the old one is left as it is.
   *
   * @param usesBoth whether it sends through both for a while.
   */
  replace(usesBoth = false): void {
    const old = this.#wire
    const isOld = this.#isOpen
    this.#isOnline = true
    this.#leaveOlder()
    this.#lost()
    this.#dial()
    // The socket of an event does not say in which order two sessions with one id were.
    if (usesBoth && isOld && old !== null && !this.habits.sessions.reusesIds) {
      this.#older = old
      this.#world.time.after(this.#random.between(0, 10_000), () => {
        if (this.#older === old) this.#leaveOlder()
      })
      this.#pump()
      return
    }
    // Some close the old one a little later, others never.
    if (old !== null && this.#random.chance(0.5)) {
      this.#world.time.after(this.#random.between(0, 3_000), () => old.hangUp('close'))
    }
  }

  /** @param stays whether it stays disconnected until `connect`. */
  drop(how: 'close' | 'reset' | 'halfOpen', stays: boolean): void {
    if (stays && how !== 'halfOpen') this.#isOnline = false
    const wire = this.#wire
    if (wire === null) return
    if (how === 'halfOpen') return wire.halfOpen()
    wire.hangUp(how)
    this.onClosed(wire)
  }

  slow(forMs: number): void {
    this.#wire?.slow(forMs)
  }

  /** From now on it behaves correctly, so that the simulation can end. */
  calmDown(): void {
    this.#isUntroubled = true
    this.#leaveOlder()
    this.#reportHeldBack()
    this.connect()
  }

  report(what: ReportKind, pick: number): void {
    const atMs = this.#stamp()
    const connectorId = this.#connectorBy(pick)
    const session = this.#sessions.get(connectorId)
    const { sessions } = this.habits
    if (pick > 0.7) this.#reportHeldBack()
    switch (what) {
      case 'boot':
        return sessions.startsTwice ? undefined : this.#say(() => this.#dialect.boot())
      case 'status': {
        const status = pickBy((pick * 7.3) % 1, this.#dialect.statuses)
        return this.#say(() => this.#dialect.status(pick > 0.95 ? 0 : connectorId, status, atMs))
      }
      case 'start':
        return this.#start(connectorId, pickBy((pick * 3.7) % 1, idTags), null)
      case 'update':
      case 'stop': {
        const late = this.#ended.at(-1)
        if (session !== undefined) this.#goOn(session, what, atMs, pick < 0.5)
        else if (late !== undefined && pick < 0.6 && !sessions.reusesIds) this.#goOn(late, what, atMs)
        return
      }
      case 'meter':
        this.#meterWh += 7
        return this.#sayNow(this.#dialect.meterValues(connectorId, atMs, this.#meterWh))
      case 'heartbeat':
        return this.#sayNow(heartbeatOf(), false)
      case 'authorize':
        return this.#sayNow(this.#dialect.authorize(pickBy(pick, idTags)), false)
      case 'event':
        return this.#sayNow(this.#dialect.securityEvent(atMs))
    }
  }

  /** Reports two things about one connector at one time: through two sockets, if it has two. */
  reportTwo(pick: number): void {
    const hasSession = this.#sessions.has(this.#connectorBy(pick))
    for (const what of reportedTogether(hasSession, pick)) this.report(what, pick)
  }

  /** Sends messages again that have been answered already. */
  resend(pick: number, count: number): void {
    for (let nth = 0; nth < count && this.#answered.length > 0; nth++) {
      this.#outbox.push(pickBy((pick * (nth + 1)) % 1, this.#answered))
    }
    this.#pump()
  }

  /** Sends many Heartbeats and meter values without waiting for an answer. */
  burst(count: number): void {
    const wire = this.#wire
    for (let nth = 0; nth < count; nth++) {
      const said =
        nth % 4 === 0
          ? this.#dialect.meterValues(1, this.#stamp(), (this.#meterWh += 3))
          : nth % 4 === 2
            ? this.#dialect.securityEvent(this.#stamp())
            : heartbeatOf()
      const message = this.#message(() => said, said.action !== 'Heartbeat')
      if (wire !== null && this.#isOpen) this.#send(wire, message)
      else if (message.isKept) this.#outbox.push(message)
    }
  }

  sendGarbage(pick: number): void {
    if (this.#wire === null || !this.#isOpen) return
    const text = pickBy(pick, garbage)(`${this.identity}-${++this.#calls}`)
    this.#world.onGarbage(this.#wire, text)
    this.#wire.send(text)
  }

  /** Shuffles the waiting messages. */
  shuffle(): void {
    // The events of two sessions with one id can only be assigned by their order.
    if (this.habits.sessions.reusesIds) return
    for (let at = this.#outbox.length - 1; at > 0; at--) {
      const other = this.#random.between(0, at)
      const [one, two] = [this.#outbox[at], this.#outbox[other]]
      if (one !== undefined && two !== undefined) {
        this.#outbox[at] = two
        this.#outbox[other] = one
      }
    }
  }

  onOpen(wire: Wire): void {
    if (wire !== this.#wire) return
    this.#isOpen = true
    this.#dials = 0
    if (!this.#hasBooted || this.habits.bootsAgain) {
      this.#outbox = this.#outbox.filter(({ said }) => said?.action !== 'BootNotification')
      this.#outbox.unshift(
        this.#message(
          () => this.#dialect.boot(),
          true,
          () => (this.#hasBooted = true),
        ),
      )
    }
    this.#pump()
  }

  onClosed(wire: Wire): void {
    if (wire === this.#older) return this.#leaveOlder()
    if (wire !== this.#wire) return
    this.#lost()
    if (!this.#isOnline) return
    const waitMsMax = this.#isUntroubled ? 2_000 : Math.min(30_000, 500 * 2 ** this.#dials)
    this.#world.time.after(this.#random.between(0, waitMsMax), () => {
      if (this.#isOnline && this.#wire === null) this.#dial()
    })
  }

  onText(wire: Wire, text: string): void {
    const frame: unknown = JSON.parse(text)
    if (!Array.isArray(frame)) return
    const [type, id] = frame as [number, string, ...unknown[]]
    if (type === 2) {
      this.#serve(wire, id, String(frame[2]), frame[3] as Payload)
      return
    }
    const at = this.#outstanding.findIndex(({ messageId }) => messageId === id)
    const [found] = at < 0 ? [] : this.#outstanding.splice(at, 1)
    if (found === undefined) return
    found.cancelTimeout()
    if (type === 3) {
      const isBoot = found.message.said?.action === 'BootNotification'
      if (!isBoot || !this.habits.sessions.startsTwice) this.#answered.push(found.message)
      if (this.#answered.length > answeredKept) this.#answered.shift()
      found.message.onAnswer(frame[2] as Payload)
    }
    this.#pump()
  }

  #dial(): void {
    this.#dials++
    this.#wire = this.#world.dial(this)
  }

  #lost(): void {
    const wire = this.#wire
    this.#wire = null
    this.#isOpen = false
    if (wire !== null) this.#takeBack(wire)
  }

  #leaveOlder(): void {
    const older = this.#older
    if (older === null) return
    this.#older = null
    older.hangUp('close')
    this.#takeBack(older)
    this.#pump()
  }

  // The socket is closed: unanswered messages are sent again, before everything else.
  #takeBack(wire: Wire): void {
    const own = this.#outstanding.filter((outstanding) => outstanding.wire === wire)
    for (const { cancelTimeout } of own) cancelTimeout()
    this.#outstanding = this.#outstanding.filter((outstanding) => outstanding.wire !== wire)
    this.#outbox.unshift(...own.map(({ message }) => message).filter(({ isKept }) => isKept))
  }

  /** The sockets that it sends through. */
  get #wires(): readonly Wire[] {
    const newer = this.#isOpen && this.#wire !== null ? [this.#wire] : []
    return this.#older === null ? newer : [...newer, this.#older]
  }

  #connectorBy(pick: number): number {
    return 1 + Math.floor(pick * this.habits.connectors)
  }

  #stamp(): number {
    this.#lastStampMs = Math.max(this.#world.time.nowMs + this.habits.clockOffMs, this.#lastStampMs + 1)
    return this.#lastStampMs
  }

  #message(
    say: () => Said,
    isKept: boolean,
    onAnswer: (answer: Payload) => void = () => {},
    reports: SessionPart | null = null,
  ): Message {
    return { number: ++this.#messages, station: this, isKept, said: null, say, onAnswer, reports }
  }

  #say(say: () => Said, isKept = true): void {
    this.#post(this.#message(say, isKept))
  }

  /** Reports it now or, if it `mayWait`, with later reports. */
  #post(message: Message, mayWait = false): void {
    if (mayWait && !this.#isUntroubled) this.#keptBack.push(message)
    else this.#outbox.push(message)
    this.#pump()
  }

  #sayNow(said: Said, isKept = true): void {
    this.#say(() => said, isKept)
  }

  #reportHeldBack(): void {
    this.#outbox.push(...this.#keptBack.splice(0))
    this.#pump()
  }

  /** A time in a session: in whole seconds, if its habits say so. */
  #sessionMs(atMs: number): number {
    return this.habits.version === '2.0.1' && this.habits.sessions.isCoarse ? atMs - (atMs % 1_000) : atMs
  }

  #start(connectorId: number, idTag: string, remoteStartId: number | null): void {
    const { sessions: habits, version } = this.habits
    // An id has one session at a time.
    if (habits.reusesIds && this.#sessions.has(connectorId)) return
    // All sessions begin with different registers.
    this.#meterWh++
    const beginning = {
      connectorId,
      idTag,
      startedAtMs: this.#sessionMs(this.#stamp()),
      meterStartWh: this.#meterWh,
      stationTransactionId: `tx-${this.identity}-${habits.reusesIds ? connectorId : this.#messages}`,
      remoteStartId,
    }
    const session = newSession(beginning, this.habits)
    this.#sessions.set(connectorId, session)
    this.#reportStart(session, session)
    if (habits.cardComes !== 'withStart') {
      this.#post(this.#next(session, 'update', this.#sessionMs(this.#stamp()), true), true)
    }
    if (version !== '2.0.1' || !habits.startsTwice || !this.#hasBooted) return
    session.seqNo++
    this.#meterWh += 3
    this.#reportStart(session, {
      ...session,
      idTag: idTag === idTags[0] ? idTags[1] : idTags[0],
      startedAtMs: this.#sessionMs(this.#stamp()),
      meterStartWh: this.#meterWh,
    })
  }

  /** @param reported the session as its start reports it. */
  #reportStart(session: Session, reported: Session): void {
    const { startedAtMs: atMs, meterStartWh, idTag, habits } = reported
    const registerWh = this.habits.version === '2.0.1' && habits.energy === 'intervals' ? null : meterStartWh
    if (registerWh !== null) session.truth.registers.push({ atMs, wh: registerWh })
    const said = this.#dialect.start({ ...reported })
    const onAnswer = ({ transactionId }: Payload): void => {
      if (typeof transactionId === 'number') session.transactionId = transactionId
    }
    const part = { session, what: 'start', atMs, idTag, registerWh } as const
    this.#post(
      this.#message(() => said, true, onAnswer, part),
      startsLate(session),
    )
  }

  /** @param mayWait whether it may be held back until the next session has begun. */
  #goOn(session: Session, what: 'update' | 'stop', stampMs: number, mayWait = false): void {
    const { reusesIds, endsTwice } = this.habits.sessions
    const message = this.#next(session, what, this.#sessionMs(stampMs))
    this.#post(message, what === 'update' && mayWait && reusesIds)
    if (what === 'stop' && endsTwice) this.#outbox.push(this.#next(session, what, this.#sessionMs(this.#stamp())))
    this.#pump()
    if (what === 'update') return
    this.#sessions.delete(session.connectorId)
    this.#ended.push(session)
  }

  /** The next message of a session. */
  #next(session: Session, what: 'update' | 'stop', atMs: number, reportsCard = repeatsCard(session)): Message {
    this.#meterWh += 11
    session.seqNo++
    session.meterWh = meterShows(session, what, this.#meterWh)
    const then = { ...session, reportsCard }
    const { truth, idTag } = session
    const { version } = this.habits
    const registerWh = noteReading(session, what, atMs, version)
    const say = (): Said => {
      truth.isUnnamed ||= version === '1.6' && session.transactionId === null
      return this.#dialect[what]({ ...then, transactionId: session.transactionId }, atMs)
    }
    return this.#message(say, true, undefined, { session, what, atMs, idTag, registerWh })
  }

  #pump(): void {
    const outstandingMax = this.habits.isHasty && !this.#isUntroubled ? hastyCallsMax : 1
    const underWay = (wire: Wire): number => this.#outstanding.filter((outstanding) => outstanding.wire === wire).length
    for (;;) {
      const free = this.#wires.filter((wire) => underWay(wire) < outstandingMax)
      const [only] = free
      const message = only === undefined ? undefined : this.#outbox.shift()
      if (only === undefined || message === undefined) return
      this.#send(free.length > 1 ? this.#random.pick(free) : only, message)
    }
  }

  #send(wire: Wire, message: Message): void {
    message.said ??= asWritten(message.say(), this.habits)
    if (this.#older !== null && message.reports !== null) message.reports.session.truth.isReportedThroughTwo = true
    const messageId = `${this.identity}-${++this.#calls}`
    const outstanding: Outstanding = { wire, messageId, message, attempts: 0, cancelTimeout: () => {} }
    this.#outstanding.push(outstanding)
    this.#transmit(wire, outstanding, message.said)
  }

  #transmit(wire: Wire, outstanding: Outstanding, { action, payload }: Said): void {
    outstanding.attempts++
    this.#world.onCall(wire, outstanding.messageId, outstanding.message)
    const patienceMs = this.#isUntroubled ? Math.max(calmPatienceMs, this.habits.patienceMs) : this.habits.patienceMs
    outstanding.cancelTimeout()
    outstanding.cancelTimeout = this.#world.time.after(patienceMs, () => this.#giveUp(wire, outstanding))
    wire.send(JSON.stringify([2, outstanding.messageId, action, payload]))
  }

  // The answer is too late.
  #giveUp(wire: Wire, outstanding: Outstanding): void {
    const { message } = outstanding
    if (!this.#wires.includes(wire) || message.said === null) return
    const isTired = outstanding.attempts >= attemptsMax
    if (this.habits.retries === 'sameId' && message.isKept && !isTired) {
      return this.#transmit(wire, outstanding, message.said)
    }
    if (wire === this.#older) return this.#leaveOlder()
    if (this.habits.retries === 'reconnect' || (isTired && message.isKept)) return this.drop('reset', false)
    this.#outstanding = this.#outstanding.filter((other) => other !== outstanding)
    if (message.isKept) this.#outbox.unshift(message)
    this.#pump()
  }

  #serve(wire: Wire, id: string, action: string, payload: Payload): void {
    const habit: AnswerHabit = this.#isUntroubled ? 'inTime' : this.#random.weighted(this.habits.answers)
    answerCall(habit, { wire, id, action }, this.#world.time, this.#random)
    if (habit === 'inTime') this.#obey(action, payload)
  }

  #obey(action: string, payload: Payload): void {
    const asked = askedIn(action, payload)
    if (asked === null) return
    // The driver plugs in at once, or after a while.
    const waitMsMax = this.#random.weighted({ 3_000: 6, 60_000: 3, [remoteStartPromiseMs + 1_000]: 1 })
    this.#world.time.after(this.#random.between(0, Number(waitMsMax)), () => {
      if (asked.what === 'start') return this.#start(asked.connectorId, asked.idTag, asked.remoteStartId)
      if (asked.what === 'trigger') return this.report(asked.reports, this.#random.next())
      // A session that has ended meanwhile is not ended again: its id may have been used again.
      const session = [...this.#sessions.values()].find((one) => isNamed(one, asked.transactionId))
      if (session !== undefined) this.#goOn(session, 'stop', this.#stamp())
    })
  }
}
