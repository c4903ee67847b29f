// OCPP 1.6 Edition 2, chapter 4: operations initiated by the charge point.

import type { SiteKind } from '../site.ts'
import { now } from '../match.ts'
import type { Case } from '../play.ts'
import { Station } from '../station.ts'
import {
  accepted,
  boots,
  booted,
  bootAnswer,
  bootNotification,
  charging,
  connectorIs,
  idTagOf,
  knownTag,
  meterValue,
  Session,
  sessionOf,
  time,
} from './states.ts'

const later = '2099-01-31T12:00:00.000Z'

/** Authorize with a tag that Stator knows. */
function authorize(settings: Readonly<Record<string, unknown>>, idTagInfo: unknown): Case {
  return async (play) => {
    const idTag = await knownTag(play, 'tag', settings)
    const station = await booted(play)
    await station.sends('Authorize', { idTag }, { idTagInfo })
  }
}

/** A boot that the operator has set to be answered so; nothing else is served until it is accepted. */
function held(status: 'Pending' | 'Rejected'): Case {
  return async (play) => {
    const station = await Station.known(play, 'plain', { registrationStatus: status })
    await station.connect()
    await station.sends('BootNotification', bootNotification, bootAnswer(station, status))
    await station.sendsInVain('Heartbeat', {}, 'SecurityError')
    await station.operatorDoes({ path: '', method: 'PATCH', body: { registrationStatus: 'Accepted' } })
    await boots(station)
  }
}

/** Each of these statuses is answered, and the operator sees it. */
function notifications(action: string, member: string, statuses: readonly string[]): Case {
  return async (play) => {
    const station = await booted(play)
    for (const status of statuses) {
      await station.sends(action, { status }, {})
      await station.operatorReads('', { [member]: status })
    }
  }
}

/** A start whose tag is not accepted: it gets a transactionId all the same (§4.8, errata 3.17). */
function startOf(settings: Readonly<Record<string, unknown>> | null, status: string): Case {
  return async (play) => {
    const idTag = settings === null ? idTagOf(play, 'unknown') : await knownTag(play, 'tag', settings)
    const session = new Session(await booted(play), idTag)
    await session.starts({}, { status })
    await session.stops({ reason: 'DeAuthorized' }, { idTagInfo: { status } })
  }
}

/** Two transactions of one tag. */
function concurrent(kind: SiteKind, status: string): Case {
  return async (play) => {
    const session = await sessionOf(play, kind)
    await session.starts()
    const second = new Session(session.station, session.idTag, 2)
    await second.starts({}, { status })
  }
}

const connectorStatuses = [
  'Preparing',
  'Charging',
  'SuspendedEV',
  'SuspendedEVSE',
  'Finishing',
  'Reserved',
  'Unavailable',
  'Available',
] as const

export const coreCases: Readonly<Record<string, Case>> = {
  '1.6 §4.1 Authorize, accepted': authorize({}, { status: 'Accepted' }),

  '1.6 §4.1 Authorize, unknown': async (play) => {
    const station = await booted(play)
    await station.sends('Authorize', { idTag: idTagOf(play, 'unknown') }, { idTagInfo: { status: 'Invalid' } })
  },

  '1.6 §4.1 Authorize, blocked': authorize({ status: 'Blocked' }, { status: 'Blocked' }),

  '1.6 §4.1 Authorize, expired': authorize({ status: 'Expired' }, { status: 'Expired' }),

  '1.6 §4.1 Authorize, with expiry and parent': authorize(
    { expiryDate: later, parentIdTag: 'PARENT001' },
    { status: 'Accepted', expiryDate: later, parentIdTag: 'PARENT001' },
  ),

  '1.6 §4.2 BootNotification, accepted': async (play) => {
    const station = await booted(play)
    await station.operatorReads('', { vendor: 'VendorName', model: 'Model-X1000' })
  },

  '1.6 §4.2 BootNotification, pending': held('Pending'),

  '1.6 §4.2 BootNotification, rejected': held('Rejected'),

  '1.6 §4.2 BootNotification, messages that the Central System asks for while pending': async (play) => {
    const station = await Station.known(play, 'plain', { registrationStatus: 'Pending' })
    await station.connect()
    await station.sends('BootNotification', bootNotification, bootAnswer(station, 'Pending'))
    await station.called('TriggerMessage', { requestedMessage: 'StatusNotification' }, { status: 'Accepted' })
    await connectorIs(station, 'Available', 1)
  },

  '1.6 §4.3 DataTransfer, unknown vendor': async (play) => {
    const station = await booted(play)
    const transfer = { vendorId: 'com.example', messageId: 'Message', data: 'anything' }
    await station.sends('DataTransfer', transfer, { status: 'UnknownVendorId' })
  },

  '1.6 §4.4 DiagnosticsStatusNotification': notifications('DiagnosticsStatusNotification', 'diagnosticsStatus', [
    'Idle',
    'Uploading',
    'UploadFailed',
    'Uploaded',
  ]),

  '1.6 §4.5 FirmwareStatusNotification': notifications('FirmwareStatusNotification', 'firmwareStatus', [
    'Idle',
    'Downloading',
    'DownloadFailed',
    'Downloaded',
    'Installing',
    'InstallationFailed',
    'Installed',
  ]),

  '1.6 §4.6 Heartbeat': async (play) => {
    const station = await booted(play)
    await station.sends('Heartbeat', {}, { currentTime: now })
  },

  '1.6 §4.7 MeterValues, of a transaction': async (play) => {
    const session = await charging(play)
    for (const value of [1_500, 2_000, 2_500]) await session.meters(value)
    await session.stops()
  },

  '1.6 §4.7 MeterValues, of the main meter and of an idle connector': async (play) => {
    const station = await booted(play)
    for (const connectorId of [0, 1]) {
      await station.sends('MeterValues', { connectorId, meterValue: meterValue(100, 'Sample.Clock') }, {})
    }
  },

  '1.6 §4.7 MeterValues, whatever is wrong with them': async (play) => {
    const session = await charging(play)
    const { station } = session
    await session.meters(9_000)
    // A register that falls, and a transaction that Stator does not know.
    await session.meters(10)
    await station.sends('MeterValues', { connectorId: 7, transactionId: 2_000_000_000, meterValue: meterValue(1) }, {})
  },

  '1.6 §4.8 StartTransaction, accepted': async (play) => {
    await charging(play)
  },

  '1.6 §4.8 StartTransaction, unknown idTag': startOf(null, 'Invalid'),

  '1.6 §4.8 StartTransaction, blocked idTag': startOf({ status: 'Blocked' }, 'Blocked'),

  '1.6 §4.8 StartTransaction, expired idTag': startOf({ status: 'Expired' }, 'Expired'),

  '1.6 §4.8 StartTransaction, idTag in another transaction': concurrent('plain', 'Accepted'),

  '1.6 §4.8 StartTransaction, idTag in another transaction, if that is not allowed': concurrent(
    'denying',
    'ConcurrentTx',
  ),

  '1.6 §4.8 StartTransaction, sent again': async (play) => {
    const session = await sessionOf(play)
    const timestamp = time()
    await session.starts({ timestamp })
    const { transactionId } = session
    await session.starts({ timestamp }, { status: 'Accepted' }, transactionId)
  },

  '1.6 §4.8 StartTransaction, delivered late': async (play) => {
    const session = await sessionOf(play)
    await session.starts({ timestamp: '2026-01-31T12:00:00.000Z' })
    await session.stops({ timestamp: '2026-01-31T13:00:00.000Z' })
  },

  // Errata 3.18.
  '1.6 §4.8 StartTransaction, never answered: messages with transactionId -1': async (play) => {
    const idTag = await knownTag(play, 'valid')
    const station = await booted(play)
    await station.sends('MeterValues', { connectorId: 1, transactionId: -1, meterValue: meterValue(100) }, {})
    await station.sends('StopTransaction', { transactionId: -1, idTag, meterStop: 200, timestamp: time() }, accepted)
  },

  '1.6 §4.9 StatusNotification, every status': async (play) => {
    const station = await booted(play)
    for (const status of connectorStatuses) {
      await connectorIs(station, status, 1)
      await station.operatorReads('status', { connectorId: 1, status }, ({ connectors }) =>
        Array.isArray(connectors) ? connectors.find((one) => one?.connectorId === 1) : null,
      )
    }
  },

  '1.6 §4.9 StatusNotification, a fault with its details': async (play) => {
    const station = await booted(play)
    const fault = { connectorId: 1, status: 'Faulted', errorCode: 'GroundFailure', info: 'Relay 2', timestamp: time() }
    await station.sends('StatusNotification', { ...fault, vendorId: 'com.example', vendorErrorCode: 'E12' }, {})
    const expected = { status: 'Faulted', errorCode: 'GroundFailure' }
    await station.operatorReads('status', expected, ({ connectors }) =>
      Array.isArray(connectors) ? connectors.find((one) => one?.connectorId === 1) : null,
    )
  },

  '1.6 §4.10 StopTransaction, by its idTag': async (play) => {
    const session = await charging(play)
    await session.stops()
  },

  '1.6 §4.10 StopTransaction, without idTag': async (play) => {
    const session = await charging(play)
    await session.stops({ idTag: undefined, reason: 'EVDisconnected' }, {})
  },

  '1.6 §4.10 StopTransaction, by another idTag of the same parent': async (play) => {
    const parentIdTag = idTagOf(play, 'parent')
    const [first, second] = [await knownTag(play, '1', { parentIdTag }), await knownTag(play, '2', { parentIdTag })]
    const session = new Session(await booted(play), first)
    await session.starts({}, { status: 'Accepted', parentIdTag })
    await session.stops({ idTag: second }, { idTagInfo: { status: 'Accepted', parentIdTag } })
  },

  '1.6 §4.10 StopTransaction, with meter values': async (play) => {
    const session = await charging(play)
    const transactionData = [...meterValue(1_000, 'Transaction.Begin'), ...meterValue(3_000, 'Transaction.End')]
    await session.stops({ transactionData })
  },

  '1.6 §4.10 StopTransaction, every reason': async (play) => {
    const session = await sessionOf(play)
    const reasons = ['DeAuthorized', 'EmergencyStop', 'EVDisconnected', 'HardReset', 'Local', 'Other', 'PowerLoss']
    for (const reason of [...reasons, 'Reboot', 'Remote', 'SoftReset', 'UnlockCommand']) {
      await session.starts()
      await session.stops({ reason })
    }
  },

  '1.6 §4.10 StopTransaction, of an unknown transaction': async (play) => {
    const idTag = await knownTag(play, 'valid')
    const station = await booted(play)
    const stop = { transactionId: 2_000_000_000, idTag, meterStop: 200, timestamp: time() }
    await station.sends('StopTransaction', stop, accepted)
  },

  '1.6 §4.10 StopTransaction, sent again': async (play) => {
    const session = await charging(play)
    const timestamp = time()
    await session.stops({ timestamp })
    await session.stops({ timestamp })
  },
}
