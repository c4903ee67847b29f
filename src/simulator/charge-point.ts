// A charge point that exists in memory only and speaks OCPP 1.6, 2.0.1 or 2.1 over a real WebSocket: it boots, keeps
// its heartbeat, charges cars, obeys every command of its version, and loses no transaction message when the connection
// breaks. It does no I/O besides its socket.

import { systemClock, type Clock } from '../base/clock.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { checkResponse } from '../examine/schema.ts'
import { Authorizer } from './authorizer.ts'
import { handshakeHeaders, tlsIdentity } from './access.ts'
import { callAt } from './call-at.ts'
import { Charging, type Started } from './charging.ts'
import { CallRejected, Connection, type Answer, type Call, type ConnectionListener, type Reply } from './connection.ts'
import { requireServed } from './incoming.ts'
import { dialects } from './dialects.ts'
import type { Car, Reading } from './meter.ts'
import type { Observation, SimulatorOptions } from './options.ts'
import { Outbox } from './outbox.ts'
import { OwnCertificate } from './own-certificate.ts'
import type { Period, Profiles } from './profiles.ts'
import { StationSettings } from './station-settings.ts'
import type {
  Authorization,
  BootReason,
  Cause,
  Connector,
  Dialect,
  FirmwareUpdate,
  ReservationStatus,
  Station,
  Status,
  StopReason,
  Transaction,
} from './station.ts'
import { Upkeep } from './upkeep.ts'

/** Wait before a boot is tried again when its answer names no interval, in seconds. */
const bootRetrySeconds = 30

/** A simulated charge point. */
export class SimulatedChargePoint implements Station {
  readonly identity: string
  readonly version: OcppVersion
  readonly clock: Clock
  readonly vendor: string
  readonly model: string
  readonly serialNumber: string
  readonly settings = new StationSettings()
  readonly ownCertificate: OwnCertificate
  readonly authorizer: Authorizer
  #firmwareVersion: string
  readonly #options: SimulatorOptions
  readonly #paceMs: number
  readonly #dialect: Dialect
  readonly #connection: Connection
  readonly #outbox: Outbox
  readonly #charging: Charging
  readonly #upkeep: Upkeep
  #bootReason: BootReason = 'PowerUp'
  #isAccepted = false
  #accepted = Promise.withResolvers<void>()
  #cancelHeartbeat: () => void = () => {}
  #cancelBoot: () => void = () => {}
  readonly #cancels = new Set<() => void>()

  constructor(options: SimulatorOptions) {
    this.#options = options
    this.identity = options.identity
    this.version = options.version
    this.clock = options.clock ?? systemClock
    this.vendor = options.vendor ?? 'Stator'
    this.model = options.model ?? 'Simulator'
    this.serialNumber = `SIM-${options.identity}`.slice(0, 25)
    this.#firmwareVersion = options.firmwareVersion ?? '1.0.0'
    this.#paceMs = options.paceMs ?? 2_000
    const { random = Math.random, tls } = options
    this.#charging = new Charging(this.#chargingDeps(random), options.connectors ?? 1)
    const connectors = this.settings.byKey('NumberOfConnectors')
    if (connectors !== undefined) connectors.value = String(this.#charging.connectors.length)
    this.#dialect = new dialects[options.version](this)
    this.#connection = new Connection(
      {
        url: `${options.url}/${encodeURIComponent(options.identity)}`,
        subprotocols: [this.#dialect.subprotocol],
        headers: () => handshakeHeaders(options, this.settings),
        ...(tls === undefined ? {} : { tls: () => tlsIdentity(tls, this.ownCertificate) }),
        clock: this.clock,
        random,
        backOff: options.backOff ?? { msMin: 1_000, msMax: 60_000 },
        ...(options.callTimeoutMs === undefined ? {} : { callTimeoutMs: options.callTimeoutMs }),
      },
      this.#listener(),
    )
    this.authorizer = new Authorizer({
      settings: this.settings,
      dialect: () => this.#dialect,
      call: (call) => this.call(call),
    })
    this.#outbox = new Outbox({
      clock: this.clock,
      call: (call) => this.call(call),
      attemptsMax: () => this.settings.seconds('TransactionMessageAttempts'),
      retryMs: () => this.settings.seconds('TransactionMessageRetryInterval') * 1000,
      gaveUp: (error) => this.#observe({ kind: 'failed', error }),
    })
    this.ownCertificate = new OwnCertificate({
      identity: this.identity,
      clock: this.clock,
      organization: () => this.settings.byKey('CpoName')?.value ?? '',
      signCertificate: (csr) => this.#dialect.signCertificate(csr),
      call: (call) => this.call(call),
      failed: (error) => this.#observe({ kind: 'failed', error }),
      first: tls?.cert === undefined ? null : tls,
    })
    this.#upkeep = new Upkeep({
      clock: this.clock,
      paceMs: this.#paceMs,
      dialect: () => this.#dialect,
      send: (call) => this.send(call),
      whenIdle: (task) => this.#charging.whenIdle(task),
      reboot: (reason, accepted) => void this.#reboot(reason).then(accepted),
      installed: (version) => (this.#firmwareVersion = version),
    })
  }

  get firmwareVersion(): string {
    return this.#firmwareVersion
  }

  get connectors(): readonly Connector[] {
    return this.#charging.connectors
  }

  get profiles(): Profiles {
    return this.#charging.profiles
  }

  get messagesWaiting(): number {
    return this.#outbox.size
  }

  get isConnected(): boolean {
    return this.#connection.isOpen
  }

  /** Whether its boot has been accepted since it was switched on. */
  get isAccepted(): boolean {
    return this.#isAccepted
  }

  /** Switches it on; resolves once the central system has accepted its boot, however long that takes. */
  start(): Promise<void> {
    this.#connection.open()
    return this.#accepted.promise
  }

  /** Simulates a power loss: nothing more is sent, transactions stay open. It cannot be started again. */
  stop(): void {
    this.#cancelHeartbeat()
    this.#cancelBoot()
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
    this.#upkeep.stop()
    this.#charging.stopSampling()
    this.#charging.cancelReservations()
    this.#outbox.pause()
    this.#connection.close()
  }

  /** Cuts the connection; it reconnects by itself. */
  cut(): void {
    this.#connection.cut()
  }

  /** Disconnects it from the network until `reconnect`; it continues to charge. */
  disconnect(): void {
    this.#connection.close()
  }

  reconnect(): void {
    this.#connection.open()
  }

  connector(connectorId: number): Connector | undefined {
    return this.#charging.connector(connectorId)
  }

  transaction(id: number | string): Transaction | undefined {
    return this.#charging.transaction(id)
  }

  read(connectorId: number): Reading {
    return this.#charging.read(this.#charging.connectorOf(connectorId))
  }

  plugIn(connectorId: number, car?: Car): void {
    this.#charging.plugIn(this.#charging.connectorOf(connectorId), car)
  }

  unplug(connectorId: number): Promise<void> {
    return this.#charging.unplug(this.#charging.connectorOf(connectorId))
  }

  /** Sets a status that nothing else causes, such as Faulted. */
  setStatus(connectorId: number, status: Status): void {
    this.#charging.setStatus(this.#charging.connectorOf(connectorId), status)
  }

  /** Authorises an id tag; without a connection, by the local list and the authorisation cache. */
  authorize(idTag: string): Promise<Authorization> {
    return this.authorizer.authorize(idTag)
  }

  /** Begins a transaction; resolves once the central system has answered it. */
  startTransaction(connectorId: number, idTag: string): Promise<Started> {
    return this.#charging.start(this.#charging.connectorOf(connectorId), idTag)
  }

  /** Ends the transaction of a connector, if there is one; resolves once the central system has answered. */
  async stopTransaction(connectorId: number, reason: StopReason = 'Local', idTag?: string): Promise<void> {
    const { transaction } = this.#charging.connectorOf(connectorId)
    if (transaction !== null) await this.#charging.stop(transaction, reason, idTag ?? null)
  }

  /**
   * Sends a CALL of any kind.
   *
   * @throws {CallRejected} for a CALLERROR, and for an answer that breaks its schema.
   * @throws {CallLost} when there is no answer.
   */
  async call(call: Call): Promise<Answer> {
    const answer = await this.#connection.call(call)
    if (this.#options.checkFrames === false) return answer
    const [problem] = checkResponse(this.version, call.action, answer)
    if (problem === undefined) return answer
    throw new CallRejected(call.action, problem.code, `its answer breaks the schema: ${problem.message}`)
  }

  /** Sends `text` as it is. */
  sendRaw(text: string): void {
    this.#connection.sendRaw(text)
  }

  send(call: Call): void {
    this.ask(call, () => {})
  }

  ask(call: Call, told: (answer: Answer) => void): void {
    if (!this.isConnected) return
    this.call(call).then(told, (error: Error) => this.#observe({ kind: 'failed', error }))
  }

  notify({ action, payload }: Call): void {
    this.sendRaw(JSON.stringify([6, crypto.randomUUID(), action, payload]))
  }

  sendStatus(connectorId: number): void {
    const nowMs = this.clock.nowMs()
    const connector = this.connector(connectorId)
    const call = connector === undefined ? null : this.#dialect.status(connector, nowMs)
    if (connector === undefined || call === null || !this.isConnected) return
    const { status } = connector
    this.call(call).then(
      () => (connector.statusReported = status),
      (error: Error) => this.#observe({ kind: 'failed', error }),
    )
  }

  sendBoot(): void {
    void this.#boot('Triggered')
  }

  sendHeartbeat(): void {
    this.send({ action: 'Heartbeat', payload: {} })
  }

  sendFirmwareStatus(): void {
    this.#upkeep.sendFirmwareStatus()
  }

  sendLogStatus(): void {
    this.#upkeep.sendLogStatus()
  }

  sample(connector: Connector, cause: Cause): void {
    this.#charging.sample(connector, cause)
  }

  freeConnector(connectorId: number, idTag: string): Connector | undefined {
    return this.#charging.free(connectorId, idTag)
  }

  startRemotely(connector: Connector, idTag: string, remoteStartId: number | null): void {
    const begin = async (): Promise<void> => {
      if (this.settings.isOn('AuthorizeRemoteTxRequests')) {
        const { status } = await this.authorize(idTag)
        if (status !== 'Accepted') return
      }
      if (connector.transaction !== null) return
      this.#charging.plugIn(connector)
      await this.#charging.start(connector, idTag, { cause: 'RemoteStart', remoteStartId })
    }
    begin().catch((error: Error) => this.#observe({ kind: 'failed', error }))
  }

  reset(reason: 'SoftReset' | 'HardReset'): void {
    const stops = this.connectors.flatMap(({ transaction }) =>
      transaction === null ? [] : [this.#charging.stop(transaction, reason, null)],
    )
    // A soft reset waits until the stops have been reported (1.6 §5.14); a hard reset reports them after the boot.
    if (reason === 'HardReset') void this.#reboot('RemoteReset')
    else void Promise.all(stops).then(() => this.#reboot('RemoteReset'))
  }

  rebootAndResume(): void {
    void this.#reboot('RemoteReset')
  }

  resetWhenIdle(): void {
    this.#charging.whenIdle(() => void this.#reboot('RemoteReset'))
  }

  changeAvailability(connectorId: number, operative: boolean): 'Accepted' | 'Rejected' | 'Scheduled' {
    return this.#charging.changeAvailability(connectorId, operative)
  }

  unlock(connector: Connector): void {
    void this.stopTransaction(connector.connectorId, 'UnlockCommand')
    this.later(this.#paceMs, () => void this.#charging.unplug(connector))
  }

  reserve(connectorId: number, reservationId: number, idTag: string, expiresAtMs: number): ReservationStatus {
    return this.#charging.reserve(connectorId, reservationId, idTag, expiresAtMs)
  }

  cancelReservation(reservationId: number): boolean {
    return this.#charging.cancelReservation(reservationId)
  }

  isBusyWith(what: 'firmware' | 'log'): boolean {
    return this.#upkeep.isBusyWith(what)
  }

  updateFirmware(update: FirmwareUpdate): void {
    this.#upkeep.updateFirmware(update)
  }

  uploadLog(requestId: number | null): void {
    this.#upkeep.uploadLog(requestId)
  }

  compositeSchedule(connectorId: number, durationSeconds: number, unit: 'W' | 'A'): Period[] {
    return this.#charging.compositeSchedule(connectorId, durationSeconds, unit)
  }

  /** A new certificate was accepted: it connects again with it (A02.FR.08), unless it connects without any. */
  certificateChanged(): void {
    if (this.ownCertificate.isInUse) this.#connection.renew('new certificate')
  }

  settingsChanged(): void {
    this.#charging.restartSampling()
    this.#heartbeatLater()
  }

  later(delayMs: number, task: () => void): () => void {
    const cancelTimer = callAt(this.clock, this.clock.nowMs() + delayMs, () => {
      this.#cancels.delete(cancel)
      task()
    })
    const cancel = (): void => {
      cancelTimer()
      this.#cancels.delete(cancel)
    }
    this.#cancels.add(cancel)
    return cancel
  }

  #observe(observation: Observation): void {
    this.#options.observe?.(observation)
  }

  #chargingDeps(random: () => number): ConstructorParameters<typeof Charging>[0] {
    return {
      clock: this.clock,
      random,
      settings: this.settings,
      powerWMax: this.#options.powerWMax ?? 22_000,
      dialect: () => this.#dialect,
      isOnline: () => this.isConnected,
      deliver: (make) => this.#outbox.push(make),
      send: (call) => this.send(call),
      statusChanged: (connector) => {
        this.#observe({ kind: 'status', connectorId: connector.connectorId, status: connector.status })
        if (this.#isAccepted) this.sendStatus(connector.connectorId)
      },
      transactionStarted: (transaction, authorization) =>
        this.#observe({ kind: 'started', transaction, authorization }),
      transactionStopped: (transaction, reason, energyWh) =>
        this.#observe({ kind: 'stopped', transaction, reason, energyWh }),
    }
  }

  #listener(): ConnectionListener {
    const { observe } = this.#options
    return {
      opened: (subprotocol) => {
        this.ownCertificate.worked()
        this.#observe({ kind: 'connected', subprotocol })
        // Boots once after it was switched on; after a lost connection it continues without a boot (1.6 §4.2).
        if (this.#isAccepted) this.#resume()
        else void this.#boot(this.#bootReason)
      },
      closed: (code, reason) => {
        this.#outbox.pause()
        this.#cancelHeartbeat()
        this.#cancelBoot()
        this.#observe({ kind: 'disconnected', code, reason })
      },
      refused: (status) => {
        if (status === 401 || status === 403) this.ownCertificate.refused()
        this.#observe({ kind: 'refused', status })
      },
      received: (action, payload) => this.#received(action, payload),
      ...(observe === undefined
        ? {}
        : { frame: (direction: 'in' | 'out', text: string) => observe({ kind: 'frame', direction, text }) }),
    }
  }

  #received(action: string, payload: unknown): Reply {
    requireServed(this.version, action, payload, this.#options.checkFrames !== false)
    const reply = this.#dialect.reply(action, payload)
    this.#observe({ kind: 'command', action, answer: reply.answer })
    return reply
  }

  async #boot(reason: BootReason): Promise<void> {
    let retrySeconds = bootRetrySeconds
    try {
      const answer = await this.call(this.#dialect.boot(reason))
      const status = String(answer['status'])
      const interval = Number(answer['interval'])
      this.#observe({ kind: 'booted', status })
      if (status === 'Accepted') {
        const heartbeat = this.settings.byKey('HeartbeatInterval')
        if (heartbeat !== undefined && interval > 0) heartbeat.value = String(interval)
        this.#isAccepted = true
        for (const connector of this.connectors) connector.statusReported = null
        const status0 = this.#dialect.stationStatus('Available', this.clock.nowMs())
        if (status0 !== null) this.send(status0)
        this.#resume()
        this.#accepted.resolve()
        return
      }
      this.#isAccepted = false
      this.#outbox.pause()
      if (interval > 0) retrySeconds = interval
    } catch (error) {
      this.#observe({ kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) })
    }
    // Without a connection there is nothing to wait for: it boots on the next one.
    if (this.isConnected) this.#cancelBoot = this.clock.after(retrySeconds * 1000, () => void this.#boot(reason))
  }

  /** Connected and accepted: reports what changed meanwhile, and sends what is queued. */
  #resume(): void {
    for (const connector of this.connectors) {
      if (connector.statusReported !== connector.status) this.sendStatus(connector.connectorId)
    }
    this.#outbox.resume()
    this.ownCertificate.resume()
    this.#heartbeatLater()
  }

  #heartbeatLater(): void {
    this.#cancelHeartbeat()
    const intervalMs = this.settings.seconds('HeartbeatInterval') * 1000
    if (!this.isConnected || !this.#isAccepted || intervalMs <= 0) return
    this.#cancelHeartbeat = this.clock.after(intervalMs, () => {
      this.sendHeartbeat()
      this.#heartbeatLater()
    })
  }

  /** Disconnects and reconnects after a while; resolves once the boot has been accepted. */
  #reboot(reason: BootReason): Promise<void> {
    this.#bootReason = reason
    this.#isAccepted = false
    this.#accepted = Promise.withResolvers()
    this.#connection.close(1000, 'rebooting')
    this.later(this.#paceMs, () => this.#connection.open())
    return this.#accepted.promise
  }
}
