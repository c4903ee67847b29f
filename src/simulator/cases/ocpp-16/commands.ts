// OCPP 1.6 Edition 2, chapter 5: operations initiated by the Central System, of the core profile.

import { positiveInteger } from '../match.ts'
import type { Case } from '../play.ts'
import type { Payload, Station } from '../station.ts'
import { booted, charging, connectorIs, reboots, type Session, sessionOf } from './states.ts'

/** A CALL of the operator for each of these statuses. */
export function everyStatus(action: string, payload: Payload, statuses: readonly string[]): Case {
  return async (play) => {
    const station = await booted(play)
    for (const status of statuses) await station.called(action, payload, { status })
  }
}

/** What an operator is told of a status that is not Accepted. */
export function answeredWith(command: string, status: string): Payload {
  return { status, message: `The charge point answered the ${command} with ${status}` }
}

async function availability(station: Station, connectorId: number, type: string, status: string): Promise<void> {
  await station.called('ChangeAvailability', { connectorId, type }, { status })
}

const changed = {
  Accepted: 'Configuration updated successfully',
  RebootRequired: 'Configuration updated; it takes effect after a reboot',
  Rejected: 'The charge point rejected the value, or the key is read-only',
  NotSupported: 'The charge point does not know this key',
} as const

function changesConfiguration(status: keyof typeof changed): Case {
  return async (play) => {
    const station = await booted(play)
    await station.commanded({
      by: { path: 'configuration', body: { key: 'HeartbeatInterval', value: '600' } },
      action: 'ChangeConfiguration',
      payload: { key: 'HeartbeatInterval', value: '600' },
      reply: { status },
      told: { status, message: changed[status] },
    })
  }
}

const intervalKey = { key: 'HeartbeatInterval', readonly: false, value: '600' }
const connectorsKey = { key: 'NumberOfConnectors', readonly: true, value: '2' }

function resets(type: 'Soft' | 'Hard', reason: string): Case {
  return async (play) => {
    const session = await charging(play)
    const { station } = session
    await station.commanded({
      by: { path: 'reset', body: { type } },
      action: 'Reset',
      payload: { type },
      reply: { status: 'Accepted' },
      told: { status: 'Accepted', message: 'Reset command sent successfully' },
    })
    await session.stops({ reason })
    await reboots(station)
  }
}

/** The operator starts a transaction; the id that it will have. */
async function remoteStart({ station, idTag }: Session, more: Payload = {}): Promise<unknown> {
  const payload = { connectorId: 1, idTag, ...more }
  const { told } = await station.commanded({
    by: { path: 'start-transaction', body: payload },
    action: 'RemoteStartTransaction',
    payload,
    reply: { status: 'Accepted' },
    told: { status: 'Accepted', transactionId: positiveInteger, message: 'Remote start request sent successfully' },
  })
  return told['transactionId']
}

const txProfile = {
  chargingProfileId: 1,
  stackLevel: 0,
  chargingProfilePurpose: 'TxProfile',
  chargingProfileKind: 'Relative',
  chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16.1 }] },
}

/** A remote start that leads to a transaction with the id that the operator was told. */
function startsRemotely(more: Payload): Case {
  return async (play) => {
    const session = await sessionOf(play)
    const transactionId = await remoteStart(session, more)
    await session.starts({}, { status: 'Accepted' }, transactionId)
    await session.stops()
  }
}

function stopsRemotely(status: string, told: Payload): Case {
  return async (play) => {
    const session = await charging(play)
    const { station, transactionId } = session
    await station.commanded({
      by: { path: 'stop-transaction', body: { transactionId } },
      action: 'RemoteStopTransaction',
      payload: { transactionId },
      reply: { status },
      told,
    })
    if (status === 'Accepted') await session.stops({ reason: 'Remote' })
  }
}

export const commandCases: Readonly<Record<string, Case>> = {
  '1.6 §5.2 ChangeAvailability, of a connector': async (play) => {
    const station = await booted(play)
    await availability(station, 1, 'Inoperative', 'Accepted')
    await connectorIs(station, 'Unavailable', 1)
    await availability(station, 1, 'Operative', 'Accepted')
    await connectorIs(station, 'Available', 1)
  },

  '1.6 §5.2 ChangeAvailability, of the charge point': async (play) => {
    const station = await booted(play)
    await availability(station, 0, 'Inoperative', 'Accepted')
    for (const connectorId of [0, 1, 2]) await connectorIs(station, 'Unavailable', connectorId)
    await availability(station, 0, 'Operative', 'Rejected')
  },

  '1.6 §5.2 ChangeAvailability, during a transaction': async (play) => {
    const session = await charging(play)
    await availability(session.station, 1, 'Inoperative', 'Scheduled')
    await session.stops()
    await connectorIs(session.station, 'Unavailable', 1)
  },

  '1.6 §5.3 ChangeConfiguration, accepted': changesConfiguration('Accepted'),
  '1.6 §5.3 ChangeConfiguration, reboot required': changesConfiguration('RebootRequired'),
  '1.6 §5.3 ChangeConfiguration, rejected': changesConfiguration('Rejected'),
  '1.6 §5.3 ChangeConfiguration, not supported': changesConfiguration('NotSupported'),

  '1.6 §5.4 ClearCache': everyStatus('ClearCache', {}, ['Accepted', 'Rejected']),

  '1.6 §5.6 DataTransfer, to the charge point': async (play) => {
    const station = await booted(play)
    const transfer = { vendorId: 'com.example', messageId: 'Message', data: 'anything' }
    await station.called('DataTransfer', transfer, { status: 'Accepted', data: 'something' })
    for (const status of ['Rejected', 'UnknownMessageId', 'UnknownVendorId']) {
      await station.called('DataTransfer', transfer, { status })
    }
  },

  '1.6 §5.8 GetConfiguration, all keys': async (play) => {
    const station = await booted(play)
    const configurationKey = [intervalKey, connectorsKey]
    await station.commanded({
      by: { path: 'configuration', method: 'GET' },
      action: 'GetConfiguration',
      payload: {},
      reply: { configurationKey },
      told: { configurationKey },
    })
  },

  '1.6 §5.8 GetConfiguration, some keys, one unknown': async (play) => {
    const station = await booted(play)
    const answer = { configurationKey: [intervalKey], unknownKey: ['Nonsense'] }
    await station.commanded({
      by: { path: 'configuration?key=HeartbeatInterval&key=Nonsense', method: 'GET' },
      action: 'GetConfiguration',
      payload: { key: ['HeartbeatInterval', 'Nonsense'] },
      reply: answer,
      told: answer,
    })
  },

  '1.6 §5.11 RemoteStartTransaction, accepted': startsRemotely({}),

  // Errata 3.41: without a transactionId.
  '1.6 §5.11 RemoteStartTransaction, with a charging profile': startsRemotely({ chargingProfile: txProfile }),

  '1.6 §5.11 RemoteStartTransaction, authorised first': async (play) => {
    const session = await sessionOf(play)
    const { station, idTag } = session
    const transactionId = await remoteStart(session)
    await station.sends('Authorize', { idTag }, { idTagInfo: { status: 'Accepted' } })
    await session.starts({}, { status: 'Accepted' }, transactionId)
  },

  '1.6 §5.11 RemoteStartTransaction, rejected': async (play) => {
    const { station, idTag } = await sessionOf(play)
    const payload = { connectorId: 1, idTag }
    await station.commanded({
      by: { path: 'start-transaction', body: payload },
      action: 'RemoteStartTransaction',
      payload,
      reply: { status: 'Rejected' },
      told: answeredWith('remote start', 'Rejected'),
    })
  },

  '1.6 §5.12 RemoteStopTransaction, accepted': stopsRemotely('Accepted', {
    status: 'Accepted',
    message: 'Remote stop request sent successfully',
  }),

  '1.6 §5.12 RemoteStopTransaction, rejected': stopsRemotely('Rejected', answeredWith('remote stop', 'Rejected')),

  '1.6 §5.14 Reset, soft': resets('Soft', 'SoftReset'),
  '1.6 §5.14 Reset, hard': resets('Hard', 'HardReset'),

  '1.6 §5.14 Reset, rejected': async (play) => {
    const station = await booted(play)
    await station.commanded({
      by: { path: 'reset', body: { type: 'Soft' } },
      action: 'Reset',
      payload: { type: 'Soft' },
      reply: { status: 'Rejected' },
      told: answeredWith('reset', 'Rejected'),
    })
  },

  '1.6 §5.18 UnlockConnector': everyStatus('UnlockConnector', { connectorId: 1 }, [
    'Unlocked',
    'UnlockFailed',
    'NotSupported',
  ]),
}
