// The connections of charge points from the open socket to the close: one per charge point, its CALLs given to the dispatcher
// and the pipeline, its answers to its actor. How sockets come about is none of its business.

import type { LiveChargePoint, Registry } from '../../actors/registry.ts'
import type { OcppSettings } from '../base/config.ts'
import { hideFrameSecrets } from '../base/hide-frame-secrets.ts'
import { StatorError } from '../base/errors.ts'
import {
  allowanceBytesPerSecond,
  drainConnectionsMin,
  drainMsMax,
  drainPaceMs,
  drainTurnMs,
  floodMsMax,
} from '../base/limits.ts'
import type { Anomaly } from '../csms/decision.ts'
import type { MeterBlock } from '../csms/meter-block.ts'
import type { ClosedBy, ConnectionEnd, Hydration, MessageLogLine } from '../csms/records.ts'
import { type AnswerTask, gaveUp, type ReadAnswer, readAnswer } from '../ocpp/answer.ts'
import { isLongFrame, peekFrameType, peekMessageId } from '../ocpp/frame.ts'
import type { FrameTask, Verdict } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import {
  closeAbnormal,
  closeGoingAway,
  closePolicyViolation,
  closeTryAgainLater,
  Connection,
  type ConnectionOptions,
  newerConnection,
  type ReceivedFrame,
  type Socket,
} from './connection.ts'
import { Allowances, Turns } from './allowance.ts'
import { type BatchExaminer, Dispatcher } from './dispatcher.ts'
import { Intake } from './intake.ts'
import { Pipeline, type PipelineDeps } from './pipeline.ts'

// Close codes, RFC 6455 §7.4.1.
const closeProtocolError = 1002
const closeMessageTooBig = 1009

// The runtime sends 1009, and tells us 1006 with this reason.
const runtimeSaysTooBig = 'Received too big message'

/** Who ended a connection that we did not close ourselves: the runtime does so when a frame is too big. */
function closedBy(closeCode: number): ClosedBy {
  if (closeCode === closeMessageTooBig) return 'centralSystem'
  return closeCode === closeAbnormal ? 'lost' : 'chargePoint'
}

/** Examines frames; `workers/pool.ts` is the real one. */
export interface FrameExaminer extends BatchExaminer {
  /** Examines a frame that is not worth a batch; null when it is. */
  examineAtOnce(task: FrameTask): { readonly verdict: Verdict; readonly meter: MeterBlock | null } | null
  /** Reads an answer of more than `shortFrameCharactersMax` characters, off the main thread. */
  readLongAnswer(task: AnswerTask): Promise<ReadAnswer>
}

export interface ConnectionsDeps extends Omit<PipelineDeps, 'heartbeatIntervalSeconds' | 'rehydrate'> {
  readonly settings: Pick<OcppSettings, 'heartbeatIntervalSeconds' | 'messageLog' | 'messageBytesMax'>
  readonly registry: Registry
  readonly examiner: FrameExaminer
  /** Calls back after the current turn of the event loop; `setImmediate`, unless a test has turns of its own. */
  readonly defer?: (callback: () => void) => void
  /**
   * Claims the connection and reads what the charge point's actor starts from. Fails with `NOT_FOUND` when the charge
   * point was deleted, or `credential`, the stored hash that it authenticated with, is not one of its own any more.
   */
  readonly connect: (chargePointKey: number, version: OcppVersion, credential: Uint8Array | null) => Promise<Hydration>
  readonly disconnect: (chargePointKey: number, epoch: number, end: ConnectionEnd) => Promise<void>
  readonly appendMessageLog: (line: MessageLogLine) => void
}

/** Every open connection. */
export class Connections {
  readonly #deps: ConnectionsDeps
  readonly #pipeline: Pipeline
  readonly #dispatcher: Dispatcher
  readonly #connections = new Set<Connection>()
  /** The connection of each charge point; a newer one takes its place. */
  readonly #current = new Map<string, Connection>()
  readonly #allowances: Allowances
  /** Message ids of the CALLs whose long answers are being read. */
  readonly #reading = new Map<Connection, string>()
  readonly #isTracing: boolean
  readonly #connectionOptions: ConnectionOptions
  #isDraining = false

  constructor(deps: ConnectionsDeps) {
    this.#deps = deps
    const { registry, lookups, settings } = deps
    this.#pipeline = new Pipeline({
      ...deps,
      heartbeatIntervalSeconds: settings.heartbeatIntervalSeconds,
      rehydrate: (live) => registry.rehydrate(live, () => lookups.rehydrate(live.chargePoint.key)),
    })
    const { defer = setImmediate, counters, clock } = deps
    const onFailure = (error: unknown) => deps.log.error({ error }, 'A message was not served to its end.')
    this.#dispatcher = new Dispatcher(deps.examiner, onFailure, defer)
    this.#allowances = new Allowances(clock)
    this.#isTracing = deps.log.isEnabled('Trace')
    this.#connectionOptions = {
      counters,
      clock,
      turns: new Turns(defer),
      intake: new Intake(),
      messageBytesMax: deps.settings.messageBytesMax,
      onFrame: (from, direction, text) => this.#onFrame(from, direction, text),
      serve: (from, frame) => this.#serve(from, frame),
      onFlood: (from) => this.#onFlood(from),
    }
  }

  /** Bytes of frames that have been read and are not served yet. */
  get receivedBytes(): number {
    return this.#connectionOptions.intake.bytes
  }

  /** Whether no connection is to be begun any more. */
  get isDraining(): boolean {
    return this.#isDraining
  }

  /** Begins nothing new, finishes the CALLs under way, and closes the sockets with 1001. */
  async drain(): Promise<void> {
    this.#isDraining = true
    const { clock, registry } = this.#deps
    for (const live of registry) live.drain()
    let cancel = (): void => {}
    const isOver = new Promise<void>((resolve) => (cancel = clock.after(drainMsMax, resolve)))
    await Promise.race([this.#paceOut(), isOver])
    cancel()
    for (const connection of this.#connections) this.#sendAway(connection)
  }

  /** A socket has opened; `Socket.data` says whose it is. */
  open(socket: Socket): void {
    const { version } = socket.data
    if (version === null) {
      socket.data.leave()
      socket.close(closeProtocolError, 'No common subprotocol: offer ocpp1.6 or ocpp2.0.1.')
      return
    }
    const allowance = this.#allowances.opened(socket.data.identity)
    const connection = new Connection(socket, version, allowance, this.#connectionOptions)
    socket.data.connection = connection
    this.#deps.counters.connectionsOpened++
    this.#connections.add(connection)
    const older = this.#current.get(connection.identity)
    this.#current.set(connection.identity, connection)
    connection.beginning = this.#begin(connection, older).finally(socket.data.leave)
  }

  /** A frame has come. */
  receive(socket: Socket, message: string | Buffer): void {
    const { connection } = socket.data
    if (connection === undefined) return
    const text = typeof message === 'string' ? message : message.toString('utf8')
    this.#deps.counters.framesReceived++
    const nowMs = this.#deps.clock.nowMs()
    const type = peekFrameType(text)
    if (type === 3 || type === 4 || type === 5) {
      const hasAllowance = connection.receivedAnswer(text.length, nowMs)
      // One read from a socket may hold a hundred thousand answers, and the others wait until all of them have been looked at.
      if (!hasAllowance && connection.live?.awaitsAnswer !== true) {
        this.#deps.counters.framesDropped++
        return
      }
      this.#onFrame(connection, 'fromChargePoint', text)
      this.#answer(connection, text, nowMs)
      return
    }
    this.#onFrame(connection, 'fromChargePoint', text)
    connection.receive({ text, receivedAtMs: nowMs })
  }

  /** A socket has closed, whoever closed it. */
  close(socket: Socket, code: number, reason: string): void {
    const { connection } = socket.data
    if (connection === undefined) return
    const isTooBig = reason === runtimeSaysTooBig
    const closeCode = isTooBig ? closeMessageTooBig : code
    connection.closed(closedBy(closeCode), closeCode, reason)
    this.#connections.delete(connection)
    this.#allowances.closed(connection.identity)
    this.#deps.counters.connectionsClosed++
    if (isTooBig) this.#onTooBig(connection)
    // Whoever comes next waits for what this one has under way.
    void connection.settled().then(() => {
      if (this.#current.get(connection.identity) === connection) this.#current.delete(connection.identity)
    })
    this.#deps.log.info({ identity: connection.identity, closeCode, reason }, 'A connection was closed.')
    if (connection.live !== null) this.#release(connection, connection.live)
  }

  /** Ends some connections, then some more: all at once, they would all dial again in the same moment. The others are served meanwhile. */
  async #paceOut(): Promise<void> {
    const connections = [...this.#connections]
    const atOnce = Math.max(drainConnectionsMin, Math.ceil((connections.length * drainTurnMs) / drainPaceMs))
    const ends: Promise<void>[] = []
    for (let from = 0; from < connections.length; from += atOnce) {
      if (from > 0) await new Promise<void>((resolve) => this.#deps.clock.after(drainTurnMs, resolve))
      for (const connection of connections.slice(from, from + atOnce)) {
        connection.drain()
        ends.push(connection.idle().then(() => this.#sendAway(connection)))
      }
    }
    await Promise.all(ends)
  }

  #sendAway(connection: Connection): void {
    connection.drain()
    connection.close(closeGoingAway, 'The central system is stopping.')
  }

  /**
   * Reads the charge point from the database and starts its actor. An older connection of the same charge point is closed
   * first, and what it has under way is finished first, so that the new one starts from a settled state.
   */
  async #begin(connection: Connection, older: Connection | undefined): Promise<void> {
    const { identity, chargePointKey, version } = connection
    const { registry } = this.#deps
    const arrival = registry.arriving({ key: chargePointKey, identity }, connection)
    try {
      if (older !== undefined) {
        if (!older.isClosed) this.#deps.counters.connectionsReplaced++
        older.close(closeGoingAway, newerConnection)
        await older.settled()
        if (connection.isClosed) return
      }
      registry.reading(arrival)
      const hydration = await this.#deps.connect(chargePointKey, version, connection.takeCredential())
      if (connection.end !== null) {
        await this.#deps.disconnect(chargePointKey, hydration.epoch, connection.end)
        return
      }
      connection.begin(registry.connect(hydration, connection, arrival))
      this.#deps.log.info(
        { identity, version, epoch: hydration.epoch, remoteAddress: connection.remoteAddress },
        'A charge point is connected.',
      )
    } catch (error) {
      if (error instanceof StatorError && error.code === 'NOT_FOUND') {
        this.#deps.log.info({ identity, reason: error.message }, 'A connection was closed before it had begun.')
        connection.close(closePolicyViolation, 'Credentials changed')
        return
      }
      this.#deps.log.warn({ identity, error }, 'A charge point could not be read from the database; it is sent away.')
      connection.close(closeTryAgainLater, 'The database cannot be reached.')
    } finally {
      registry.arrived(identity, arrival)
    }
  }

  // Answers to our own CALLs pass by the inbox: the two directions never wait for each other. One that nobody waits for is not
  // even parsed: whoever sends such answers chooses how much work that would be.
  #answer(connection: Connection, text: string, nowMs: number): void {
    const { log } = this.#deps
    const { identity, live, version } = connection
    if (live !== null) live.lastSeenAtMs = nowMs
    const messageId = peekMessageId(text)
    if (live === null || messageId === null) {
      this.#dropAnswer(connection, 'It is an answer, and it does not say to which CALL.')
      return
    }
    const answerTo = live.awaitedAction(messageId)
    if (answerTo === null) {
      log.info({ identity, messageId }, 'An answer came that nobody waits for; nothing is sent back.')
      return
    }
    const { strictness, timeZone } = live.chargePoint
    const task: AnswerTask = { text, version, strictness, timeZone: timeZone ?? undefined, answerTo }
    if (this.#reading.get(connection) === messageId)
      this.#dropAnswer(connection, 'The CALL has an answer, which is being read.')
    else if (isLongFrame(text)) this.#readLong(connection, live, messageId, task)
    else this.#takeAnswer(connection, live, messageId, answerTo, readAnswer(task))
  }

  #dropAnswer({ identity }: Connection, reason: string): void {
    this.#deps.counters.framesDropped++
    this.#deps.log.info({ identity, reason }, 'A frame was dropped.')
  }

  #readLong(connection: Connection, live: LiveChargePoint, messageId: string, task: AnswerTask): void {
    this.#reading.set(connection, messageId)
    this.#deps.examiner
      .readLongAnswer(task)
      .catch((error: unknown): ReadAnswer => {
        this.#deps.log.warn({ identity: connection.identity, messageId, error }, 'A long answer was not read.')
        return gaveUp
      })
      .then((answer) => {
        if (this.#reading.get(connection) === messageId) this.#reading.delete(connection)
        this.#takeAnswer(connection, live, messageId, task.answerTo, answer)
      })
  }

  /** Ends the CALL with its answer, even with one that cannot be read: nothing better will come. */
  #takeAnswer(
    connection: Connection,
    live: LiveChargePoint,
    messageId: string,
    action: string,
    answer: ReadAnswer,
  ): void {
    if (answer.kind === 'unreadable') {
      const { identity } = connection
      this.#deps.counters.framesDropped++
      this.#deps.log.info({ identity, messageId, action, reason: answer.problem }, 'An answer could not be read.')
    } else if (answer.kind !== 'error') {
      for (const { code, path, sent } of answer.quirks) {
        if (!connection.isNewQuirk(`answer ${action}:${code}`)) continue
        this.#note(connection, { kind: 'quirk', detail: { quirk: code, path, sent, action, isAnswer: true } })
      }
    }
    live.answer({ ...answer, messageId })
  }

  #serve(connection: Connection, frame: ReceivedFrame): void {
    const { live } = connection
    if (live === null) return
    const { key, strictness, timeZone } = live.chargePoint
    const { text, receivedAtMs } = frame
    const task = {
      text,
      version: connection.version,
      strictness,
      timeZone: timeZone ?? undefined,
      chargePointKey: key,
      receivedAtMs: connection.inOrder(frame),
    }
    const examined = this.#deps.examiner.examineAtOnce(task)
    if (examined !== null) {
      this.#pipeline.serve(connection, live, examined.verdict, examined.meter, receivedAtMs, text.length)
      return
    }
    this.#dispatcher.submit(task, (verdict, meter) => {
      this.#pipeline.serve(connection, live, verdict, meter, receivedAtMs, text.length)
    })
  }

  #release(connection: Connection, live: LiveChargePoint): void {
    this.#deps.registry.release(live)
    if (this.#isDraining || connection.end === null) return
    this.#deps.disconnect(connection.chargePointKey, live.epoch, connection.end).catch((error: unknown) => {
      this.#deps.log.warn({ identity: connection.identity, error }, 'A charge point could not be marked as offline.')
    })
  }

  #onFlood(connection: Connection): void {
    const { counters, log } = this.#deps
    const { identity } = connection
    counters.floodsClosed++
    log.warn({ identity }, 'A charge point keeps sending more than its allowance; its connection is closed.')
    this.#note(connection, { kind: 'flood', detail: { bytesPerSecond: allowanceBytesPerSecond, forMs: floodMsMax } })
  }

  #onTooBig(connection: Connection): void {
    this.#deps.counters.framesTooBig++
    this.#note(connection, { kind: 'frameTooBig', detail: { bytesMax: this.#deps.settings.messageBytesMax } })
  }

  /** Stores what is odd about a connection, beside its messages. */
  #note({ live, identity, chargePointKey }: Connection, anomaly: Anomaly): void {
    if (live === null) return
    const set = {
      chargePointKey,
      messageId: '',
      epoch: live.epoch,
      receivedAtMs: this.#deps.clock.nowMs(),
      answer: {},
      changes: [],
      anomalies: [anomaly],
      meter: null,
      bytes: 0,
    }
    this.#deps.counters.anomaly(anomaly.kind)
    this.#deps.commit(set).catch((error: unknown) => {
      this.#deps.log.warn({ identity, error }, 'An anomaly was not stored.')
    })
  }

  #onFrame(connection: Connection, direction: 'fromChargePoint' | 'toChargePoint', text: string): void {
    if (this.#deps.settings.messageLog) {
      this.#deps.appendMessageLog({
        chargePointKey: connection.chargePointKey,
        atMs: this.#deps.clock.nowMs(),
        direction,
        frame: hideFrameSecrets(text),
      })
    }
    if (this.#isTracing) {
      this.#deps.log.trace({ identity: connection.identity, direction, frame: text }, 'Frame.')
    }
  }
}
