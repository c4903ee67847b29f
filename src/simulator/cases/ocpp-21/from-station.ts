// Every message of OCPP 2.1 that a charging station sends, with what 2.1 has and 2.0.1 has not: it is answered as its
// schema says, and what only is stored is in the history of the station. The payloads are made from the schemas.

import type { ServedAction } from '../../../blocks/message-row.ts'
import { v21 } from '../../../blocks/messages.ts'
import { now } from '../match.ts'
import type { Case, Play } from '../play.ts'
import { type Payload, Station } from '../station.ts'
import { bootAnswer, boots, chargingStation, time } from '../ocpp-201/states.ts'

/** One message. */
interface FromStation {
  readonly payload: Payload
  /** Null: it is a SEND, which has no answer. */
  readonly answer: unknown
  /** Whether the operator reads it in the history of the station. */
  readonly isStored?: true
}

const requestId = 21
const transactionId = 'TX-2.1'
const evse = { id: 1, connectorId: 1 }
const idToken = { idToken: 'NOBODY-2.1', type: 'Central' }
const hashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'ab12', issuerKeyHash: 'cd34', serialNumber: '5E6F' }
const component = { name: 'Connector', evse }
const variable = { name: 'AvailabilityState' }
const schedule = { id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] }
const profile = {
  id: 1,
  stackLevel: 0,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Absolute',
  chargingSchedule: [schedule],
}
const battery = { evseId: 1, serialNumber: 'B-0001', soC: 81.5, soH: 97 }

/** By action: what the station sends, and what must be answered. */
function messages(
  { identity }: Play,
  station: Station,
  timestamp: string,
): Readonly<Record<ServedAction<typeof v21>, FromStation>> {
  const failed = { status: 'Failed', nextUpdate: now }
  const source = 'OCSP'
  return {
    SecurityEventNotification: { payload: { type: 'StartupOfTheDevice', timestamp, techInfo: 'cold' }, answer: {} },
    SignCertificate: {
      payload: { csr: 'MIIB', certificateType: 'V2G20Certificate', hashRootCertificate: hashData, requestId },
      answer: { status: 'Rejected' },
      isStored: true,
    },
    Get15118EVCertificate: {
      payload: {
        iso15118SchemaVersion: 'urn:iso:std:iso:15118:-20:CommonMessages',
        action: 'Install',
        exiRequest: 'gJgA',
        maximumContractCertificateChains: 2,
        prioritizedEMAIDs: ['DE8ACC12E46L89'],
      },
      answer: { status: 'Failed', exiResponse: '' },
      isStored: true,
    },
    GetCertificateStatus: {
      payload: { ocspRequestData: { ...hashData, responderURL: 'http://ocsp.example.com' } },
      answer: { status: 'Failed' },
      isStored: true,
    },
    GetCertificateChainStatus: {
      payload: {
        certificateStatusRequests: [{ certificateHashData: hashData, source, urls: ['http://ocsp.example.com'] }],
      },
      answer: { certificateStatus: [{ certificateHashData: hashData, source, ...failed }] },
      isStored: true,
    },
    BootNotification: { payload: { reason: 'Triggered', chargingStation }, answer: bootAnswer(station) },
    NotifyReport: {
      payload: {
        requestId,
        generatedAt: timestamp,
        seqNo: 0,
        reportData: [{ component, variable, variableAttribute: [{ value: 'Available', mutability: 'ReadOnly' }] }],
      },
      answer: {},
    },
    Authorize: {
      payload: { idToken: { idToken: `${identity}-nobody`, type: 'DirectPayment' } },
      answer: { idTokenInfo: { status: 'Unknown' } },
    },
    NotifySettlement: {
      payload: { transactionId, pspRef: 'psp-1', status: 'Settled', settlementAmount: 12.5, settlementTime: timestamp },
      answer: {},
      isStored: true,
    },
    VatNumberValidation: {
      payload: { vatNumber: 'NL123456789B01', evseId: 1 },
      answer: { vatNumber: 'NL123456789B01', evseId: 1, status: 'Rejected' },
    },
    TransactionEvent: {
      payload: {
        eventType: 'Started',
        timestamp,
        triggerReason: 'CablePluggedIn',
        seqNo: 0,
        evse,
        preconditioningStatus: 'Ready',
        evseSleep: false,
        transactionInfo: { transactionId, chargingState: 'EVConnected', operationMode: 'ChargingOnly' },
      },
      answer: {},
    },
    BatterySwap: {
      payload: { eventType: 'BatteryIn', idToken, requestId, batteryData: [battery] },
      answer: {},
      isStored: true,
    },
    StatusNotification: {
      payload: { timestamp, connectorStatus: 'Faulted', evseId: 1, connectorId: 1 },
      answer: {},
      isStored: true,
    },
    Heartbeat: { payload: {}, answer: { currentTime: now } },
    ReservationStatusUpdate: {
      payload: { reservationId: requestId, reservationUpdateStatus: 'NoTransaction' },
      answer: {},
      isStored: true,
    },
    MeterValues: {
      payload: { evseId: 1, meterValue: [{ timestamp, sampledValue: [{ value: 16.1, measurand: 'Current.Import' }] }] },
      answer: {},
    },
    ReportChargingProfiles: {
      payload: { requestId, chargingLimitSource: 'CSO', evseId: 1, chargingProfile: [profile] },
      answer: {},
      isStored: true,
    },
    NotifyChargingLimit: {
      payload: { evseId: 1, chargingLimit: { chargingLimitSource: 'SO', isLocalGeneration: true } },
      answer: {},
      isStored: true,
    },
    ClearedChargingLimit: { payload: { chargingLimitSource: 'SO', evseId: 1 }, answer: {}, isStored: true },
    NotifyEVChargingNeeds: {
      payload: {
        evseId: 1,
        timestamp,
        chargingNeeds: {
          requestedEnergyTransfer: 'DC_BPT',
          controlMode: 'DynamicControl',
          availableEnergyTransfer: ['DC', 'DC_BPT'],
        },
      },
      answer: { status: 'Rejected' },
      isStored: true,
    },
    NotifyEVChargingSchedule: {
      payload: {
        timeBase: timestamp,
        evseId: 1,
        chargingSchedule: schedule,
        selectedChargingScheduleId: 1,
        powerToleranceAcceptance: true,
      },
      answer: { status: 'Accepted' },
      isStored: true,
    },
    NotifyPriorityCharging: { payload: { transactionId, activated: true }, answer: {}, isStored: true },
    PullDynamicScheduleUpdate: {
      payload: { chargingProfileId: 12 },
      answer: { status: 'Rejected' },
    },
    ReportDERControl: {
      payload: {
        requestId,
        fixedVar: [
          {
            id: 'd-1',
            isDefault: false,
            isSuperseded: false,
            fixedVar: { priority: 1, setpoint: 0.5, unit: 'PctMaxVar' },
          },
        ],
      },
      answer: {},
      isStored: true,
    },
    NotifyDERStartStop: {
      payload: { controlId: 'd-1', started: true, timestamp, supersededIds: ['d-0'] },
      answer: {},
      isStored: true,
    },
    NotifyDERAlarm: {
      payload: { controlType: 'FreqDroop', gridEventFault: 'OverFrequency', alarmEnded: false, timestamp },
      answer: {},
      isStored: true,
    },
    FirmwareStatusNotification: { payload: { status: 'Idle' }, answer: {}, isStored: true },
    PublishFirmwareStatusNotification: {
      payload: { status: 'Published', requestId, location: ['http://station.example.com/firmware.bin'] },
      answer: {},
      isStored: true,
    },
    LogStatusNotification: { payload: { status: 'Idle' }, answer: {}, isStored: true },
    NotifyMonitoringReport: {
      payload: {
        requestId,
        seqNo: 0,
        generatedAt: timestamp,
        monitor: [
          {
            component,
            variable,
            variableMonitoring: [
              {
                id: 1,
                transaction: false,
                value: 1,
                type: 'TargetDelta',
                severity: 5,
                eventNotificationType: 'CustomMonitor',
              },
            ],
          },
        ],
      },
      answer: {},
      isStored: true,
    },
    NotifyEvent: {
      payload: {
        generatedAt: timestamp,
        seqNo: 0,
        eventData: [
          {
            eventId: 1,
            timestamp,
            trigger: 'Alerting',
            actualValue: 'Faulted',
            severity: 3,
            eventNotificationType: 'HardWiredNotification',
            component,
            variable,
          },
        ],
      },
      answer: {},
      isStored: true,
    },
    NotifyCustomerInformation: {
      payload: { data: 'nothing', seqNo: 0, generatedAt: timestamp, requestId },
      answer: {},
      isStored: true,
    },
    OpenPeriodicEventStream: {
      payload: { constantStreamData: { id: 1, variableMonitoringId: 7, params: { interval: 60, values: 10 } } },
      answer: { status: 'Accepted' },
      isStored: true,
    },
    ClosePeriodicEventStream: { payload: { id: 1 }, answer: {}, isStored: true },
    NotifyPeriodicEventStream: {
      payload: { id: 1, pending: 0, basetime: timestamp, data: [{ t: 0, v: '16.1' }] },
      answer: null,
      isStored: true,
    },
    NotifyDisplayMessages: {
      payload: {
        requestId,
        messageInfo: [
          {
            id: 1,
            priority: 'NormalCycle',
            state: 'Suspended',
            message: { format: 'QRCODE', content: 'HTTPS://E.COM' },
          },
        ],
      },
      answer: {},
      isStored: true,
    },
    DataTransfer: {
      payload: { vendorId: 'com.example.unknown', messageId: 'hello', data: { of: ['any', 'kind'] } },
      answer: { status: 'UnknownVendorId' },
      isStored: true,
    },
  }
}

function sends(action: string): Case {
  return async (play) => {
    const station = await Station.known(play, 'plain', { strictness: 'strict' })
    await station.connect()
    await boots(station)
    const all: Readonly<Record<string, FromStation | undefined>> = messages(
      play,
      station,
      await play.own('the time', async () => time()),
    )
    const message = all[action]
    if (message === undefined) throw new Error(`${action} is no message of a charging station.`)
    const { payload, answer, isStored = false } = message
    if (answer === null) await station.sendsUnanswered(action, payload)
    else await station.sends(action, payload, answer)
    if (!isStored) return
    await station.operatorReads(`events?action=${action}`, { payload }, ({ events }) =>
      Array.isArray(events) ? events[0] : null,
    )
  }
}

const rows = Object.entries(v21).filter(([, { direction }]) => direction !== 'toChargePoint')

export const fromStationCases: Readonly<Record<string, Case>> = Object.fromEntries(
  rows.map(([action]) => [`2.1 ${action}, from the station`, sends(action)]),
)
