// The stations of a load: connects them, lets them send by a mix and a schedule, reconnects those that were lost, and
// records what the server acknowledged to each.

import type { Dialect } from './dialect.ts'
import { dialect16 } from './dialect-16.ts'
import { dialect201 } from './dialect-201.ts'
import { Recorder } from './latency.ts'
import { engine } from './engine.ts'
import { type Ledger, type MixName, scriptOf } from './mixes.ts'
import { type Loop, type Schedule, scheduleOf } from './schedule.ts'
import type { SocketKind } from './sockets.ts'
import { Station, type StationHost } from './station.ts'
import type { Target } from './wire.ts'

export interface FleetOptions {
  readonly target: Target
  readonly version: BenchVersion
  readonly stations: number
  /** Identities are this and a number of six digits, from 000000. */
  readonly identityPrefix: string
  readonly password: string | null
  /** Whether stations boot when they connect. */
  readonly boots: boolean
  /** How long an answer may take before the station reconnects, in milliseconds. */
  readonly answerMsMax: number
}

export interface ConnectOptions {
  readonly rampMs?: number
  readonly atOnceMax?: number
  readonly deadlineMs: number
  /** Ends it when the server refuses a station for good, or lets none in for `firstReadyMsMax`. */
  readonly isImpatient?: boolean
  /** Ends it early. */
  readonly signal?: AbortSignal
}

/** A station that the server refuses at each handshake. */
export interface Refusal {
  readonly identity: string
  /** Of the HTTP answer. */
  readonly status: number
  readonly reason: string
}

/** HTTP statuses that may be others at the next try. */
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429])

/** How long an impatient fleet waits for the first of its stations, in milliseconds. */
const firstReadyMsMax = 10_000

/** Default number of handshakes and boots that are under way at once. */
const connectingMax = 256

export type BenchVersion = '1.6' | '2.0.1'

export const dialects: Readonly<Record<BenchVersion, Dialect>> = { '1.6': dialect16, '2.0.1': dialect201 }

/** Connections that one local address can have to one server: the ephemeral ports of Linux, with a reserve. */
const stationsPerAddress = 25_000

/** How long a station waits before it reconnects, in milliseconds. */
const redialMs = 500

/** Different reasons that are counted separately. */
const reasonsMax = 50

/** Identity of station `index`. */
export function identityOf(prefix: string, index: number): string {
  return `${prefix}${String(index).padStart(6, '0')}`
}

export class Fleet implements StationHost {
  readonly recorder = new Recorder()
  readonly ledgers: readonly Ledger[]
  readonly dialect: Dialect
  /** What went wrong, and how often. */
  readonly errors = new Map<string, number>()
  /** The first station that was refused for good; null if none was. */
  refusal: Refusal | null = null
  /** What the stations send. */
  mix: MixName = 'idle'
  readonly #options: FleetOptions
  readonly #stations: readonly Station[]
  /** Its group in the engine; null if its stations use other sockets. */
  readonly #group: number | null
  #schedule: Schedule | null = null
  #isRunning = false
  #waitingToConnect: Station[] = []
  #connecting = new Set<Station>()
  #ready = 0
  #atOnceMax = connectingMax
  #isClosing = false
  #whenChanged: (() => void) | null = null
  #watch: Timer | null = null

  constructor(options: FleetOptions) {
    this.#options = options
    this.dialect = dialects[options.version]
    const made = options.target.sockets === 'engine' ? engine() : null
    this.#group = made === null ? null : made.group(this.recorder.latencies.counts, this.recorder.counts)
    const ledgers: Ledger[] = []
    this.#stations = Array.from({ length: options.stations }, (_, index) => {
      const ledger: Ledger = { identity: identityOf(options.identityPrefix, index), chargings: [], facts: [] }
      ledgers.push(ledger)
      const { target, password, boots } = options
      const localAddress = addressOf(target.host, index)
      return new Station({ target, dialect: this.dialect, ledger, password, localAddress, boots }, this)
    })
    this.ledgers = ledgers
  }

  /** The kind of socket of its stations. */
  get sockets(): SocketKind {
    return this.#options.target.sockets
  }

  /** Stations that are connected and may send. */
  get ready(): number {
    return this.#ready
  }

  /**
   * Connects all stations that are not connected, spread over `rampMs`, and at most `atOnceMax` handshakes and boots
   * at once. Resolves once all are ready; stations that fail are counted and tried again until `deadlineMs` have
   * passed.
   *
   * @returns how long it took, in milliseconds; null if some are still not ready.
   */
  async connect(options: ConnectOptions): Promise<number | null> {
    const { rampMs = 0, atOnceMax = connectingMax, deadlineMs, isImpatient = false, signal } = options
    const startedMs = performance.now()
    this.#atOnceMax = atOnceMax
    this.#watch ??= setInterval(() => this.#hangUpOnTheSilent(), 1_000)
    const missing = this.#stations.filter((station) => !station.isReady)
    const enqueueDue = (): void => {
      const elapsedMs = performance.now() - startedMs
      const share = rampMs <= 0 ? 1 : Math.min(1, elapsedMs / rampMs)
      const count = Math.ceil(missing.length * share)
      this.#waitingToConnect.push(...missing.slice(enqueued, count))
      enqueued = count
      this.#connectNext()
    }
    let enqueued = 0
    enqueueDue()
    const timer = setInterval(enqueueDue, 20)
    const isHopeless = (): boolean =>
      this.refusal !== null || (this.#ready === 0 && performance.now() - startedMs > firstReadyMsMax)
    const isDone = await this.#until(
      () => this.#ready === this.#stations.length,
      startedMs + deadlineMs,
      () => signal?.aborted === true || (isImpatient && isHopeless()),
    )
    clearInterval(timer)
    return isDone ? performance.now() - startedMs : null
  }

  /** Lets all stations begin a new script. No message may be under way. */
  play(mix: MixName, samples: number): void {
    this.mix = mix
    const nowMs = Date.now()
    for (const [index, station] of this.#stations.entries()) {
      const ledger = this.ledgers[index]
      if (ledger !== undefined) station.play(scriptOf(mix, { dialect: this.dialect, ledger, index, samples, nowMs }))
    }
  }

  /** Begins to send. */
  begin(loop: Loop): void {
    this.#schedule = scheduleOf(loop)
    // In an open loop each message is asked for when it is due.
    this.#setRunning(loop.kind === 'closed')
    this.#schedule.start(this.#stations)
  }

  /** Stops sending and waits for the outstanding answers; false if some did not come in time. */
  async settle(msMax: number): Promise<boolean> {
    this.#schedule?.stop()
    this.#setRunning(false)
    const isSettled = await this.#until(
      () => this.#stations.every((station) => station.waitsSinceMs === null),
      performance.now() + msMax,
    )
    for (const station of this.#stations) station.rest()
    return isSettled
  }

  /** Cuts all connections at once, as a power cut does. */
  cut(): void {
    for (const station of this.#stations) station.cut()
    this.#waitingToConnect = []
    this.#connecting.clear()
    this.#ready = 0
  }

  /** Cuts all connections for good. */
  close(): void {
    this.#isClosing = true
    this.#schedule?.stop()
    this.#setRunning(false)
    if (this.#watch !== null) clearInterval(this.#watch)
    this.cut()
  }

  due(station: Station, nowMs: number): number | null {
    return this.#schedule?.due(station, nowMs) ?? null
  }

  answered(action: string, latencyMs: number, lagMs: number): void {
    this.recorder.answered(action, latencyMs, lagMs)
  }

  runsAs(action: string): { readonly group: number; readonly number: number } | null {
    if (!this.#isRunning || this.#group === null) return null
    return { group: this.#group, number: this.recorder.numberOf(action) }
  }

  refused(action: string, reason: string): void {
    this.#count(`${action} was refused: ${reason}`)
  }

  stationReady(station: Station): void {
    this.#connecting.delete(station)
    this.#ready++
    this.#changed()
    this.#connectNext()
  }

  stationFailed(station: Station, reason: string, wasReady: boolean, status: number | null): void {
    if (status !== null && status < 500 && !passingStatuses.has(status))
      this.refusal ??= { identity: station.identity, status, reason }
    this.#count(`${wasReady ? 'A connection was lost' : 'A station could not connect'}: ${reason}`)
    this.#connecting.delete(station)
    if (wasReady) this.#ready--
    this.#changed()
    if (this.#isClosing) return
    setTimeout(() => {
      if (this.#isClosing) return
      this.#waitingToConnect.push(station)
      this.#connectNext()
    }, redialMs)
  }

  #setRunning(isRunning: boolean): void {
    this.#isRunning = isRunning
    if (this.#group !== null) engine()?.running(this.#group, isRunning)
  }

  #connectNext(): void {
    while (this.#connecting.size < this.#atOnceMax) {
      const station = this.#waitingToConnect.shift()
      if (station === undefined) return
      this.#connecting.add(station)
      station.connect()
    }
  }

  #hangUpOnTheSilent(): void {
    const nowMs = performance.now()
    for (const station of this.#stations) {
      const sinceMs = station.waitsSinceMs
      if (sinceMs !== null && nowMs - sinceMs > this.#options.answerMsMax)
        station.hangUp(`no answer within ${this.#options.answerMsMax} ms`)
    }
  }

  #count(reason: string): void {
    const known = this.errors.has(reason) || this.errors.size < reasonsMax ? reason : 'something else'
    this.errors.set(known, (this.errors.get(known) ?? 0) + 1)
  }

  #changed(): void {
    this.#whenChanged?.()
  }

  /**
   * Whether `holds` became true before `deadlineMs` (`performance.now()`) and before `isOver`. Checked when stations
   * change, and now and then.
   */
  #until(holds: () => boolean, deadlineMs: number, isOver = (): boolean => false): Promise<boolean> {
    return new Promise((resolve) => {
      const look = (): void => {
        const isTrue = holds()
        if (!isTrue && performance.now() < deadlineMs && !this.#isClosing && !isOver()) return
        clearInterval(timer)
        this.#whenChanged = null
        resolve(isTrue)
      }
      const timer = setInterval(look, 5)
      this.#whenChanged = look
      look()
    })
  }
}

/** Local address for station `index`: further loopback addresses once the ports of the first are used up. */
export function addressOf(host: string, index: number): string | null {
  const block = Math.floor(index / stationsPerAddress)
  return block > 0 && (host === 'localhost' || host.startsWith('127.')) ? `127.0.0.${block + 1}` : null
}
