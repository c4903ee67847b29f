// OCPP 1.6 Edition 2, chapter 5: operations of the profiles for local lists, reservation, smart charging, firmware and
// remote triggers.

import { now } from '../match.ts'
import type { Case } from '../play.ts'
import type { Payload, Station } from '../station.ts'
import { everyStatus } from './commands.ts'
import { booted, charging, connectorIs, meterValue, reboots, sessionOf } from './states.ts'

const schedule = {
  duration: 3_600,
  startSchedule: '2026-01-31T12:00:00.000Z',
  chargingRateUnit: 'A',
  // Limits have one decimal place (§7.14).
  chargingSchedulePeriod: [
    { startPeriod: 0, limit: 16.1, numberPhases: 3 },
    { startPeriod: 1_800, limit: 8, numberPhases: 1 },
  ],
  minChargingRate: 6.1,
}

function chargingProfile(chargingProfilePurpose: string, more: Payload = {}): Payload {
  const profile = { chargingProfileId: 1, stackLevel: 0, chargingProfilePurpose, chargingProfileKind: 'Absolute' }
  return { ...profile, ...more, chargingSchedule: schedule }
}

function sendsProfile(connectorId: number, csChargingProfiles: Payload): Case {
  return everyStatus('SetChargingProfile', { connectorId, csChargingProfiles }, [
    'Accepted',
    'Rejected',
    'NotSupported',
  ])
}

const lists = {
  full: {
    listVersion: 7,
    updateType: 'Full',
    localAuthorizationList: [
      { idTag: 'TAG1', idTagInfo: { status: 'Accepted', expiryDate: '2099-01-31T12:00:00Z', parentIdTag: 'PARENT' } },
      { idTag: 'TAG2', idTagInfo: { status: 'Blocked' } },
    ],
  },
  // An idTag without idTagInfo is removed (§6.41).
  differential: { listVersion: 8, updateType: 'Differential', localAuthorizationList: [{ idTag: 'TAG1' }] },
  empty: { listVersion: 9, updateType: 'Full' },
} as const

/** The operator triggers a message, and the charge point sends it. */
function triggers(request: Payload, sends: (station: Station) => Promise<unknown>, action = 'TriggerMessage'): Case {
  return async (play) => {
    const station = await booted(play)
    await station.called(action, request, { status: 'Accepted' })
    await sends(station)
  }
}

function triggeredBy(action: string, status: string): (station: Station) => Promise<unknown> {
  return (station) => station.sends(action, { status }, {})
}

const firmware = {
  location: 'https://firmware.example.com/firmware-v1.2.3.bin',
  retrieveDate: '2026-01-31T12:00:00.000Z',
  retries: 3,
  retryInterval: 60,
}

/** An update that goes through these statuses, with a reboot before the last one. */
function updatesFirmware(statuses: readonly string[]): Case {
  return async (play) => {
    const station = await booted(play)
    await station.commanded({
      by: { path: 'update-firmware', body: firmware },
      action: 'UpdateFirmware',
      payload: firmware,
      reply: {},
      told: { status: 'Accepted', message: 'Firmware update scheduled' },
    })
    for (const [index, status] of statuses.entries()) {
      if (index === statuses.length - 1 && status === 'Installed') await reboots(station)
      await station.sends('FirmwareStatusNotification', { status }, {})
      await station.operatorReads('', { firmwareStatus: status })
    }
  }
}

/** Diagnostics that go through these statuses. */
function getsDiagnostics(reply: Payload, statuses: readonly string[]): Case {
  return async (play) => {
    const station = await booted(play)
    const payload = {
      location: 'https://files.example.com/upload',
      startTime: '2026-01-30T12:00:00.000Z',
      stopTime: '2026-01-31T12:00:00.000Z',
      retries: 3,
      retryInterval: 60,
    }
    await station.called('GetDiagnostics', payload, reply)
    for (const status of statuses) await station.sends('DiagnosticsStatusNotification', { status }, {})
    const [last] = statuses.slice(-1)
    if (last !== undefined) await station.operatorReads('', { diagnosticsStatus: last })
  }
}

export const profileCases: Readonly<Record<string, Case>> = {
  '1.6 §5.1 CancelReservation': everyStatus('CancelReservation', { reservationId: 5 }, ['Accepted', 'Rejected']),

  '1.6 §5.5 ClearChargingProfile, by id': everyStatus('ClearChargingProfile', { id: 1 }, ['Accepted', 'Unknown']),

  '1.6 §5.5 ClearChargingProfile, by connector, purpose and stack level': everyStatus(
    'ClearChargingProfile',
    { connectorId: 1, chargingProfilePurpose: 'TxDefaultProfile', stackLevel: 0 },
    ['Accepted', 'Unknown'],
  ),

  '1.6 §5.7 GetCompositeSchedule': async (play) => {
    const station = await booted(play)
    const payload = { connectorId: 1, duration: 3_600, chargingRateUnit: 'A' }
    const answer = { connectorId: 1, scheduleStart: '2026-01-31T12:00:00Z', chargingSchedule: schedule }
    await station.called('GetCompositeSchedule', payload, { status: 'Accepted', ...answer })
    await station.called('GetCompositeSchedule', { connectorId: 9, duration: 60 }, { status: 'Rejected' })
  },

  '1.6 §5.9 GetDiagnostics, uploaded': getsDiagnostics({ fileName: 'diagnostics.zip' }, ['Uploading', 'Uploaded']),
  '1.6 §5.9 GetDiagnostics, upload failed': getsDiagnostics({ fileName: 'diagnostics.zip' }, [
    'Uploading',
    'UploadFailed',
  ]),
  '1.6 §5.9 GetDiagnostics, nothing to upload': getsDiagnostics({}, []),

  '1.6 §5.10 GetLocalListVersion': async (play) => {
    const station = await booted(play)
    for (const listVersion of [7, 0, -1]) await station.called('GetLocalListVersion', {}, { listVersion })
  },

  '1.6 §5.13 ReserveNow, every answer': everyStatus(
    'ReserveNow',
    { connectorId: 1, expiryDate: '2099-01-31T12:00:00.000Z', idTag: 'TAG1', parentIdTag: 'PARENT', reservationId: 5 },
    ['Accepted', 'Faulted', 'Occupied', 'Rejected', 'Unavailable'],
  ),

  '1.6 §5.13 ReserveNow, used by a start': async (play) => {
    const session = await sessionOf(play)
    const { station, idTag } = session
    const payload = { connectorId: 1, expiryDate: '2099-01-31T12:00:00.000Z', idTag, reservationId: 5 }
    await station.called('ReserveNow', payload, { status: 'Accepted' })
    await connectorIs(station, 'Reserved', 1)
    await session.starts({ reservationId: 5 })
    await session.stops()
  },

  '1.6 §5.15 SendLocalList, full': everyStatus('SendLocalList', lists.full, ['Accepted', 'Failed', 'NotSupported']),

  '1.6 §5.15 SendLocalList, differential': everyStatus('SendLocalList', lists.differential, [
    'Accepted',
    'VersionMismatch',
  ]),

  '1.6 §5.15 SendLocalList, empty': everyStatus('SendLocalList', lists.empty, ['Accepted']),

  '1.6 §5.16 SetChargingProfile, of the charge point': sendsProfile(0, chargingProfile('ChargePointMaxProfile')),

  '1.6 §5.16 SetChargingProfile, default of transactions': sendsProfile(
    0,
    chargingProfile('TxDefaultProfile', {
      chargingProfileKind: 'Recurring',
      recurrencyKind: 'Daily',
      validFrom: '2026-01-31T12:00:00Z',
      validTo: '2099-01-31T12:00:00Z',
    }),
  ),

  '1.6 §5.16 SetChargingProfile, of a transaction': async (play) => {
    const { station, transactionId } = await charging(play)
    const csChargingProfiles = chargingProfile('TxProfile', { transactionId })
    await station.called('SetChargingProfile', { connectorId: 1, csChargingProfiles }, { status: 'Accepted' })
  },

  '1.6 §5.17 TriggerMessage, Heartbeat': triggers({ requestedMessage: 'Heartbeat' }, (station) =>
    station.sends('Heartbeat', {}, { currentTime: now }),
  ),

  '1.6 §5.17 TriggerMessage, MeterValues': triggers({ requestedMessage: 'MeterValues', connectorId: 1 }, (station) =>
    station.sends('MeterValues', { connectorId: 1, meterValue: meterValue(100, 'Trigger') }, {}),
  ),

  '1.6 §5.17 TriggerMessage, StatusNotification': triggers(
    { requestedMessage: 'StatusNotification', connectorId: 1 },
    (station) => connectorIs(station, 'Available', 1),
  ),

  '1.6 §5.17 TriggerMessage, DiagnosticsStatusNotification': triggers(
    { requestedMessage: 'DiagnosticsStatusNotification' },
    triggeredBy('DiagnosticsStatusNotification', 'Idle'),
  ),

  '1.6 §5.17 TriggerMessage, FirmwareStatusNotification': triggers(
    { requestedMessage: 'FirmwareStatusNotification' },
    triggeredBy('FirmwareStatusNotification', 'Idle'),
  ),

  '1.6 §5.17 TriggerMessage, refused': everyStatus('TriggerMessage', { requestedMessage: 'Heartbeat' }, [
    'Rejected',
    'NotImplemented',
  ]),

  '1.6 §5.19 UpdateFirmware, installed': updatesFirmware(['Downloading', 'Downloaded', 'Installing', 'Installed']),
  '1.6 §5.19 UpdateFirmware, download failed': updatesFirmware(['Downloading', 'DownloadFailed']),
  '1.6 §5.19 UpdateFirmware, installation failed': updatesFirmware([
    'Downloading',
    'Downloaded',
    'Installing',
    'InstallationFailed',
  ]),
}
