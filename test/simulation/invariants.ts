// What must be true after every step, whatever went wrong. The watch compares the frames on the wires with the commits
// of the database, without knowing how Stator works.

import { callQueueCallsMax, inboxFramesMax, openTransactionsMax, writerChangesMax } from '../../src/base/limits.ts'
import type { ChangeSet, CommitOutcome, Payload } from '../../src/blocks/decision.ts'
import { checkResponse } from '../../src/examine/schema.ts'
import { rowOf } from '../../src/blocks/messages.ts'
import type { Registry } from '../../src/station/registry.ts'
import type { Writer } from '../../src/store/writer.ts'
import { problemAtRest } from './at-rest.ts'
import { copyKey, type CountedTable, type DatabaseModel } from './database-model.ts'
import { fencedProblem, fencedState } from './fenced-state.ts'
import { tableOf } from './kept-in.ts'
import type { Message } from './message.ts'
import { hasUsableTimes } from './plan.ts'
import { stateText, withoutTransactions } from './shown-state.ts'
import { Presence } from './presence.ts'
import type { Rule, Violation } from './rules.ts'
import { readAheadFrames, type ServerEnd, type Wire } from './simulated-network.ts'
import type { SimulatedStation } from './station.ts'
import { UntimedStatuses } from './untimed-statuses.ts'

/** The parts of a process that the watch reads. */
export interface WatchedProcess extends ServerEnd {
  readonly registry: Registry
  readonly writer: Pick<Writer, 'stats'>
  readonly isFrozen: boolean
  /** Number of the last change by others that it was notified of. */
  readonly fencesSeen: number
  /** Commands of operators to this charge point that have not ended. */
  callsUnderWay(identity: string): number
}

interface ReceivedCall {
  readonly messageId: string
  /** Null for garbage. */
  readonly message: Message | null
  isAnswered: boolean
}

/** The state of one wire. */
interface WireLog {
  readonly calls: ReceivedCall[]
  /** Position of the last CALL that was answered. */
  answeredTo: number
  waiting: number
  readonly garbage: string[]
  ownCall: { readonly messageId: string; readonly sentAtMs: number } | null
}

interface UnderWay {
  readonly count: number
  /** States that the actor may show during a commit. */
  readonly states: Set<string>
}

const tolerated: ReadonlySet<string> = new Set([
  'The database cannot be reached; changes wait, and charge points are not answered.',
  'The database refuses a change for what it holds.',
  'A message could not be served.',
])

export class Watch {
  readonly #model: DatabaseModel
  readonly #nowMs: () => number
  readonly #callTimeoutMs: number
  readonly #wires = new Map<Wire, WireLog>()
  readonly #sent = new Map<string, Message>()
  readonly #answers = new Map<Message, string>()
  /** Of each process, by charge point. */
  readonly #underWay = new Map<ServerEnd, Map<number, UnderWay>>()
  /** Sets that are being committed, by charge point. */
  readonly #committing = new Map<ServerEnd, Map<number, ChangeSet>>()
  /** Position of the last committed CALL of each connection. */
  readonly #lastCommitted = new Map<string, number>()
  /** Message ids of the CALLs of each charge point, in the order in which they came. */
  readonly #received = new Map<number, string[]>()

  /** Charge points with more open transactions than an actor holds: it does not have all of them. */
  readonly #crowded = new Set<number>()
  readonly #untimedStatuses = new UntimedStatuses()

  /** Charge points with an event since the last check. */
  readonly #touched = new Set<number>()
  readonly presence = new Presence()
  #violation: Violation | null = null

  constructor(model: DatabaseModel, nowMs: () => number, callTimeoutMs: number) {
    this.#model = model
    this.#nowMs = nowMs
    this.#callTimeoutMs = callTimeoutMs
  }

  /** The first violation; null while there is none. */
  get violation(): Violation | null {
    return this.#violation
  }

  stationCalls(wire: Wire, messageId: string, message: Message): void {
    this.#sent.set(sentKey(wire, messageId), message)
  }

  stationSendsGarbage(wire: Wire, text: string): void {
    this.#log(wire).garbage.push(text)
  }

  /** @param isEnding whether the connection accepts nothing any more: then frames are dropped. */
  serverReceives(wire: Wire, text: string, isEnding: boolean): void {
    this.#touch(wire)
    const log = this.#log(wire)
    const frame = parsed(text)
    const [type, messageId] = frame ?? brokenAnswer(text)
    if (typeof messageId !== 'string') return
    if (type === 2) {
      const message = this.#sent.get(sentKey(wire, messageId)) ?? null
      log.calls.push({ messageId, message, isAnswered: false })
      if (message !== null) {
        const { key } = message.station
        const received = this.#received.get(key)
        if (received === undefined) this.#received.set(key, [messageId])
        else received.push(messageId)
      }
      if (message !== null) log.waiting++
      const waitingMax = inboxFramesMax + readAheadFrames + 1
      if (log.waiting > waitingMax && !isEnding) {
        this.#fail('bounded', `${log.waiting} CALLs of ${nameOf(wire)} wait; expected at most ${waitingMax}.`)
      }
    } else if (log.ownCall?.messageId === messageId) {
      log.ownCall = null
    }
  }

  serverSends(wire: Wire, text: string): void {
    this.#touch(wire)
    const log = this.#log(wire)
    const frame = parsed(text)
    if (frame === null) return this.#fail('validAnswer', `${nameOf(wire)} is sent what is no frame: ${text}`)
    const [type, messageId] = frame
    if (type === 2) return this.#ownCall(wire, log, String(messageId))
    const place = log.calls.findIndex(
      (call, at) => at > log.answeredTo && call.messageId === messageId && !call.isAnswered,
    )
    const call = log.calls[place]
    if (call === undefined) {
      const isAboutGarbage = messageId === '-1' || log.garbage.some((sent) => sent.includes(JSON.stringify(messageId)))
      const seen = `${nameOf(wire)} is answered under ${String(messageId)}, which is not its turn: ${text}`
      return isAboutGarbage ? undefined : this.#fail('inOrder', seen)
    }
    log.answeredTo = place
    call.isAnswered = true
    if (call.message === null) return
    log.waiting--
    if (type === 3) this.#acknowledged(wire, call.message, frame[2] as Payload, text)
    else this.#refused(wire, call.message, text)
  }

  /** Stator does not answer a CALL, so that it is sent again. */
  leftUnanswered(identity: string, messageId: string): void {
    for (const [wire, log] of this.#wires) {
      if (nameOf(wire) !== identity) continue
      const call = log.calls.find((one) => one.messageId === messageId && !one.isAnswered)
      if (call === undefined) continue
      call.isAnswered = true
      if (call.message !== null) log.waiting--
      return
    }
  }

  logsError(sentence: string, error: unknown): void {
    if (!tolerated.has(sentence)) this.#fail('noFailure', `${sentence} (${String(error)})`)
  }

  /** A change of a stored charge point begins; the returned function is called when it is over. */
  changes(key: number, process: ServerEnd): () => void {
    this.#touched.add(key)
    const all = ofProcess(this.#underWay, process)
    const states = all.get(key)?.states ?? new Set([this.stateStored(key)])
    all.set(key, { count: (all.get(key)?.count ?? 0) + 1, states })
    return () => {
      this.#touched.add(key)
      const count = (all.get(key)?.count ?? 1) - 1
      if (count === 0) all.delete(key)
      else all.set(key, { count, states })
    }
  }

  /** The pipeline of a process commits what a CALL caused. */
  commits(set: ChangeSet, process: ServerEnd): () => void {
    const { chargePointKey: key } = set
    const isFromCall = set.fact !== undefined || set.changes.length > 0 || set.meter !== null
    const ended = this.changes(key, process)
    if (!isFromCall) return ended
    const all = ofProcess(this.#committing, process)
    const other = all.get(key)
    if (other !== undefined) {
      this.#fail('oneCallAtATime', `CP${key}: ${set.messageId} is committed while ${other.messageId} is.`)
    }
    all.set(key, set)
    return () => {
      all.delete(key)
      ended()
    }
  }

  /** The database stores a group; `commit` does it, and returns the outcome of each set. */
  stores(sets: readonly ChangeSet[], commit: () => readonly CommitOutcome[], isGhost: boolean): void {
    const before = new Map(sets.map(({ chargePointKey: key }) => [key, fencedState(this.#model, key)]))
    const broken = sets.flatMap((set) => this.#model.promises.brokenBy(set, this.#nowMs()))
    const outcomes = commit()
    // A fact that is in the ledger already does not begin a transaction again.
    for (const { id, seen } of broken) if (this.#model.transactions.has(id)) this.#fail('promiseKept', seen)
    const stored = sets.filter((_, place) => outcomes[place]?.isOutdated !== true)
    for (const set of stored) {
      const { chargePointKey: key } = set
      if (!isGhost) this.#checkOrder(set)
      this.#untimedStatuses.committed(set)
      this.#touched.add(key)
      for (const all of this.#underWay.values()) all.get(key)?.states.add(this.stateStored(key))
    }
    for (const [key, state] of before) {
      const problem = fencedProblem(this.#model, key, state, stored)
      if (problem !== null) this.#fail('fenced', problem)
    }
  }

  /** The process has died: its CALLs under way are dropped. */
  died(process: ServerEnd): void {
    this.#underWay.delete(process)
    this.#committing.delete(process)
  }

  /** Checks what must hold at any time, for every charge point with an event since the last check. */
  check(nodes: readonly WatchedProcess[], stations: readonly SimulatedStation[]): void {
    if (this.#touched.size === 0 || nodes.length === 0) return
    for (const node of nodes) {
      const { waiting } = node.writer.stats
      if (waiting > writerChangesMax) this.#fail('bounded', `${waiting} change sets wait for the writer.`)
    }
    for (const station of stations) {
      if (!this.#touched.delete(station.key)) continue
      for (const node of nodes) this.#checkActor(node, station)
    }
  }

  #checkActor(node: WatchedProcess, { key, identity }: SimulatedStation): void {
    const connected = node.registry.get(identity)
    const row = this.#model.chargePoints.get(key)
    if (connected === undefined || row === undefined) return
    const { live } = connected
    if (live.epoch > row.epoch)
      this.#fail('oneOwner', `${identity} lives under epoch ${live.epoch}; the last given is ${row.epoch}.`)
    if (live.isClosed) this.#fail('oneOwner', `${identity} is registered and closed.`)
    if (node.callsUnderWay(identity) > callQueueCallsMax + 1) {
      this.#fail('bounded', `${node.callsUnderWay(identity)} commands wait for ${identity}.`)
    }
    // A closed connection shows nothing any more; its end is not processed yet.
    if (connected.isClosed) return
    // It may not know the changes of others before it is notified, and then reads them before the next decision.
    if (live.epoch < row.epoch || this.#model.fences.of(key) > node.fencesSeen) return
    const underWay = this.#underWay.get(node)?.get(key)
    const treated = live.chargePoint.registrationStatus
    const wanted = row.registrationStatus
    if (treated !== wanted && underWay === undefined) {
      this.#fail('actorAsStored', `${identity} is to be ${wanted} and is treated as ${treated}.`)
    }
    if (live.isDoubtful) return
    const shown = this.#stateShown(node, identity)
    const stored = this.stateStored(key)
    const agrees = this.#crowded.has(key)
      ? (text: string): boolean => withoutTransactions(text) === withoutTransactions(shown)
      : (text: string): boolean => text === shown
    if (!agrees(stored) && ![...(underWay?.states ?? [])].some(agrees)) {
      this.#fail('actorAsStored', `${identity} shows ${shown}; stored is ${stored}.`)
    }
  }

  /** @param soundSinceMs since when the database has had no fault. */
  checkPresence(nodes: readonly WatchedProcess[], stations: readonly SimulatedStation[], soundSinceMs: number): void {
    const wrong = this.presence.check(this.#model, nodes, stations, this.#nowMs(), soundSinceMs)
    if (wrong !== null) this.#fail('presence', wrong)
  }

  /** CALLs that `node` has received and not answered yet, as a text; null if there are none. */
  waiting(node: WatchedProcess): string | null {
    for (const [wire, log] of this.#wires) {
      const open = log.calls.find((call) => call.message !== null && !call.isAnswered)
      if (open !== undefined && wire.isServerOpen && wire.server === node) {
        return `${nameOf(wire)}: ${open.messageId} (${open.message?.said?.action}) has no answer`
      }
    }
    return null
  }

  /** Without faults, something still waits. */
  neverRests(seen: string): void {
    this.#fail('answered', seen)
  }

  /** Checks what must hold once nothing is under way. */
  checkAtRest(nodes: readonly WatchedProcess[], stations: readonly SimulatedStation[]): void {
    for (const { key } of stations) this.#touched.add(key)
    this.check(nodes, stations)
    for (const { key, identity } of stations) {
      const row = this.#model.chargePoints.get(key)
      const epochs = nodes.flatMap(({ registry }) => registry.get(identity)?.live.epoch ?? [])
      if (epochs.length !== 1 || epochs[0] !== row?.epoch || row?.connected !== true) {
        const stored = `epoch ${row?.epoch}, ${row?.connected ? 'connected' : 'not connected'}`
        this.#fail('oneOwner', `${identity} lives under epoch ${epochs.join(' and ') || 'none'}; stored is ${stored}.`)
      }
    }
    for (const message of this.#answers.keys()) this.#checkStored(message, 'storedOnce')
    const problem = problemAtRest(this.#model, [...this.#answers.keys()])
    if (problem !== null) this.#fail(problem.rule, problem.seen)
    this.#violation ??= this.#untimedStatuses.violation(this.#model)
  }

  /** The state that the actor of a charge point has to show, as a text. */
  stateStored(key: number): string {
    const row = this.#model.chargePoints.get(key)
    if (row === undefined) return ''
    const open = this.#model.openTransactionsOf(key)
    if (open.length >= openTransactionsMax) this.#crowded.add(key)
    return stateText(
      row,
      this.#model.connectorsOf(key),
      open.map((transaction) => ({ ...transaction, transactionId: transaction.id })),
      row.version,
    )
  }

  #stateShown(node: WatchedProcess, identity: string): string {
    const live = node.registry.get(identity)?.live
    if (live === undefined) return ''
    const { untimedFacts } = live
    return stateText(
      { ...live.chargePoint, untimedFacts },
      live.connectors(),
      live.openTransactions(),
      live.chargePoint.version,
    )
  }

  #touch({ station }: Wire): void {
    this.#touched.add(station.key)
  }

  // Noted, not thrown: the watched code would catch it.
  #fail(rule: Rule, seen: string): void {
    this.#violation ??= { rule, seen }
  }

  #log(wire: Wire): WireLog {
    let log = this.#wires.get(wire)
    if (log === undefined) {
      log = { calls: [], answeredTo: -1, waiting: 0, garbage: [], ownCall: null }
      this.#wires.set(wire, log)
    }
    return log
  }

  #ownCall(wire: Wire, log: WireLog, messageId: string): void {
    const { ownCall } = log
    const nowMs = this.#nowMs()
    if (ownCall !== null && nowMs - ownCall.sentAtMs < this.#callTimeoutMs) {
      this.#fail(
        'oneCallAtATime',
        `${nameOf(wire)} is sent ${messageId} while it has yet to answer ${ownCall.messageId}.`,
      )
    }
    log.ownCall = { messageId, sentAtMs: nowMs }
  }

  #acknowledged(wire: Wire, message: Message, answer: Payload, text: string): void {
    const { said } = message
    if (said === null) return
    const { version } = message.station.habits
    const problem = checkResponse(version, said.action, answer)[0]
    if (problem !== undefined) this.#fail('validAnswer', `${nameOf(wire)} is answered ${text}: ${problem.message}`)
    this.#checkStored(message, 'acknowledgedIsStored')
    if (rowOf(version, said.action)?.durability !== 'committed' || tableOf(said.action) !== 'facts') {
      this.#answers.set(message, '')
      return
    }
    const first = this.#answers.get(message)
    const shown = JSON.stringify(answer)
    if (first !== undefined && first !== shown && hasUsableTimes(message.station.habits)) {
      this.#fail('storedOnce', `${said.action} ${JSON.stringify(said.payload)} is answered ${shown}, and was ${first}.`)
    }
    this.#answers.set(message, shown)
  }

  #refused(wire: Wire, { station, said }: Message, text: string): void {
    if (said === null) return
    const isTransactional = rowOf(station.habits.version, said.action)?.transactional === true
    if (isTransactional && station.habits.strictness === 'lenient') {
      this.#fail(
        'neverRefused',
        `${nameOf(wire)} sent ${said.action} ${JSON.stringify(said.payload)}, and gets ${text}`,
      )
    }
  }

  /** Each fact in a message is in the database exactly once. */
  #checkStored({ said, station }: Message, rule: 'acknowledgedIsStored' | 'storedOnce'): void {
    if (said === null) return
    const { key, habits } = station
    // Without a time of its own, a retransmission after other messages cannot be distinguished from a new message.
    const hasTime = hasUsableTimes(habits)
    const { meterValue, transactionData, ...payload } = said.payload
    const values = [meterValue, transactionData].flatMap((list) => (Array.isArray(list) ? list : []))
    for (const value of values) this.#checkCopies('meterValues', key, JSON.stringify(value), rule, !hasTime)
    const table = tableOf(said.action)
    if (table === null) return
    const text = JSON.stringify(payload)
    // Boots are all kept: some charge points give every boot the same message id, so boots cannot be distinguished.
    const isEveryOneKept = said.action === 'BootNotification' || !hasTime
    this.#checkCopies(table, key, text, rule, isEveryOneKept)
  }

  #checkCopies(table: CountedTable, key: number, text: string, rule: Rule, mayRepeat = false): void {
    const copies = this.#model.copies.get(copyKey(table, key, text)) ?? 0
    if (copies === 0) this.#fail('acknowledgedIsStored', `CP${key} has an answer to ${text}, which is not in ${table}.`)
    if (copies > 1 && !mayRepeat)
      this.#fail('storedOnce', `CP${key}: ${text} stands ${copies} times in ${table}. (${rule})`)
  }

  // Sets of one connection are committed in the order in which their CALLs came.
  #checkOrder({ chargePointKey: key, epoch, messageId, fact, changes, meter }: ChangeSet): void {
    const received = this.#received.get(key)
    if (received === undefined || (fact === undefined && changes.length === 0 && meter === null)) return
    if (!received.includes(messageId)) return
    const connection = `${key}/${epoch}`
    const last = this.#lastCommitted.get(connection) ?? 0
    const place = received.indexOf(messageId, last)
    if (place < 0) {
      const before = `${received[last]} of the same connection`
      this.#fail('inOrder', `CP${key}: ${messageId} under epoch ${epoch} is committed after ${before}.`)
    }
    this.#lastCommitted.set(connection, place)
  }
}

function ofProcess<T>(all: Map<ServerEnd, Map<number, T>>, process: ServerEnd): Map<number, T> {
  const found = all.get(process) ?? new Map<number, T>()
  all.set(process, found)
  return found
}

function nameOf({ station }: Wire): string {
  return station.identity
}

function sentKey(wire: Wire, messageId: string): string {
  return `${wire.number}/${messageId}`
}

/** Type and message id of a truncated answer, which still ends its CALL. */
function brokenAnswer(text: string): readonly unknown[] {
  const head = /^\[([34]),"([^"\\]*)"/.exec(text)
  return head === null ? [] : [Number(head[1]), head[2]]
}

function parsed(text: string): readonly unknown[] | null {
  try {
    const frame: unknown = JSON.parse(text)
    return Array.isArray(frame) ? frame : null
  } catch {
    return null
  }
}
