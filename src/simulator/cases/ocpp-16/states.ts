// What the cases of OCPP 1.6 begin with, and a charging session.

import type { SiteKind } from '../site.ts'
import { now, positiveInteger } from '../match.ts'
import type { Play } from '../play.ts'
import { type Payload, Station } from '../station.ts'

export const bootNotification = { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' }

export function bootAnswer(station: Station, status: 'Accepted' | 'Pending' | 'Rejected' = 'Accepted'): Payload {
  return { currentTime: now, interval: station.interval, status }
}

/** A charge point whose boot has been accepted, and that has reported itself and its connectors (§4.2, §4.9). */
export async function booted(play: Play, provisioning: Payload = {}, kind: SiteKind = 'plain'): Promise<Station> {
  const station = await Station.known(play, kind, provisioning)
  await station.connect()
  await boots(station)
  return station
}

export async function boots(station: Station): Promise<void> {
  await station.sends('BootNotification', bootNotification, bootAnswer(station))
  for (const connectorId of [0, 1, 2]) await connectorIs(station, 'Available', connectorId)
}

/** Another boot, over a new connection. */
export async function reboots(station: Station): Promise<void> {
  await station.cut()
  await station.connect()
  await boots(station)
}

export async function connectorIs(station: Station, status: string, connectorId: number): Promise<void> {
  await station.sends('StatusNotification', { connectorId, errorCode: 'NoError', status, timestamp: time() }, {})
}

let lastMs = 0

/** The time of the station, which never stands still. */
export function time(): string {
  lastMs = Math.max(Date.now(), lastMs + 1)
  return new Date(lastMs).toISOString()
}

/** An idTag of this case, of at most 20 characters. */
export function idTagOf(play: Play, name: string): string {
  return `${Bun.hash.crc32(play.identity).toString(36)}-${name}`
}

/** Makes an idTag known to the central system; of a valid one there may be one already. */
export async function knownTag(
  play: Play,
  name: string,
  more: Payload = {},
  kind: SiteKind = 'plain',
): Promise<string> {
  const given = name === 'valid' ? play.options.idToken : null
  if (given !== null) return given
  const idTag = idTagOf(play, name)
  await play.prepare(async () => (await play.site(kind)).operator.addIdToken(idTag, more))
  return idTag
}

export const accepted = { idTagInfo: { status: 'Accepted' } }

/** A charging session. */
export class Session {
  readonly station: Station
  readonly idTag: string
  readonly connectorId: number
  transactionId = 0

  constructor(station: Station, idTag: string, connectorId = 1) {
    this.station = station
    this.idTag = idTag
    this.connectorId = connectorId
  }

  /** StartTransaction; `transactionId` is the one that it must get, if it is known. */
  async starts(
    more: Payload = {},
    idTagInfo: unknown = { status: 'Accepted' },
    transactionId: unknown = positiveInteger,
  ): Promise<void> {
    const { idTag, connectorId, station } = this
    const start = { connectorId, idTag, meterStart: 1_000, timestamp: time(), ...more }
    const answer = await station.sends('StartTransaction', start, { idTagInfo, transactionId })
    this.transactionId = Number(answer['transactionId'])
    await this.isStored({ transactionId: this.transactionId, connectorId, meterStart: 1_000, stopTime: null })
  }

  /** MeterValues of the session. */
  async meters(value: number): Promise<void> {
    const { connectorId, transactionId } = this
    await this.station.sends('MeterValues', { connectorId, transactionId, meterValue: meterValue(value) }, {})
  }

  /** StopTransaction, with the idTag unless `more` has another one. */
  async stops(more: Payload = {}, expected: unknown = accepted): Promise<void> {
    const { transactionId, idTag } = this
    const stop = { transactionId, idTag, meterStop: 3_000, timestamp: time(), ...more }
    await this.station.sends('StopTransaction', stop, expected)
    await this.isStored({ transactionId, meterStop: 3_000, stopReason: more['reason'] ?? 'Local' })
  }

  /** What the operator reads of the newest transaction. */
  async isStored(expected: Payload): Promise<void> {
    const { identity } = this.station
    await this.station.operatorReads(`/api/transactions?chargePointId=${identity}`, expected, ({ transactions }) =>
      Array.isArray(transactions) ? transactions[0] : null,
    )
  }
}

export function meterValue(value: number, context = 'Sample.Periodic') {
  return [{ timestamp: time(), sampledValue: [{ value: String(value), context, unit: 'Wh' }] }]
}

/** A booted charge point and a session of a valid idTag that has not started yet. */
export async function sessionOf(play: Play, kind: SiteKind = 'plain'): Promise<Session> {
  const idTag = await knownTag(play, 'valid', {}, kind)
  return new Session(await booted(play, {}, kind), idTag)
}

/** A session that has started. */
export async function charging(play: Play): Promise<Session> {
  const session = await sessionOf(play)
  await session.starts()
  return session
}
