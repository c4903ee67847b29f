// The charge points that are connected to this node, from the open socket to the close. Handshakes are in `gateway/`,
// and frames in `station.ts`.

import type { OcppSettings } from '../base/config.ts'
import { StatorError } from '../base/errors.ts'
import { drainConnectionsMin, drainMsMax, drainPaceMs, drainTurnMs } from '../base/limits.ts'
import {
  accessChanged,
  type ClosedBy,
  type ConnectionEnd,
  type Hydration,
  newerConnection,
  nodeStopping,
} from '../blocks/records.ts'
import { type OcppVersion, subprotocols } from '../ocpp/version.ts'
import { Allowances, type StationLimits, Turns } from './allowance.ts'
import { closeAbnormal, closeGoingAway, closePolicyViolation, closeTryAgainLater } from './connection.ts'
import { Dispatcher } from './dispatcher.ts'
import { Intake } from './intake.ts'
import { MissingBoots } from './missing-boots.ts'
import { OwnFrames } from './own-frames.ts'
import { type Authentication, Station, type StationDeps, type StationSocket } from './station.ts'

// Close codes, RFC 6455 §7.4.1.
const closeProtocolError = 1002
const closeMessageTooBig = 1009

// The runtime sends 1009, and reports 1006 with this reason.
const runtimeSaysTooBig = 'Received too big message'

/** Who ended a connection that we did not close ourselves. The runtime closes one if a frame is too large. */
function closedBy(closeCode: number): ClosedBy {
  if (closeCode === closeMessageTooBig) return 'centralSystem'
  return closeCode === closeAbnormal ? 'lost' : 'chargePoint'
}

type MadeHere =
  | 'calls'
  | 'dispatcher'
  | 'heartbeatIntervalSeconds'
  | 'intake'
  | 'messageBytesMax'
  | 'messageLog'
  | 'ownFrames'
  | 'turns'

export interface StationsDeps extends Omit<StationDeps, MadeHere> {
  readonly settings: Pick<
    OcppSettings,
    'heartbeatIntervalSeconds' | 'messageLog' | 'messageBytesMax' | 'checkOwnFramesEvery'
  >
  /** Of each charge point. */
  readonly limits: StationLimits
  /** Calls back after the current turn of the event loop; `setImmediate`, except in tests. */
  readonly defer?: (callback: () => void) => void
  /**
   * Claims the connection and reads the state that the charge point's actor starts from. Fails with `NOT_FOUND` if the
   * charge point was deleted, or may not connect any more as it authenticated.
   */
  readonly connect: (
    chargePointKey: number,
    version: OcppVersion,
    authentication: Authentication,
    remoteAddress: string,
  ) => Promise<Hydration>
  readonly disconnect: (chargePointKey: number, epoch: number, end: ConnectionEnd) => Promise<void>
}

const noAuthentication: Authentication = { credential: null, renewed: null, profile: 0, certificate: null }

/** Every open connection. */
export class Stations {
  readonly #deps: StationsDeps
  readonly #stationDeps: StationDeps
  readonly #stations = new Set<Station>()
  /** The connection of each charge point; a newer one replaces it. */
  readonly #current = new Map<string, Station>()
  readonly #allowances: Allowances
  readonly #missingBoots: MissingBoots
  #isDraining = false

  constructor(deps: StationsDeps) {
    const { clock, defer = setImmediate, examiner, limits, registry, settings } = deps
    this.#deps = deps
    this.#missingBoots = new MissingBoots(deps)
    this.#allowances = new Allowances(clock, limits)
    this.#stationDeps = {
      ...deps,
      ...settings,
      calls: registry.calls,
      dispatcher: new Dispatcher(examiner, defer),
      turns: new Turns(defer),
      intake: new Intake(),
      ownFrames: new OwnFrames(settings.checkOwnFramesEvery, deps.counters, deps.log),
    }
  }

  /** Bytes of frames that have been read and are not served yet. */
  get receivedBytes(): number {
    return this.#stationDeps.intake.bytes
  }

  /** Whether no further connection may be set up. */
  get isDraining(): boolean {
    return this.#isDraining
  }

  /** Graceful drain: begins nothing new, finishes the CALLs under way, and closes the sockets with 1001. */
  async drain(): Promise<void> {
    this.#isDraining = true
    this.#missingBoots.end()
    const { clock, registry } = this.#deps
    for (const { live } of registry) live.drain()
    let cancel = (): void => {}
    const isOver = new Promise<void>((resolve) => (cancel = clock.after(drainMsMax, resolve)))
    await Promise.race([this.#paceOut(), isOver])
    cancel()
    for (const station of this.#stations) sendAway(station)
  }

  /** A socket has opened; `Socket.data` has its charge point. Its frames go to `SocketData.station`. */
  open(socket: StationSocket): void {
    const { data } = socket
    const { identity, version } = data
    if (version === null) {
      data.releaseSlot()
      socket.close(closeProtocolError, `No common subprotocol: offer ${Object.keys(subprotocols).join(', ')}.`)
      return
    }
    const station = new Station(socket, version, data, this.#allowances.opened(identity), this.#stationDeps)
    data.station = station
    this.#deps.counters.connectionsOpened++
    this.#stations.add(station)
    const older = this.#current.get(identity)
    this.#current.set(identity, station)
    // Kept only until it has been compared.
    const { authentication = noAuthentication } = data
    delete data.authentication
    station.beginning = this.#begin(station, authentication, older).finally(data.releaseSlot)
  }

  /** A socket has closed, on either side. */
  close(socket: StationSocket, code: number, reason: string): void {
    const { station } = socket.data
    if (station === undefined) return
    const { identity } = station
    const { counters, log, settings } = this.#deps
    const isTooBig = reason === runtimeSaysTooBig
    const closeCode = isTooBig ? closeMessageTooBig : code
    station.ended(closedBy(closeCode), closeCode, reason)
    this.#stations.delete(station)
    this.#allowances.closed(identity)
    counters.connectionsClosed++
    if (isTooBig) {
      counters.framesTooBig++
      station.note({ kind: 'frameTooBig', detail: { bytesMax: settings.messageBytesMax } })
    }
    // The next connection of the charge point waits until this one has nothing under way.
    void station.settled().then(() => {
      if (this.#current.get(identity) === station) this.#current.delete(identity)
    })
    log.info({ identity, closeCode, reason }, 'A connection was closed.')
    this.#release(station)
  }

  /**
   * Closes connections in batches, because all at once would reconnect at the same time. The others are served
   * meanwhile.
   */
  async #paceOut(): Promise<void> {
    const stations = [...this.#stations]
    const atOnce = Math.max(drainConnectionsMin, Math.ceil((stations.length * drainTurnMs) / drainPaceMs))
    const ends: Promise<void>[] = []
    for (let from = 0; from < stations.length; from += atOnce) {
      if (from > 0) await new Promise<void>((resolve) => this.#deps.clock.after(drainTurnMs, resolve))
      for (const station of stations.slice(from, from + atOnce)) {
        station.drain()
        ends.push(station.idle().then(() => sendAway(station)))
      }
    }
    await Promise.all(ends)
  }

  /**
   * Reads the charge point from the database and starts its actor. An older connection of the same charge point is
   * closed first, and its CALL under way is finished, so that the new one starts from a settled state.
   */
  async #begin(station: Station, authentication: Authentication, older: Station | undefined): Promise<void> {
    const { identity, chargePointKey, version, remoteAddress } = station
    const { connect, counters, disconnect, log, registry } = this.#deps
    const arrival = registry.arriving(station)
    try {
      if (older !== undefined) {
        if (!older.isClosed) counters.connectionsReplaced++
        older.close(closeGoingAway, newerConnection)
        await older.settled()
        if (station.isClosed) return
      }
      registry.reading(arrival)
      const hydration = await connect(chargePointKey, version, authentication, remoteAddress)
      const { epoch } = hydration
      if (station.end !== null) {
        await disconnect(chargePointKey, epoch, station.end)
        return
      }
      const connected = registry.connect(hydration, station, arrival)
      station.begin()
      this.#missingBoots.expect(connected)
      log.info({ identity, version, epoch, remoteAddress }, 'A charge point is connected.')
    } catch (error) {
      if (error instanceof StatorError && error.code === 'NOT_FOUND') {
        log.info({ identity, reason: error.message }, 'A connection was closed before it had begun.')
        station.close(closePolicyViolation, accessChanged)
        return
      }
      log.warn({ identity, error }, 'A charge point could not be read from the database; its connection is closed.')
      station.close(closeTryAgainLater, 'The database cannot be reached.')
    } finally {
      registry.arrived(identity, arrival)
    }
  }

  #release(station: Station): void {
    const { identity, chargePointKey, end, live } = station
    if (live === null) return
    this.#missingBoots.forget(station)
    const { disconnect, log, registry } = this.#deps
    registry.release(station)
    if (this.#isDraining || end === null) return
    disconnect(chargePointKey, live.epoch, end).catch((error: unknown) => {
      log.warn({ identity, error }, 'A charge point could not be marked as offline.')
    })
  }
}

function sendAway(station: Station): void {
  station.drain()
  station.close(closeGoingAway, nodeStopping)
}
