// OCPP 2.0.1 Part 6 §3.7: F Remote Control.

import { positiveInteger } from '../match.ts'
import type { Case, Play } from '../play.ts'
import type { Payload, Station } from '../station.ts'
import { booted, connectorIs, evses, Session, sessionOf, time } from './states.ts'

/** The operator starts a transaction; returns the remoteStartId that Stator chose. */
async function remoteStart({ station, token, evseId }: Session, reply: Payload): Promise<number> {
  const { idToken } = token
  const { sent } = await station.commanded({
    by: { path: 'start-transaction', body: { connectorId: evseId, idTag: idToken } },
    action: 'RequestStartTransaction',
    payload: { remoteStartId: positiveInteger, idToken: token, evseId },
    reply,
    told: (sent: Payload) => ({
      status: 'Accepted',
      // The operator is told the id that the transaction will have, which is the remoteStartId.
      transactionId: sent.remoteStartId,
      message: 'Remote start request sent successfully',
    }),
  })
  return Number(sent.remoteStartId)
}

/** The station starts the transaction that the operator asked for, before the cable is in. */
async function startedRemotely(session: Session, remoteStartId: number): Promise<void> {
  await session.event({ eventType: 'Started', triggerReason: 'RemoteStart', info: { remoteStartId } })
  session.isAuthorized = true
}

/** A session of a remote start that comes before the cable. */
async function remoteFirst(play: Play, authorizes: boolean): Promise<Session> {
  const session = await sessionOf(play)
  const remoteStartId = await remoteStart(session, { status: 'Accepted' })
  if (authorizes) await session.authorize()
  await startedRemotely(session, remoteStartId)
  return session
}

/** The operator triggers a message, and the station sends it. */
function triggers(request: Payload, sends: (station: Station) => Promise<unknown>, status = 'Accepted'): Case {
  return async (play) => {
    const station = await booted(play)
    await station.called('TriggerMessage', request, { status })
    await sends(station)
  }
}

function triggeredMeterValues(evseId: number): Payload {
  return { evseId, meterValue: triggeredMeterValue() }
}

function triggeredMeterValue() {
  return [{ timestamp: time(), sampledValue: [{ value: 12, context: 'Trigger' }] }]
}

/** An event that was triggered, for the session. */
function triggeredEvent(session: Session, more: Payload): Promise<void> {
  return session.event({
    eventType: 'Updated',
    triggerReason: 'Trigger',
    info: { chargingState: 'Charging' },
    more: { meterValue: triggeredMeterValue(), ...more },
  })
}

export const remoteControlCases: Readonly<Record<string, Case>> = {
  TC_F_01_CSMS: async (play) => {
    const session = await sessionOf(play)
    const { transactionId } = session
    await session.evConnectedPreSession()
    const remoteStartId = await remoteStart(session, { status: 'Accepted', transactionId })
    await session.event({ eventType: 'Updated', triggerReason: 'RemoteStart', info: { remoteStartId } })
    session.isAuthorized = true
    await session.energyTransferStarted()
  },

  TC_F_02_CSMS: async (play) => {
    const session = await remoteFirst(play, true)
    await session.energyTransferStarted()
  },

  TC_F_03_CSMS: async (play) => {
    const session = await remoteFirst(play, false)
    await session.energyTransferStarted()
  },

  TC_F_04_CSMS: async (play) => {
    const session = await remoteFirst(play, false)
    await session.event({ eventType: 'Updated', triggerReason: 'EVConnectTimeout' })
  },

  TC_F_06_CSMS: async (play) => {
    const station = await booted(play)
    await station.called('UnlockConnector', { evseId: 1, connectorId: 1 }, { status: 'Unlocked' })
  },

  TC_F_11_CSMS: triggers({ requestedMessage: 'MeterValues', evse: { id: 1 } }, (station) =>
    station.sends('MeterValues', triggeredMeterValues(1), {}),
  ),

  TC_F_12_CSMS: triggers({ requestedMessage: 'MeterValues' }, async (station) => {
    for (const evseId of evses) await station.sends('MeterValues', triggeredMeterValues(evseId), {})
  }),

  TC_F_13_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.energyTransferStarted()
    const request = { requestedMessage: 'TransactionEvent', evse: { id: 1 } }
    await session.station.called('TriggerMessage', request, { status: 'Accepted' })
    await triggeredEvent(session, { evse: { id: 1 } })
  },

  TC_F_14_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.energyTransferStarted()
    await session.station.called('TriggerMessage', { requestedMessage: 'TransactionEvent' }, { status: 'Accepted' })
    await triggeredEvent(session, {})
  },

  TC_F_15_CSMS: triggers({ requestedMessage: 'LogStatusNotification' }, (station) =>
    station.sends('LogStatusNotification', { status: 'Idle' }, {}),
  ),

  TC_F_18_CSMS: triggers({ requestedMessage: 'FirmwareStatusNotification' }, (station) =>
    station.sends('FirmwareStatusNotification', { status: 'Idle' }, {}),
  ),

  TC_F_20_CSMS: triggers({ requestedMessage: 'Heartbeat' }, (station) => station.heartbeat()),

  TC_F_23_CSMS: triggers({ requestedMessage: 'StatusNotification', evse: { id: 1 } }, (station) =>
    connectorIs(station, 'Available', 1),
  ),

  TC_F_24_CSMS: async (play) => {
    const station = await booted(play)
    await connectorIs(station, 'Occupied', 1)
    const request = { requestedMessage: 'StatusNotification', evse: { id: 1 } }
    await station.called('TriggerMessage', request, { status: 'Accepted' })
    await connectorIs(station, 'Occupied', 1)
  },

  TC_F_27_CSMS: triggers({ requestedMessage: 'SignCombinedCertificate' }, () => Promise.resolve(), 'NotImplemented'),
}
