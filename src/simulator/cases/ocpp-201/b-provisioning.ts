// OCPP 2.0.1 Part 6 §3.3: B Provisioning.

import { positiveInteger } from '../match.ts'
import type { Case, Play } from '../play.ts'
import { type Payload, Station } from '../station.ts'
import {
  bootAnswer,
  booted,
  boots,
  chargingStation,
  connectorIs,
  evses,
  notifyEvent,
  type Session,
  sessionOf,
  time,
  versionInProfiles,
} from './states.ts'

const powerUp = { reason: 'PowerUp', chargingStation }

/** A station whose boot Stator was told to answer with Pending first. After Rejected it must not be sent anything. */
async function held(play: Play): Promise<Station> {
  const station = await Station.known(play, 'plain', { registrationStatus: 'Pending' })
  await station.connect()
  await station.sends('BootNotification', powerUp, bootAnswer(station, 'Pending'))
  return station
}

/** The operator lets the station in. */
function letIn(station: Station): Promise<void> {
  return station.operatorDoes({ path: '', method: 'PATCH', body: { registrationStatus: 'Accepted' } })
}

const offlineThreshold = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'OfflineThreshold' } }
const authorizeRemoteStart = { component: { name: 'AuthCtrlr' }, variable: { name: 'AuthorizeRemoteStart' } }
const thresholdKey = 'OCPPCommCtrlr.OfflineThreshold'
const remoteStartKey = 'AuthCtrlr.AuthorizeRemoteStart'

/** A base report, in two parts; the operator sees the values of both. */
function baseReport(reportBase: string): Case {
  return async (play) => {
    const station = await booted(play)
    const { sent } = await station.commanded({
      by: { path: 'base-report', body: { reportBase } },
      action: 'GetBaseReport',
      payload: { requestId: positiveInteger, reportBase },
      reply: { status: 'Accepted' },
      told: { status: 'Accepted', message: 'The charge point sends the report', jobId: positiveInteger },
    })
    const { requestId } = sent
    const variableAttribute = [{ value: '600', mutability: 'ReadWrite' }]
    const parts = [
      [{ ...offlineThreshold, variableAttribute }],
      [{ ...authorizeRemoteStart, variableAttribute: [{ value: 'false', mutability: 'ReadOnly' }] }],
    ]
    for (const [seqNo, reportData] of parts.entries()) {
      const report = { requestId, generatedAt: time(), seqNo, tbc: seqNo === 0, reportData }
      await station.sends('NotifyReport', report, {})
    }
    await station.operatorReads('configuration', {
      configurationKey: [
        { key: remoteStartKey, readonly: true, value: 'false' },
        { key: thresholdKey, readonly: false, value: '600' },
      ],
    })
    await station.operatorReads('reports', { requestId, status: 'Complete', missing: [] }, newestReport)
  }
}

function newestReport({ reports }: Payload): unknown {
  return Array.isArray(reports) ? reports[0] : null
}

const resetMessages: Readonly<Record<string, string>> = {
  Accepted: 'Reset command sent successfully',
  Scheduled: 'Reset scheduled for when the charge point is idle',
}

/** The operator resets the whole station: Soft is OnIdle, Hard is Immediate. */
async function resets(station: Station, type: 'Soft' | 'Hard', status: 'Accepted' | 'Scheduled'): Promise<void> {
  await station.commanded({
    by: { path: 'reset', body: { type } },
    action: 'Reset',
    payload: { type: type === 'Soft' ? 'OnIdle' : 'Immediate' },
    reply: { status },
    told: { status, message: resetMessages[status] },
  })
}

/** The operator resets an EVSE. */
function resetsEvse(station: Station, type: string, status: string): Promise<void> {
  return station.called('Reset', { type, evseId: 1 }, { status })
}

/** A session in which energy flows. */
async function charging(play: Play): Promise<Session> {
  const session = await sessionOf(play)
  await session.energyTransferStarted()
  return session
}

/** The driver stops it, and the reset that waited can happen. */
async function stopsLocally(session: Session): Promise<void> {
  await session.event({
    eventType: 'Updated',
    triggerReason: 'StopAuthorized',
    info: { chargingState: 'EVConnected' },
    more: { idToken: session.token },
    expected: { idTokenInfo: { status: 'Accepted' } },
  })
  await session.ends('EVCommunicationLost', { chargingState: 'Idle', stoppedReason: 'EVDisconnected' })
}

/** The reset ends the transaction. */
function stopsByReset(session: Session): Promise<void> {
  return session.ends('ResetCommand', { chargingState: 'EVConnected', stoppedReason: 'ImmediateReset' })
}

async function reconnects(station: Station): Promise<void> {
  await station.cut()
  await station.connect()
}

const csmsUrl = 'wss://csms.example.com/ocpp'

function setNetworkProfile(status: string, message: string): Case {
  return async (play) => {
    const station = await booted(play)
    await station.commanded({
      by: {
        path: 'network-profiles/1',
        method: 'PUT',
        body: { csmsUrl, securityProfile: 1, interface: 'Wired0', messageTimeout: 30 },
      },
      action: 'SetNetworkProfile',
      payload: {
        configurationSlot: 1,
        connectionData: {
          ocppVersion: versionInProfiles(play),
          ocppTransport: 'JSON',
          ocppCsmsUrl: csmsUrl,
          messageTimeout: 30,
          securityProfile: 1,
          ocppInterface: 'Wired0',
        },
      },
      reply: { status },
      told: { status, message, jobId: positiveInteger },
    })
  }
}

export const provisioningCases: Readonly<Record<string, Case>> = {
  TC_B_01_CSMS: async (play) => {
    await booted(play)
  },

  TC_B_02_CSMS: async (play) => {
    const station = await held(play)
    await letIn(station)
    await boots(station)
  },

  TC_B_30_CSMS: async (play) => {
    const station = await held(play)
    for (const evseId of evses) {
      const timestamp = time()
      const status = { timestamp, connectorStatus: 'Available', evseId, connectorId: 1 }
      await station.sendsInVain('StatusNotification', status, 'SecurityError')
      const event = notifyEvent({ name: 'Connector', evse: { id: evseId } }, 'AvailabilityState', 'Available')
      await station.sendsInVain('NotifyEvent', event, 'SecurityError')
    }
  },

  TC_B_31_CSMS: async (play) => {
    const station = await held(play)
    await station.called('TriggerMessage', { requestedMessage: 'BootNotification' }, { status: 'Accepted' })
    await letIn(station)
    await boots(station, 'Triggered')
  },

  TC_B_06_CSMS: async (play) => {
    const station = await booted(play)
    await station.commanded({
      by: { path: `configuration?key=${thresholdKey}`, method: 'GET' },
      action: 'GetVariables',
      payload: { getVariableData: [offlineThreshold] },
      reply: { getVariableResult: [{ ...offlineThreshold, attributeStatus: 'Accepted', attributeValue: '600' }] },
      told: { configurationKey: [{ key: thresholdKey, readonly: false, value: '600' }] },
    })
  },

  TC_B_07_CSMS: async (play) => {
    const station = await booted(play)
    await station.commanded({
      by: { path: `configuration?key=${thresholdKey}&key=${remoteStartKey}`, method: 'GET' },
      action: 'GetVariables',
      payload: { getVariableData: [offlineThreshold, authorizeRemoteStart] },
      reply: {
        getVariableResult: [
          { ...offlineThreshold, attributeStatus: 'Accepted', attributeValue: '600' },
          { ...authorizeRemoteStart, attributeStatus: 'Accepted', attributeValue: 'false' },
        ],
      },
      told: {
        configurationKey: [
          { key: thresholdKey, readonly: false, value: '600' },
          { key: remoteStartKey, readonly: false, value: 'false' },
        ],
      },
    })
  },

  TC_B_09_CSMS: async (play) => {
    const station = await booted(play)
    await station.commanded({
      by: { path: 'configuration', body: { key: thresholdKey, value: '123' } },
      action: 'SetVariables',
      payload: { setVariableData: [{ attributeValue: '123', ...offlineThreshold }] },
      reply: { setVariableResult: [{ ...offlineThreshold, attributeStatus: 'Accepted' }] },
      told: { status: 'Accepted', message: 'Configuration updated successfully' },
    })
  },

  TC_B_10_CSMS: async (play) => {
    const station = await booted(play)
    const setVariableData = [
      { attributeValue: '123', ...offlineThreshold },
      { attributeValue: 'false', ...authorizeRemoteStart },
    ]
    const setVariableResult: readonly Payload[] = [
      { ...offlineThreshold, attributeStatus: 'Accepted' },
      { ...authorizeRemoteStart, attributeStatus: 'Accepted' },
    ]
    const told = (key: string, name: object) => {
      return { key, ...name, attributeType: 'Actual', status: 'Accepted', message: 'The value is set' }
    }
    await station.commanded({
      by: {
        path: 'variables',
        method: 'PUT',
        body: {
          variables: [
            { ...offlineThreshold, value: '123' },
            { ...authorizeRemoteStart, value: 'false' },
          ],
        },
      },
      action: 'SetVariables',
      payload: { setVariableData },
      reply: { setVariableResult },
      told: {
        rebootRequired: false,
        results: [told(thresholdKey, offlineThreshold), told(remoteStartKey, authorizeRemoteStart)],
      },
    })
  },

  TC_B_12_CSMS: baseReport('ConfigurationInventory'),

  TC_B_13_CSMS: baseReport('FullInventory'),

  TC_B_20_CSMS: async (play) => {
    const station = await booted(play)
    await resets(station, 'Soft', 'Accepted')
    await reconnects(station)
    await boots(station, 'RemoteReset')
  },

  TC_B_21_CSMS: async (play) => {
    const session = await charging(play)
    const { station } = session
    await resets(station, 'Soft', 'Scheduled')
    await stopsLocally(session)
    await reconnects(station)
    await boots(station, 'ScheduledReset')
  },

  TC_B_22_CSMS: async (play) => {
    const session = await charging(play)
    const { station } = session
    await resets(station, 'Hard', 'Accepted')
    await stopsByReset(session)
    await reconnects(station)
    await station.sends('BootNotification', { reason: 'RemoteReset', chargingStation }, bootAnswer(station))
    await connectorIs(station, 'Occupied', session.evseId)
    await connectorIs(station, 'Available', 2)
  },

  TC_B_25_CSMS: async (play) => resetsEvse(await booted(play), 'OnIdle', 'Accepted'),

  TC_B_26_CSMS: async (play) => {
    const session = await charging(play)
    await resetsEvse(session.station, 'OnIdle', 'Scheduled')
    await stopsLocally(session)
  },

  TC_B_27_CSMS: async (play) => {
    const session = await charging(play)
    await resetsEvse(session.station, 'Immediate', 'Accepted')
    await stopsByReset(session)
  },

  TC_B_42_CSMS: setNetworkProfile('Accepted', 'The charge point has stored the profile'),

  TC_B_44_CSMS: setNetworkProfile('Failed', 'The charge point answered the network profile with Failed'),
}
