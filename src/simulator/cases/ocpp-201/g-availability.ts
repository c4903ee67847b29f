// OCPP 2.0.1 Part 6 §3.8: G Availability.

import type { Case, Play } from '../play.ts'
import type { Payload, Station } from '../station.ts'
import { allConnectorsAre, booted, connectorIs, notifyEvent, Session, sessionOf } from './states.ts'

/** What is made available or unavailable. */
const evse = { evse: { id: 1 } }
const connector = { evse: { id: 1, connectorId: 1 } }
const chargingStation = {}

async function changes(
  station: Station,
  operationalStatus: string,
  place: Payload,
  status = 'Accepted',
): Promise<void> {
  await station.called('ChangeAvailability', { operationalStatus, ...place }, { status })
}

/** The connectors of a place report their status. */
async function connectorsOf(station: Station, place: Payload, status: string): Promise<void> {
  if ('evse' in place) await connectorIs(station, status, 1)
  else await allConnectorsAre(station, status)
}

/** Reusable State Unavailable, of an EVSE, a connector or the whole station. */
async function unavailable(station: Station, place: Payload): Promise<void> {
  await changes(station, 'Inoperative', place)
  await connectorsOf(station, place, 'Unavailable')
  await statusIs(station, 'Unavailable')
}

/** The operator sees the status of the first connector. */
async function statusIs(station: Station, status: string): Promise<void> {
  await station.operatorReads('status', { connectorId: 1, status }, ({ connectors }) =>
    Array.isArray(connectors) ? connectors.find((one: Payload) => one['connectorId'] === 1) : null,
  )
}

function toInoperative(place: Payload): Case {
  return async (play) => unavailable(await booted(play), place)
}

function toOperative(place: Payload): Case {
  return async (play) => {
    const station = await booted(play)
    await unavailable(station, place)
    await changes(station, 'Operative', place)
    await connectorsOf(station, place, 'Available')
    await statusIs(station, 'Available')
  }
}

/** The change waits until the transaction has ended. */
async function scheduled(play: Play, place: Payload): Promise<Session> {
  const session = await sessionOf(play)
  await session.energyTransferStarted()
  await changes(session.station, 'Inoperative', place, 'Scheduled')
  return session
}

async function ends(session: Session): Promise<void> {
  await session.stopAuthorized()
  await session.evConnectedPostSession()
  await session.evDisconnected()
}

function withTransaction(place: Payload): Case {
  return async (play) => {
    const session = await scheduled(play, place)
    await ends(session)
    await connectorIs(session.station, 'Unavailable', 1)
    await statusIs(session.station, 'Unavailable')
  }
}

export const availabilityCases: Readonly<Record<string, Case>> = {
  TC_G_03_CSMS: toInoperative(evse),

  TC_G_04_CSMS: toOperative(evse),

  TC_G_05_CSMS: toInoperative(chargingStation),

  TC_G_06_CSMS: toOperative(chargingStation),

  TC_G_07_CSMS: toInoperative(connector),

  TC_G_08_CSMS: toOperative(connector),

  TC_G_11_CSMS: withTransaction(evse),

  TC_G_14_CSMS: async (play) => {
    const session = await scheduled(play, chargingStation)
    await connectorIs(session.station, 'Unavailable', 2)
    await ends(session)
    await connectorIs(session.station, 'Unavailable', 1)
    await statusIs(session.station, 'Unavailable')
  },

  TC_G_17_CSMS: withTransaction(connector),

  TC_G_20_CSMS: async (play) => {
    const station = await booted(play)
    await station.sends('NotifyEvent', notifyEvent({ name: 'ConnectorPlugRetentionLock' }, 'Problem', 'true'), {})
  },
}
