// OCPP 2.0.1 Part 6 §3.6: E Transactions.

import type { Case, Play } from '../play.ts'
import type { Station } from '../station.ts'
import { accepted, booted, connectorIs, knownToken, Session, sessionOf, time, token, transactionIs } from './states.ts'

/** The transaction starts when the power path is closed, or energy flows: the cable is in, and no event was sent. */
async function startsLate(play: Play, triggerReason: string, chargingState: string, more = {}): Promise<Session> {
  const session = await sessionOf(play)
  await session.authorize()
  await connectorIs(session.station, 'Occupied', session.evseId)
  await session.event({
    eventType: 'Started',
    triggerReason,
    info: { chargingState },
    more: { idToken: session.token, evse: session.evse, ...more },
    expected: accepted,
  })
  return session
}

/** A session in which energy flows. */
async function charging(play: Play): Promise<Session> {
  const session = await sessionOf(play)
  await session.energyTransferStarted()
  return session
}

/** The transaction ends in one event, and the operator sees its reason. */
function endsWith(
  triggerReason: string,
  info: { readonly stoppedReason: string; readonly chargingState?: string },
): Case {
  return async (play) => {
    const session = await charging(play)
    await session.ends(triggerReason, info)
    await transactionIs(session.station, { idTag: session.token.idToken, stopReason: info.stoppedReason })
  }
}

/** A meter value in an event from the time offline. */
function meterValue(context = 'Sample.Periodic', value = 100, more = {}) {
  return [{ timestamp: time(), sampledValue: [{ value, context, ...more }] }]
}

/** The connection is lost. A Heartbeat shows that the new one is served, before the operator asks for anything. */
async function reconnects(station: Station): Promise<void> {
  await station.cut()
  await station.connect()
  await station.heartbeat()
}

/** An event that was kept while the station was offline. */
function queued(session: Session): Promise<void> {
  return session.event({
    eventType: 'Updated',
    triggerReason: 'MeterValuePeriodic',
    more: { offline: true, meterValue: meterValue() },
  })
}

export const transactionCases: Readonly<Record<string, Case>> = {
  TC_E_01_CSMS: async (play) => {
    const session = await startsLate(play, 'ChargingStateChanged', 'SuspendedEVSE')
    await session.charging('Charging')
    await transactionIs(session.station, { connectorId: 1, idTag: session.token.idToken, stopTime: null })
  },

  TC_E_02_CSMS: async (play) => {
    const session = await startsLate(play, 'ChargingStateChanged', 'Charging')
    await transactionIs(session.station, { connectorId: 1, idTag: session.token.idToken, stopTime: null })
  },

  TC_E_03_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.evConnectedPreSession()
    await session.authorized()
    await session.energyTransferStarted()
    await transactionIs(session.station, { connectorId: 1, idTag: session.token.idToken, stopTime: null })
  },

  TC_E_04_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.authorized()
    await session.energyTransferStarted()
    await transactionIs(session.station, { connectorId: 1, idTag: session.token.idToken, stopTime: null })
  },

  TC_E_39_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.authorized()
    await session.ends('EVConnectTimeout', { stoppedReason: 'Timeout' })
    await transactionIs(session.station, { idTag: session.token.idToken, stopReason: 'Timeout' })
  },

  TC_E_14_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.evConnectedPostSession()
    await session.evDisconnected()
    await transactionIs(session.station, { stopReason: 'EVDisconnected' })
  },

  TC_E_20_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.energyTransferSuspended()
    await session.evDisconnected()
    await transactionIs(session.station, { stopReason: 'EVDisconnected' })
  },

  TC_E_15_CSMS: endsWith('StopAuthorized', { stoppedReason: 'Local' }),

  TC_E_21_CSMS: async (play) => {
    const session = await charging(play)
    const { station, transactionId } = session
    await station.called('RequestStopTransaction', { transactionId }, { status: 'Accepted' })
    await session.ends('RemoteStop', { stoppedReason: 'Remote' })
    await transactionIs(station, { stopReason: 'Remote' })
  },

  TC_E_09_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.evConnectedPreSession()
    await transactionIs(session.station, { connectorId: 1, idTag: null, stopTime: null })
  },

  TC_E_10_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.authorized()
    await transactionIs(session.station, { idTag: session.token.idToken, stopTime: null })
  },

  TC_E_11_CSMS: async (play) => {
    const signedMeterValue = {
      signedMeterData: 'c2lnbmVk',
      signingMethod: 'ECDSA-secp256r1-SHA256',
      encodingMethod: 'OCMF',
      publicKey: '',
    }
    const session = await startsLate(play, 'SignedDataReceived', 'EVConnected', {
      meterValue: meterValue('Transaction.Begin', 0, { signedMeterValue }),
    })
    await session.charging('Charging')
    await transactionIs(session.station, { idTag: session.token.idToken, meterStart: 0, stopTime: null })
  },

  TC_E_12_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.event({ eventType: 'Started', triggerReason: 'EVDetected' })
    await transactionIs(session.station, { idTag: null, stopTime: null })
  },

  TC_E_38_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.authorized()
    await session.evConnectedPreSession()
    await session.charging('SuspendedEV')
    await transactionIs(session.station, { connectorId: 1, stopTime: null })
  },

  TC_E_07_CSMS: endsWith('StopAuthorized', { stoppedReason: 'Local' }),

  TC_E_08_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.stopAuthorized()
    await session.ends('ChargingStateChanged', { chargingState: 'EVConnected', stoppedReason: 'Local' })
    await transactionIs(session.station, { stopReason: 'Local' })
  },

  TC_E_16_CSMS: async (play) => {
    const session = new Session(await booted(play), token(play, 'invalid'))
    await session.event({
      eventType: 'Started',
      triggerReason: 'Authorized',
      more: { idToken: session.token },
      expected: { idTokenInfo: { status: 'Unknown' } },
    })
    await session.ends('Deauthorized', { stoppedReason: 'DeAuthorized' })
    await transactionIs(session.station, { stopReason: 'DeAuthorized' })
  },

  TC_E_17_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.energyTransferSuspended()
    await session.ends('EVCommunicationLost', { chargingState: 'Idle', stoppedReason: 'EVDisconnected' })
    await transactionIs(session.station, { stopReason: 'EVDisconnected' })
  },

  TC_E_22_CSMS: endsWith('ChargingStateChanged', { chargingState: 'SuspendedEV', stoppedReason: 'StoppedByEV' }),

  // The transaction goes on until the bay is free, so the EV is disconnected by an event that ends nothing.
  TC_E_19_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.evConnectedPostSession()
    await connectorIs(session.station, 'Available', session.evseId)
    await session.event({
      eventType: 'Updated',
      triggerReason: 'EVCommunicationLost',
      info: { chargingState: 'Idle' },
    })
    await session.ends('EVDeparted', { stoppedReason: 'Local' })
    await transactionIs(session.station, { stopReason: 'Local' })
  },

  TC_E_26_CSMS: async (play) => {
    const session = await sessionOf(play)
    const { station, evseId } = session
    await session.energyTransferSuspended()
    await session.event({
      eventType: 'Updated',
      triggerReason: 'EVCommunicationLost',
      info: { chargingState: 'Idle' },
    })
    await connectorIs(station, 'Available', evseId)
    await session.event({
      eventType: 'Updated',
      triggerReason: 'CablePluggedIn',
      info: { chargingState: 'EVConnected' },
    })
    await session.charging('Charging')
    await transactionIs(station, { connectorId: 1, idTag: session.token.idToken, stopTime: null })
  },

  TC_E_29_CSMS: async (play) => {
    const session = await charging(play)
    const { station, transactionId } = session
    await reconnects(station)
    const reply = { ongoingIndicator: true, messagesInQueue: true }
    await station.called('GetTransactionStatus', { transactionId }, reply)
    await queued(session)
  },

  TC_E_30_CSMS: async (play) => {
    const { station, transactionId } = await charging(play)
    const reply = { ongoingIndicator: true, messagesInQueue: false }
    await station.called('GetTransactionStatus', { transactionId }, reply)
  },

  TC_E_31_CSMS: async (play) => {
    const session = await charging(play)
    const { station, transactionId } = session
    await reconnects(station)
    const skipped = session.seqNo
    const ended = skipped + 2
    const offline = { offline: true }
    session.seqNo = ended
    await session.event({
      eventType: 'Ended',
      triggerReason: 'EVCommunicationLost',
      info: { chargingState: 'Idle', stoppedReason: 'EVDisconnected' },
      more: offline,
    })
    const reply = { ongoingIndicator: false, messagesInQueue: true }
    await station.called('GetTransactionStatus', { transactionId }, reply)
    session.seqNo = skipped
    await session.event({
      eventType: 'Updated',
      triggerReason: 'StopAuthorized',
      more: { ...offline, idToken: session.token },
      expected: accepted,
    })
    await session.event({
      eventType: 'Updated',
      triggerReason: 'ChargingStateChanged',
      info: { chargingState: 'EVConnected' },
      more: offline,
    })
    await transactionIs(station, { idTag: session.token.idToken, stopReason: 'EVDisconnected' })
  },

  TC_E_33_CSMS: async (play) => {
    const session = await charging(play)
    const { station } = session
    await reconnects(station)
    await station.called('GetTransactionStatus', {}, { messagesInQueue: true })
    await queued(session)
  },

  TC_E_34_CSMS: async (play) => {
    const station = await booted(play)
    await station.called('GetTransactionStatus', {}, { messagesInQueue: false })
  },

  TC_E_53_CSMS: async (play) => {
    const valid = await knownToken(play, 'valid')
    const station = await booted(play)
    for (const name of ['first', 'second']) {
      const session = new Session(station, valid, { name })
      await session.energyTransferStarted()
      await session.evDisconnected()
      await transactionIs(station, { idTag: valid.idToken, stopReason: 'EVDisconnected' })
    }
  },
}
