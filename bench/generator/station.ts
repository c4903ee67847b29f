// One charge point of the load: a connection, one CALL at a time (OCPP-J 1.6 §4.1.1), and its next message. A message
// that was lost with its connection is sent again under a new id after the reconnect, as real stations do.

import type { Dialect, Message } from './dialect.ts'
import { booting, type Ledger, type Outcome, type Script } from './mixes.ts'
import { MessageIds } from './message-id.ts'
import { RunUnderWay } from './run.ts'
import { type Target, Wire, type WireListener } from './wire.ts'

/** Gives a station its messages, and counts. */
export interface StationHost {
  /** When the station's next message was due (`performance.now()`), if one is due by now; null if it has to wait. */
  due(station: Station, nowMs: number): number | null
  /** A message was answered `latencyMs` after it was due; `lagMs` of that were caused by the generator. */
  answered(action: string, latencyMs: number, lagMs: number): void
  /**
   * Group of the station, and number of the action, for messages in runs; null while each message has to be asked for.
   */
  runsAs(action: string): { readonly group: number; readonly number: number } | null
  /** The server answered with a CALLERROR. */
  refused(action: string, reason: string): void
  /** It is connected, booted, and free to send. */
  stationReady(station: Station): void
  /**
   * The connection has ended or could not be opened, or the server did not accept the boot. `status` is that of an HTTP
   * answer other than the wanted one.
   */
  stationFailed(station: Station, reason: string, wasReady: boolean, status: number | null): void
}

export interface StationOptions {
  readonly target: Target
  readonly dialect: Dialect
  readonly ledger: Ledger
  readonly password: string | null
  readonly localAddress: string | null
  /** Whether it boots on a new connection. */
  readonly boots: boolean
}

const nothingToRead: Outcome = {}

export class Station implements WireListener {
  /** Due times of messages that could not be sent when they were due, oldest first. */
  readonly backlog: number[] = []
  readonly #options: StationOptions
  readonly #host: StationHost
  readonly #ids = new MessageIds()
  #wire: Wire | null = null
  #isReady = false
  #boot: ReturnType<typeof booting> | null = null
  #script: Script | null = null
  /** The next message of the script. It stays until it is answered, so a message that was lost is sent again. */
  #next: Message | null = null
  /** The CALL under way, and when it was due and sent. */
  #call: Message | null = null
  #dueMs = 0
  #sentMs = 0
  /** The run of prepared CALLs; `#call` is among them. */
  #run: RunUnderWay | null = null
  /** Since when it could have sent something. */
  #freeMs = 0
  /** When a message was due that was lost with its connection; null if none was. */
  #lostDueMs: number | null = null

  constructor(options: StationOptions, host: StationHost) {
    this.#options = options
    this.#host = host
  }

  get identity(): string {
    return this.#options.ledger.identity
  }

  /** Connected, and booted if it boots. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Since when (`performance.now()`) a CALL waits for its answer; null when none does. */
  get waitsSinceMs(): number | null {
    if (this.#run === null) return this.#call === null ? null : this.#sentMs
    const { waitsMs } = this.#run
    return waitsMs === null ? null : performance.now() - waitsMs
  }

  /** Connects; the host gets `ready` or `failed`. */
  connect(): void {
    const { target, ledger, password, dialect, localAddress } = this.#options
    const { identity } = ledger
    this.#wire = Wire.dial({ target, identity, password, subprotocol: dialect.subprotocol, localAddress }, this)
  }

  /**
   * Cuts the connection without a close frame. The message under way is lost, and is sent again on the next connection.
   */
  cut(): void {
    this.#wire?.cut()
    this.#forget()
  }

  /** Drops prepared messages that were not sent, once no more are asked for and none is under way. */
  rest(): void {
    if (this.#run === null || this.#run.waitsMs !== null) return
    this.#catchUp(this.#run)
    this.#endRun()
  }

  /** Begins with another script. */
  play(script: Script): void {
    if (this.#run !== null) this.hangUp('an answer never came')
    this.#script = script
    this.#next = script.next(nothingToRead).value
    this.#lostDueMs = null
    this.backlog.length = 0
  }

  /** Sends the next message, if the host says that one is due. */
  proceed(nowMs: number): void {
    if (this.#call !== null || !this.#isReady || this.#next === null) return
    const dueMs = this.#lostDueMs ?? this.#host.due(this, nowMs)
    if (dueMs === null) return
    const isAgain = this.#lostDueMs !== null
    this.#lostDueMs = null
    if (isAgain || !this.#sendAhead(this.#next)) this.#send(this.#next, dueMs, nowMs)
  }

  opened(): void {
    const { boots, dialect, ledger } = this.#options
    if (!boots) {
      this.#becomeReady()
      return
    }
    this.#boot = booting({ dialect, ledger, nowMs: Date.now() })
    this.#continueBoot(nothingToRead)
  }

  text(bytes: Buffer, from: number, to: number): void {
    if (this.#run !== null) this.#catchUp(this.#run)
    const call = this.#call
    if (call !== null && this.#ids.isAnswer(bytes, from, to)) {
      this.#settle(call, call.readsAnswer ? (readFrame(bytes, from, to)[2] as Outcome) : nothingToRead)
      return
    }
    // Not the answer in the usual spelling: parse it.
    const [type, messageId, third, fourth] = readFrame(bytes, from, to)
    if (type === 2) {
      this.#wire?.send(`[4,"${String(messageId)}","NotSupported","The load generator takes no CALLs.",{}]`)
    } else if (call !== null && this.#ids.id === messageId) {
      if (type === 4) this.#host.refused(call.action, `${String(third)} ${String(fourth)}`)
      this.#settle(call, type === 3 ? (third as Outcome) : null)
    }
  }

  runEnded(): void {
    if (this.#run === null) return
    this.#catchUp(this.#run)
    this.#endRun()
    this.proceed(this.#freeMs)
  }

  closed(reason: string, status: number | null): void {
    const wasReady = this.#isReady
    this.#forget()
    this.#host.stationFailed(this, reason, wasReady, status)
  }

  /** Gives up the connection, for `reason`. */
  hangUp(reason: string): void {
    this.#wire?.cut()
    this.closed(reason, null)
  }

  #send(message: Message, dueMs: number, nowMs: number): void {
    this.#ids.next()
    this.#call = message
    this.#dueMs = dueMs
    this.#sentMs = nowMs
    this.#wire?.sendOf(this.#ids.call, `","${message.action}",${message.payload}]`)
  }

  /** Sends a message and those that follow it as a run, if possible. */
  #sendAhead(message: Message): boolean {
    if (message.ahead === undefined || this.#wire?.hasRuns !== true) return false
    const as = this.#host.runsAs(message.action)
    if (as === null) return false
    this.#ids.next()
    this.#run = RunUnderWay.begin(this.#wire, this.#ids, { message, ahead: message.ahead(), ...as })
    if (this.#run !== null) this.#call = message
    return this.#run !== null
  }

  /** Processes the answers of the run, as if it had been sent message by message. */
  #catchUp(run: RunUnderWay): void {
    for (let count = run.answeredMeanwhile(); count > 0; count--) this.#goOn(nothingToRead)
  }

  #goOn(outcome: Outcome): void {
    this.#ids.next()
    if (this.#script !== null) this.#next = this.#script.next(outcome).value
    this.#call = this.#next
  }

  #endRun(): void {
    this.#run = null
    this.#call = null
    this.#freeMs = performance.now()
  }

  #settle(call: Message, outcome: Outcome): void {
    if (this.#run !== null) {
      this.#settleInRun(this.#run, call, outcome)
      return
    }
    this.#call = null
    if (this.#boot !== null) {
      this.#continueBoot(outcome)
      return
    }
    const nowMs = performance.now()
    if (outcome !== null)
      this.#host.answered(call.action, nowMs - this.#dueMs, this.#sentMs - Math.max(this.#dueMs, this.#freeMs))
    this.#freeMs = nowMs
    if (this.#script !== null) this.#next = this.#script.next(outcome).value
    this.proceed(nowMs)
  }

  #settleInRun(run: RunUnderWay, call: Message, outcome: Outcome): void {
    if (outcome !== null) this.#host.answered(call.action, run.waitsMs ?? 0, 0)
    this.#goOn(outcome)
    if (!run.step()) return
    this.#endRun()
    this.proceed(this.#freeMs)
  }

  #continueBoot(outcome: Outcome): void {
    const step = this.#boot?.next(outcome)
    if (step === undefined) return
    const nowMs = performance.now()
    if (step.done !== true) this.#send(step.value, nowMs, nowMs)
    else if (step.value === null) this.#becomeReady()
    else this.hangUp(step.value)
  }

  #becomeReady(): void {
    this.#boot = null
    this.#isReady = true
    this.#freeMs = performance.now()
    this.#host.stationReady(this)
    this.proceed(this.#freeMs)
  }

  #forget(): void {
    if (this.#run !== null) {
      this.#catchUp(this.#run)
      const { waitsMs } = this.#run
      if (waitsMs !== null) this.#lostDueMs = performance.now() - waitsMs
      this.#run = null
    } else if (this.#call !== null && this.#boot === null) this.#lostDueMs = this.#dueMs
    this.#call = null
    this.#boot = null
    this.#wire = null
    this.#isReady = false
  }
}

function readFrame(bytes: Buffer, from: number, to: number): readonly unknown[] {
  try {
    const frame: unknown = JSON.parse(bytes.toString('utf8', from, to))
    return Array.isArray(frame) ? frame : []
  } catch {
    return []
  }
}
