// OCPP 2.0.1 Part 6 §3.15: N Diagnostics.

import type { Case } from '../play.ts'
import type { Payload, Station } from '../station.ts'
import { booted, knownToken, time } from './states.ts'

const log = { remoteLocation: 'https://logs.example.com/upload' }

async function getLog(station: Station, logType: string, requestId: number, reply: Payload): Promise<void> {
  await station.called('GetLog', { logType, requestId, log }, reply)
}

async function reports(station: Station, requestId: number, statuses: readonly string[]): Promise<void> {
  for (const status of statuses) await station.sends('LogStatusNotification', { status, requestId }, {})
  await station.operatorReads('', { logStatus: statuses.at(-1) })
}

const accepted = { status: 'Accepted', filename: 'log.txt' }

function uploaded(logType: string): Case {
  return async (play) => {
    const station = await booted(play)
    await getLog(station, logType, 1, accepted)
    await reports(station, 1, ['Uploading', 'Uploaded'])
  }
}

/** CustomerInformation about an id token, and the report if the station sends one. */
function customerInformation(flags: Payload, status: string, data: string | null): Case {
  return async (play) => {
    const idToken = await knownToken(play, 'valid')
    const station = await booted(play)
    await asksFor(station, { requestId: 7, ...flags, idToken }, status, data)
  }
}

async function asksFor(station: Station, request: Payload, status: string, data: string | null): Promise<void> {
  await station.called('CustomerInformation', request, { status })
  if (data === null) return
  const report = { data, seqNo: 0, generatedAt: time(), requestId: 7, tbc: false }
  await station.sends('NotifyCustomerInformation', report, {})
}

const report = { report: true, clear: false }
const clear = { report: true, clear: true }

export const diagnosticsCases: Readonly<Record<string, Case>> = {
  TC_N_25_CSMS: uploaded('DiagnosticsLog'),

  TC_N_27_CSMS: customerInformation(report, 'Accepted', 'Charged on Monday'),

  TC_N_28_CSMS: customerInformation(report, 'Accepted', ''),

  TC_N_29_CSMS: customerInformation(report, 'Rejected', null),

  TC_N_30_CSMS: customerInformation(clear, 'Accepted', 'Charged on Monday'),

  TC_N_31_CSMS: customerInformation(clear, 'Accepted', ''),

  TC_N_32_CSMS: customerInformation({ report: false, clear: true }, 'Accepted', null),

  TC_N_62_CSMS: async (play) => {
    const request = { requestId: 7, ...clear, customerIdentifier: 'OpenChargeAlliance' }
    await asksFor(await booted(play), request, 'Accepted', 'Charged on Monday')
  },

  TC_N_34_CSMS: async (play) => getLog(await booted(play), 'DiagnosticsLog', 1, { status: 'Rejected' }),

  TC_N_35_CSMS: uploaded('SecurityLog'),

  TC_N_36_CSMS: async (play) => {
    const station = await booted(play)
    await getLog(station, 'DiagnosticsLog', 1, accepted)
    await reports(station, 1, ['Uploading'])
    await getLog(station, 'DiagnosticsLog', 2, { status: 'AcceptedCanceled', filename: 'log2.txt' })
    await reports(station, 1, ['AcceptedCanceled'])
    await reports(station, 2, ['Uploading', 'Uploaded'])
  },
}
