// The reusable states of OCPP 2.0.1 Part 6 §3.18, and what the cases are configured with.

import type { SiteKind } from '../site.ts'
import { now } from '../match.ts'
import type { Play } from '../play.ts'
import { type Payload, Station } from '../station.ts'

/** The model and vendor that stations of the cases report. */
export const chargingStation = { model: 'Model-X1000', vendorName: 'VendorName' }

/** EVSEs of a station of the cases; each has one connector. */
export const evses = [1, 2] as const

/** `BootNotificationResponse`. */
export function bootAnswer(station: Station, status: 'Accepted' | 'Pending' | 'Rejected' = 'Accepted'): Payload {
  return { currentTime: now, interval: station.interval, status }
}

/** A station whose boot has been accepted. */
export async function booted(play: Play, provisioning: Payload = {}, kind: SiteKind = 'plain'): Promise<Station> {
  const station = await Station.known(play, kind, provisioning)
  await station.connect()
  await boots(station)
  return station
}

/** Reusable State Booted, over an open connection. */
export async function boots(station: Station, reason = 'PowerUp'): Promise<void> {
  await station.sends('BootNotification', { reason, chargingStation }, bootAnswer(station))
  await allConnectorsAre(station, 'Available')
}

/** The station notifies the current state of all connectors: of the first in the old way, of the second in the new. */
export async function allConnectorsAre(station: Station, status: string): Promise<void> {
  await statusNotification(station, status, 1)
  await availabilityEvent(station, status, 2)
}

/** By both messages, of which a station may use either. */
export async function connectorIs(station: Station, status: string, evseId: number): Promise<void> {
  await statusNotification(station, status, evseId)
  await availabilityEvent(station, status, evseId)
}

function statusNotification(station: Station, connectorStatus: string, evseId: number): Promise<unknown> {
  return station.sends('StatusNotification', { timestamp: time(), connectorStatus, evseId, connectorId: 1 }, {})
}

function availabilityEvent(station: Station, status: string, evseId: number): Promise<unknown> {
  const component = { name: 'Connector', evse: { id: evseId, connectorId: 1 } }
  return station.sends('NotifyEvent', notifyEvent(component, 'AvailabilityState', status), {})
}

/** How SetNetworkProfile spells the version of the case. */
export function versionInProfiles({ version }: Play): string {
  return version === '2.1' ? 'OCPP21' : 'OCPP20'
}

let eventIds = 0

/** NotifyEvent with one event; `more` has members of the event that differ. */
export function notifyEvent(component: Payload, variable: string, actualValue: string, more: Payload = {}): Payload {
  const timestamp = time()
  const event = {
    eventId: ++eventIds,
    timestamp,
    trigger: 'Delta',
    actualValue,
    eventNotificationType: 'HardWiredNotification',
    component,
    variable: { name: variable },
    ...more,
  }
  return { generatedAt: timestamp, seqNo: 0, tbc: false, eventData: [event] }
}

let lastMs = 0

/** The time of the station, which never stands still. */
export function time(): string {
  lastMs = Math.max(Date.now(), lastMs + 1)
  return new Date(lastMs).toISOString()
}

/** An id token as stations send it. */
export interface Token {
  readonly idToken: string
  readonly type: string
}

/** An id token of this case; `invalid` is one that the central system does not know. */
export function token(play: Play, name: string): Token {
  return { idToken: `${play.identity}-${name}`, type: 'ISO14443' }
}

/** Makes an id token known to the central system; of a valid one there may be one already. */
export async function knownToken(play: Play, name: string, more: Payload = {}): Promise<Token> {
  const made = token(play, name)
  const given = name === 'valid' ? play.options.idToken : null
  if (given !== null) return { ...made, idToken: given }
  await play.prepare(async () => {
    const { operator } = await play.site('plain')
    await operator.addIdToken(made.idToken, { type: made.type, ...more })
  })
  return made
}

export const accepted = { idTokenInfo: { status: 'Accepted' } }

/** A TransactionEvent. */
export interface Event {
  readonly eventType: 'Started' | 'Updated' | 'Ended'
  readonly triggerReason: string
  /** Members of transactionInfo, besides the id. */
  readonly info?: Payload
  /** More members of the message. */
  readonly more?: Payload
  readonly expected?: unknown
}

/** A charging session at an EVSE, as the reusable states take it further. */
export class Session {
  readonly station: Station
  readonly evseId: number
  readonly token: Token
  readonly transactionId: string
  /** IdTokenInfo that the token is answered with. */
  readonly idTokenInfo: Payload
  seqNo = 0
  isAuthorized = false
  isConnected = false
  #state: 'none' | 'started' | 'stopAuthorized' | 'postSession' = 'none'

  constructor(station: Station, token: Token, more: { evseId?: number; name?: string; idTokenInfo?: Payload } = {}) {
    this.station = station
    this.token = token
    this.evseId = more.evseId ?? 1
    this.transactionId = `${station.identity}-${more.name ?? this.evseId}`
    this.idTokenInfo = more.idTokenInfo ?? { status: 'Accepted' }
  }

  get evse(): Payload {
    return { id: this.evseId, connectorId: 1 }
  }

  async event({ eventType, triggerReason, info = {}, more = {}, expected = {} }: Event): Promise<void> {
    const transactionInfo = { transactionId: this.transactionId, ...info }
    const payload = { eventType, timestamp: time(), triggerReason, seqNo: this.seqNo, transactionInfo, ...more }
    this.seqNo += 1
    await this.station.sends('TransactionEvent', payload, expected)
  }

  /** Authorize with the token of the session. */
  async authorize(): Promise<void> {
    await this.station.sends('Authorize', { idToken: this.token }, { idTokenInfo: this.idTokenInfo })
  }

  /** Reusable State Authorized. */
  async authorized(): Promise<void> {
    await this.authorize()
    await this.event({
      eventType: this.isConnected ? 'Updated' : 'Started',
      triggerReason: 'Authorized',
      more: { idToken: this.token },
      expected: { idTokenInfo: this.idTokenInfo },
    })
    this.isAuthorized = true
  }

  /** Reusable State EVConnectedPreSession. */
  async evConnectedPreSession(more: Payload = {}): Promise<void> {
    await connectorIs(this.station, 'Occupied', this.evseId)
    await this.event({
      eventType: this.isAuthorized ? 'Updated' : 'Started',
      triggerReason: 'CablePluggedIn',
      info: { chargingState: 'EVConnected' },
      more: { evse: this.evse, ...more },
    })
    this.isConnected = true
  }

  /** Reusable State EnergyTransferStarted. */
  async energyTransferStarted(): Promise<void> {
    if (!this.isAuthorized) await this.authorized()
    if (!this.isConnected) await this.evConnectedPreSession()
    await this.charging('Charging')
    this.#state = 'started'
  }

  /** Reusable State EnergyTransferSuspended. */
  async energyTransferSuspended(): Promise<void> {
    if (this.#state === 'none') await this.energyTransferStarted()
    await this.charging('SuspendedEV')
  }

  /** Reusable State StopAuthorized. */
  async stopAuthorized(): Promise<void> {
    if (this.#state === 'none') await this.energyTransferStarted()
    await this.event({
      eventType: 'Updated',
      triggerReason: 'StopAuthorized',
      more: { idToken: this.token },
      expected: { idTokenInfo: this.idTokenInfo },
    })
    this.#state = 'stopAuthorized'
  }

  /** The stop was authorised, by an event that the case has sent itself. */
  isStopAuthorized(): void {
    this.#state = 'stopAuthorized'
  }

  /** Reusable State EVConnectedPostSession. */
  async evConnectedPostSession(): Promise<void> {
    if (this.#state === 'none' || this.#state === 'started') await this.stopAuthorized()
    await this.charging('EVConnected')
    this.#state = 'postSession'
  }

  /** Reusable State EVDisconnected; `more` has members of the last event. */
  async evDisconnected(more: Payload = {}): Promise<void> {
    if (this.#state !== 'postSession') await this.evConnectedPostSession()
    await connectorIs(this.station, 'Available', this.evseId)
    await this.event({
      eventType: 'Ended',
      triggerReason: 'EVCommunicationLost',
      info: { chargingState: 'Idle', stoppedReason: 'EVDisconnected' },
      more,
    })
    this.#state = 'none'
    this.isAuthorized = false
    this.isConnected = false
  }

  /** The charging state changes. */
  async charging(chargingState: string, info: Payload = {}): Promise<void> {
    const triggerReason = 'ChargingStateChanged'
    await this.event({ eventType: 'Updated', triggerReason, info: { chargingState, ...info } })
  }

  /** The transaction ends. */
  async ends(triggerReason: string, info: Payload, more: Payload = {}, expected: unknown = {}): Promise<void> {
    await this.event({ eventType: 'Ended', triggerReason, info, more, expected })
    this.#state = 'none'
    this.isAuthorized = false
    this.isConnected = false
  }
}

/** What the operator reads of the newest transaction of a station. */
export async function transactionIs(station: Station, expected: Payload): Promise<void> {
  await station.operatorReads(`/api/transactions?chargePointId=${station.identity}`, expected, ({ transactions }) =>
    Array.isArray(transactions) ? transactions[0] : null,
  )
}

/** A booted station with a session of a valid id token. */
export async function sessionOf(play: Play): Promise<Session> {
  const valid = await knownToken(play, 'valid')
  return new Session(await booted(play), valid)
}
