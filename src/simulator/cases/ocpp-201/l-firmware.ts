// OCPP 2.0.1 Part 6 §3.13: L Firmware Management.

import type { Case, Play } from '../play.ts'
import type { Payload, Station } from '../station.ts'
import { boots, booted, connectorIs, sessionOf } from './states.ts'

const requestId = 42

/** A secure firmware: with the certificate that signed it, and the signature. */
const firmware = {
  location: 'https://firmware.example.com/firmware-v1.2.3.bin',
  retrieveDateTime: '2026-01-31T12:00:00.000Z',
  signingCertificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
  signature: 'c2lnbmF0dXJl',
}

const later = '2099-01-31T12:00:00.000Z'

async function update(station: Station, status: string, more: Payload = {}, id = requestId): Promise<void> {
  await station.called('UpdateFirmware', { requestId: id, firmware: { ...firmware, ...more } }, { status })
}

/** The station reports these statuses, one after the other. */
async function reports(station: Station, statuses: readonly string[], id = requestId): Promise<void> {
  for (const status of statuses) await station.sends('FirmwareStatusNotification', { status, requestId: id }, {})
  await station.operatorReads('', { firmwareStatus: statuses.at(-1) })
}

/** It reboots with the new firmware, and says how that went. */
async function reboots(station: Station, result = 'Installed', id = requestId): Promise<void> {
  await station.cut()
  await station.connect()
  await boots(station, 'FirmwareUpdate')
  await reports(station, [result], id)
}

const downloaded = ['Downloading', 'Downloaded', 'SignatureVerified'] as const
const installing = ['Installing', 'InstallRebooting'] as const

/** An update that is installed after these statuses. */
function installed(statuses: readonly string[], more: Payload = {}): Case {
  return async (play) => {
    const station = await booted(play)
    await update(station, 'Accepted', more)
    await reports(station, statuses)
    await reboots(station)
  }
}

/** The station refuses the update. */
function refused(status: string): Case {
  return async (play) => update(await booted(play), status)
}

/** An update that ends before the station reboots. */
function failed(statuses: readonly string[]): Case {
  return async (play) => {
    const station = await booted(play)
    await update(station, 'Accepted')
    await reports(station, statuses)
  }
}

/** A second request comes while the first is under way. */
async function asksAgain(play: Play, status: string): Promise<Station> {
  const station = await booted(play)
  await update(station, 'Accepted')
  await reports(station, ['Downloading'])
  await update(station, status, {}, requestId + 1)
  return station
}

export const firmwareCases: Readonly<Record<string, Case>> = {
  TC_L_01_CSMS: installed([...downloaded, ...installing]),

  TC_L_02_CSMS: installed([...downloaded, 'InstallScheduled', ...installing], { installDateTime: later }),

  TC_L_03_CSMS: installed(['DownloadScheduled', ...downloaded, ...installing], { retrieveDateTime: later }),

  TC_L_04_CSMS: refused('RevokedCertificate'),

  TC_L_05_CSMS: refused('InvalidCertificate'),

  TC_L_06_CSMS: failed(['Downloading', 'Downloaded', 'InvalidSignature']),

  TC_L_07_CSMS: failed(['Downloading', 'DownloadFailed']),

  TC_L_08_CSMS: failed([...downloaded, 'Installing', 'InstallVerificationFailed']),

  TC_L_09_CSMS: async (play) => {
    const station = await booted(play)
    await update(station, 'Accepted')
    await reports(station, [...downloaded, ...installing])
    await reboots(station, 'InstallationFailed')
  },

  TC_L_10_CSMS: async (play) => {
    const station = await asksAgain(play, 'AcceptedCanceled')
    await reports(station, [...downloaded, ...installing], requestId + 1)
    await reboots(station, 'Installed', requestId + 1)
  },

  TC_L_11_CSMS: async (play) => {
    const station = await asksAgain(play, 'Rejected')
    await reports(station, ['Downloaded', 'SignatureVerified', ...installing])
    await reboots(station)
  },

  TC_L_13_CSMS: async (play) => {
    const session = await sessionOf(play)
    const { station } = session
    await session.energyTransferStarted()
    await update(station, 'Accepted')
    await reports(station, ['DownloadScheduled'])
    await connectorIs(station, 'Unavailable', 2)
    await session.stopAuthorized()
    await session.evConnectedPostSession()
    await session.evDisconnected()
    await reports(station, [...downloaded, ...installing])
    await reboots(station)
  },
}
