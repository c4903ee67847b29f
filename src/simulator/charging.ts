// The connectors of a simulated charge point and what happens at them: cars come and go, transactions begin, are
// sampled and end. Reports are sent through `ChargingDeps`; the clock is injected.

import type { Clock } from '../base/clock.ts'
import { callAt } from './call-at.ts'
import type { Answer, Call } from './connection.ts'
import { Meter, phases, volts, type Car, type Reading } from './meter.ts'
import { Profiles, type Period } from './profiles.ts'
import type { StationSettings } from './station-settings.ts'
import type {
  Authorization,
  Cause,
  ChargingState,
  Connector,
  Dialect,
  ReservationStatus,
  Status,
  StopReason,
  Transaction,
} from './station.ts'

/** What charging needs of its charge point. */
export interface ChargingDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly settings: StationSettings
  /** Power of one connector, in W. */
  readonly powerWMax: number
  dialect(): Dialect
  isOnline(): boolean
  /** Queues a transaction message; resolves with its answer, or null when it was given up. */
  deliver(make: () => Call): Promise<Answer | null>
  send(call: Call): void
  statusChanged(connector: Connector): void
  transactionStarted(transaction: Transaction, authorization: Authorization): void
  transactionStopped(transaction: Transaction, reason: StopReason, energyWh: number): void
}

/** A transaction that the central system has answered. */
export interface Started {
  readonly transaction: Transaction
  readonly authorization: Authorization
}

export interface StartOptions {
  readonly cause?: Cause
  readonly remoteStartId?: number | null
}

/** Connectors and their transactions. */
export class Charging {
  readonly connectors: readonly Connector[]
  readonly profiles = new Profiles()
  readonly #deps: ChargingDeps
  readonly #whenIdle: (() => void)[] = []

  constructor(deps: ChargingDeps, connectors: number) {
    this.#deps = deps
    const nowMs = deps.clock.nowMs()
    this.connectors = Array.from({ length: connectors }, (_, index) => ({
      connectorId: index + 1,
      // A meter that has counted before: registers do not start at zero for every session.
      meter: new Meter(Math.floor(deps.random() * 1_000_000), nowMs),
      status: 'Available',
      statusReported: null,
      operative: true,
      car: null,
      reservation: null,
      transaction: null,
    }))
  }

  connector(connectorId: number): Connector | undefined {
    return this.connectors[connectorId - 1]
  }

  /** @throws {RangeError} when there is no such connector. */
  connectorOf(connectorId: number): Connector {
    const connector = this.connector(connectorId)
    if (connector !== undefined) return connector
    throw new RangeError(
      `Connector ${connectorId} does not exist: this charge point has 1 to ${this.connectors.length}.`,
    )
  }

  transaction(id: number | string): Transaction | undefined {
    for (const { transaction } of this.connectors) {
      if (transaction !== null && (transaction.transactionId === id || transaction.stationTransactionId === id)) {
        return transaction
      }
    }
    return undefined
  }

  get isIdle(): boolean {
    return this.connectors.every(({ transaction }) => transaction === null)
  }

  /** Runs `task` as soon as no transaction runs, which may be at once. */
  whenIdle(task: () => void): void {
    if (this.isIdle) task()
    else this.#whenIdle.push(task)
  }

  setStatus(connector: Connector, status: Status): void {
    if (connector.status === status) return
    connector.status = status
    this.#deps.statusChanged(connector)
  }

  /** A car comes, by default one with an average battery, half empty or less. */
  plugIn(connector: Connector, car?: Car): void {
    if (connector.car !== null) return
    this.read(connector)
    const { random } = this.#deps
    connector.car = car ?? { batteryWh: 60_000, powerWMax: 11_000, socPercent: 10 + Math.floor(random() * 40) }
    if (connector.status === 'Available' || connector.status === 'Reserved') this.setStatus(connector, 'Preparing')
  }

  /** The car leaves; a transaction that still runs ends with EVDisconnected. */
  async unplug(connector: Connector): Promise<void> {
    const { transaction } = connector
    const stopping = transaction === null ? null : this.stop(transaction, 'EVDisconnected', null)
    this.read(connector)
    connector.car = null
    this.settle(connector)
    await stopping
  }

  /** Gives a connector without a transaction the status that follows from its other state. */
  settle(connector: Connector): void {
    if (connector.transaction !== null || connector.status === 'Faulted') return
    const { operative, car, reservation } = connector
    if (!operative) this.setStatus(connector, 'Unavailable')
    else if (car !== null) this.setStatus(connector, connector.status === 'Finishing' ? 'Finishing' : 'Preparing')
    else this.setStatus(connector, reservation === null ? 'Available' : 'Reserved')
  }

  /** Begins a transaction; resolves once the central system has answered. Sampling begins at once. */
  async start(connector: Connector, idTag: string, options: StartOptions = {}): Promise<Started> {
    if (connector.transaction !== null) {
      throw new Error(`Connector ${connector.connectorId} already has a transaction: stop it first.`)
    }
    const { reservation } = connector
    const used = reservation !== null && reservation.idTag.toLowerCase() === idTag.toLowerCase()
    if (used) {
      reservation.cancelExpiry()
      connector.reservation = null
    }
    const transaction: Transaction = {
      connectorId: connector.connectorId,
      idTag,
      stationTransactionId: crypto.randomUUID(),
      transactionId: null,
      seqNo: 0,
      started: this.read(connector),
      reservationId: used ? reservation.reservationId : null,
      remoteStartId: options.remoteStartId ?? null,
      chargingState: connector.car === null ? 'EVConnected' : 'Charging',
      stopped: false,
      cancelSampling: () => {},
    }
    connector.transaction = transaction
    const dialect = this.#deps.dialect()
    const cause = options.cause ?? 'Authorized'
    const answered = this.#deps.deliver(dialect.started(transaction, cause, !this.#deps.isOnline()))
    this.#sampleLater(connector, transaction)
    this.setStatus(connector, 'Charging')
    const answer = await answered
    const authorization: Authorization =
      answer === null ? { status: 'Invalid', parentIdTag: null } : dialect.startAnswered(transaction, answer)
    this.#deps.transactionStarted(transaction, authorization)
    if (authorization.status !== 'Accepted' && this.#deps.settings.isOn('StopTransactionOnInvalidId')) {
      void this.stop(transaction, 'DeAuthorized', null)
    }
    return { transaction, authorization }
  }

  /** Ends a transaction; resolves once the central system has answered. The car stays until it is unplugged. */
  async stop(transaction: Transaction, reason: StopReason, idTag: string | null): Promise<void> {
    if (transaction.stopped) return
    const connector = this.connectorOf(transaction.connectorId)
    const reading = this.read(connector)
    transaction.stopped = true
    transaction.cancelSampling()
    connector.transaction = null
    this.profiles.endTransaction(connector.connectorId)
    const offline = !this.#deps.isOnline()
    const answered = this.#deps.deliver(this.#deps.dialect().ended(transaction, reading, reason, idTag, offline))
    if (connector.status !== 'Faulted') this.setStatus(connector, connector.operative ? 'Finishing' : 'Unavailable')
    this.#deps.transactionStopped(transaction, reason, reading.energyWh - transaction.started.energyWh)
    await answered
    if (this.isIdle) for (const task of this.#whenIdle.splice(0)) task()
  }

  /** Reads the meter of a connector and reports the values. */
  sample(connector: Connector, cause: Cause): void {
    const reading = this.read(connector)
    const { transaction } = connector
    const dialect = this.#deps.dialect()
    if (transaction === null) {
      this.#deps.send(dialect.meterValues(connector.connectorId, reading))
      return
    }
    const state = this.#stateOf(connector, reading)
    if (state !== transaction.chargingState) {
      transaction.chargingState = state
      this.#deliverUpdate(transaction, reading, 'StateChanged')
      this.setStatus(connector, state === 'EVConnected' ? 'SuspendedEV' : state)
    }
    this.#deliverUpdate(transaction, reading, cause)
  }

  /** Begins to sample by the interval that is set now. */
  restartSampling(): void {
    for (const connector of this.connectors) {
      if (connector.transaction !== null) this.#sampleLater(connector, connector.transaction)
    }
  }

  stopSampling(): void {
    for (const { transaction } of this.connectors) transaction?.cancelSampling()
  }

  read(connector: Connector): Reading {
    const nowMs = this.#deps.clock.nowMs()
    const charges = connector.transaction !== null && connector.status !== 'Faulted'
    return connector.meter.read(nowMs, connector.car, charges ? this.#limitW(connector, nowMs) : 0)
  }

  compositeSchedule(connectorId: number, durationSeconds: number, unit: 'W' | 'A'): Period[] {
    const nowMs = this.#deps.clock.nowMs()
    const startMs = this.connector(connectorId)?.transaction?.started.atMs ?? null
    const periods = this.profiles.composite(connectorId, nowMs, durationSeconds, startMs, this.#deps.powerWMax)
    if (unit === 'W') return periods
    return periods.map((period) => ({ ...period, limit: Math.round((period.limit * 10) / (volts * phases)) / 10 }))
  }

  /** A connector where a transaction with `idTag` could begin; 0 is anywhere. */
  free(connectorId: number, idTag: string): Connector | undefined {
    return this.connectors.find(
      (connector) =>
        (connectorId === 0 || connector.connectorId === connectorId) &&
        connector.operative &&
        connector.transaction === null &&
        connector.status !== 'Faulted' &&
        (connector.reservation === null || connector.reservation.idTag.toLowerCase() === idTag.toLowerCase()),
    )
  }

  changeAvailability(connectorId: number, operative: boolean): 'Accepted' | 'Rejected' | 'Scheduled' {
    const connectors =
      connectorId === 0 ? this.connectors : this.connectors.filter((one) => one.connectorId === connectorId)
    if (connectors.length === 0) return 'Rejected'
    for (const connector of connectors) {
      connector.operative = operative
      this.settle(connector)
    }
    return connectors.some(({ transaction }) => transaction !== null) && !operative ? 'Scheduled' : 'Accepted'
  }

  reserve(connectorId: number, reservationId: number, idTag: string, expiresAtMs: number): ReservationStatus {
    const { clock } = this.#deps
    const wanted =
      connectorId === 0 ? this.connectors : this.connectors.filter((one) => one.connectorId === connectorId)
    if (wanted.length === 0) return 'Rejected'
    const connector = wanted.find(({ status, reservation }) => status === 'Available' && reservation === null)
    if (connector === undefined) {
      const statuses = new Set(wanted.map(({ status }) => status))
      if (statuses.has('Faulted')) return 'Faulted'
      return statuses.has('Unavailable') ? 'Unavailable' : 'Occupied'
    }
    const cancelExpiry = callAt(clock, expiresAtMs, () => this.cancelReservation(reservationId))
    connector.reservation = { reservationId, idTag, cancelExpiry }
    this.settle(connector)
    return 'Accepted'
  }

  cancelReservation(reservationId: number): boolean {
    const connector = this.connectors.find(({ reservation }) => reservation?.reservationId === reservationId)
    if (connector === undefined) return false
    connector.reservation?.cancelExpiry()
    connector.reservation = null
    this.settle(connector)
    return true
  }

  cancelReservations(): void {
    for (const { reservation } of this.connectors) reservation?.cancelExpiry()
  }

  #limitW(connector: Connector, nowMs: number): number {
    const startMs = connector.transaction?.started.atMs ?? null
    return this.profiles.limitW(connector.connectorId, nowMs, startMs, this.#deps.powerWMax)
  }

  #stateOf(connector: Connector, reading: Reading): ChargingState {
    if (connector.car === null) return 'EVConnected'
    if (reading.powerW > 0) return 'Charging'
    return this.#limitW(connector, reading.atMs) > 0 ? 'SuspendedEV' : 'SuspendedEVSE'
  }

  #deliverUpdate(transaction: Transaction, reading: Reading, cause: Cause): void {
    const make = this.#deps.dialect().updated(transaction, reading, cause, !this.#deps.isOnline())
    if (make !== null) void this.#deps.deliver(make)
  }

  #sampleLater(connector: Connector, transaction: Transaction): void {
    transaction.cancelSampling()
    const intervalMs = this.#deps.settings.seconds('MeterValueSampleInterval') * 1000
    // An interval of 0 switches sampling off (1.6 §9.1.15).
    if (intervalMs <= 0 || transaction.stopped) return
    transaction.cancelSampling = this.#deps.clock.after(intervalMs, () => {
      this.sample(connector, 'Periodic')
      this.#sampleLater(connector, transaction)
    })
  }
}
