// Functional block F, remote control: unlocking connectors and triggering messages, in each version.

import { type ByVersion, type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, type NoCommand, outcomeOf } from '../command.ts'
import { connector16, evse2x, evseFields, type EvsePlace } from '../evse.ts'

/** A connector; connector 1 if the request names the EVSE only. */
export interface UnlockRequest {
  readonly evseId: number
  readonly connectorId?: number | undefined
}

/** UnlockConnector (1.6 §5.18, 2.0.1 F05). */
export function unlockCommand(version: OcppVersion, request: UnlockRequest): Command | NoCommand {
  return unlocks[version](request)
}

const unlocks = since2<(request: UnlockRequest) => Command | NoCommand>(
  (request) => {
    const connectorId = connector16(request)
    return typeof connectorId === 'number' ? unlock({ connectorId }, { '/connectorId': 'evseId' }) : connectorId
  },
  ({ evseId, connectorId = 1 }) => unlock({ evseId, connectorId }),
)

function unlock(payload: Command['payload'], fields: Command['fields'] = {}): Command {
  return { action: 'UnlockConnector', payload, fields }
}

// UnlockStatus (1.6 §7.48) and UnlockStatusEnumType of 2.x.
const unlockMessages: Readonly<Record<string, string>> = {
  Unlocked: 'The connector is unlocked',
  UnlockFailed: 'The charge point could not unlock the connector',
  NotSupported: 'The charge point has no lock on this connector',
  OngoingAuthorizedTransaction: 'Not unlocked: an authorised transaction is under way; stop it first',
  UnknownConnector: 'The charge point has no such connector',
}

/** The outcome of an unlock. */
export function unlockOutcome(status: string): CommandOutcome {
  const message = Object.hasOwn(unlockMessages, status) ? unlockMessages[status] : undefined
  return message === undefined ? outcomeOf(status, 'The connector is unlocked', 'unlock') : { status, message }
}

/** What can be triggered, in the words of all versions. */
export const triggers = [
  'BootNotification',
  'DiagnosticsStatusNotification',
  'FirmwareStatusNotification',
  'Heartbeat',
  'LogStatusNotification',
  'MeterValues',
  'PublishFirmwareStatusNotification',
  'SignChargePointCertificate',
  'SignChargingStationCertificate',
  'SignCombinedCertificate',
  'SignV2GCertificate',
  'SignV2G20Certificate',
  'StatusNotification',
  'TransactionEvent',
  'CustomTrigger',
] as const

export type Trigger = (typeof triggers)[number]

export interface TriggerRequest extends EvsePlace {
  readonly requestedMessage: Trigger
  /** 2.1: what is triggered by CustomTrigger. */
  readonly customTrigger?: string | undefined
}

/** The action that triggers a message, and the word for it. */
type TriggerForm = readonly [action: 'TriggerMessage' | 'ExtendedTriggerMessage', word: string]

const wordsOfAll = [
  'BootNotification',
  'FirmwareStatusNotification',
  'Heartbeat',
  'MeterValues',
  'StatusNotification',
] as const
const words201: readonly Trigger[] = [
  ...wordsOfAll,
  'LogStatusNotification',
  'PublishFirmwareStatusNotification',
  'SignChargingStationCertificate',
  'SignCombinedCertificate',
  'SignV2GCertificate',
  'TransactionEvent',
]

// 1.6 §7.23, 2.0.1 and 2.1 MessageTriggerEnumType.
/** What TriggerMessage of a version takes as it is. */
const words: ByVersion<readonly Trigger[]> = {
  '1.6': [...wordsOfAll, 'DiagnosticsStatusNotification'],
  '2.0.1': words201,
  '2.1': [...words201, 'SignV2G20Certificate', 'CustomTrigger'],
}

const signing16: TriggerForm = ['ExtendedTriggerMessage', 'SignChargePointCertificate']

/** What is triggered by another word, or another action. */
const translated = since2<{ readonly [Word in Trigger]?: TriggerForm }>(
  // Security whitepaper §6.12.
  {
    LogStatusNotification: ['ExtendedTriggerMessage', 'LogStatusNotification'],
    SignChargePointCertificate: signing16,
    SignChargingStationCertificate: signing16,
  },
  // 2.x reports the upload of every log in one message.
  {
    DiagnosticsStatusNotification: ['TriggerMessage', 'LogStatusNotification'],
    SignChargePointCertificate: ['TriggerMessage', 'SignChargingStationCertificate'],
  },
)

function formOf(version: OcppVersion, word: Trigger): TriggerForm | undefined {
  return translated[version][word] ?? (words[version].includes(word) ? ['TriggerMessage', word] : undefined)
}

/** TriggerMessage, or ExtendedTriggerMessage of 1.6 (1.6 §5.17, whitepaper §5.5, 2.0.1 F06). */
export function triggerCommand(version: OcppVersion, request: TriggerRequest): Command | NoCommand {
  const { requestedMessage: wanted, customTrigger } = request
  const form = formOf(version, wanted)
  if (form === undefined) return { reason: `OCPP ${version} cannot trigger ${wanted}` }
  const [action, requestedMessage] = form
  const place = triggerPlaces[version](request)
  if ('reason' in place) return place
  const custom = customTrigger === undefined ? {} : { customTrigger }
  return { action, payload: { requestedMessage, ...place, ...custom }, fields: { ...evseFields, ...connectorField } }
}

const connectorField = { '/connectorId': 'evseId' } as const

const triggerPlaces = since2<(request: TriggerRequest) => EvseOfPayload | NoCommand>(
  (place) => {
    if (place.evseId === undefined) return {}
    const connectorId = connector16(place)
    return typeof connectorId === 'number' ? { connectorId } : connectorId
  },
  (request) => {
    const { requestedMessage, evseId, connectorId } = request
    if (requestedMessage !== 'StatusNotification') return evse2x(request)
    // F06.FR.13: it is of one connector.
    if (evseId === undefined) return { reason: 'A StatusNotification of OCPP 2.x is of one connector: give evseId' }
    return evse2x({ evseId, connectorId: connectorId ?? 1 })
  },
)

/** The members of a payload that say where. */
interface EvseOfPayload {
  readonly connectorId?: number
  readonly evse?: { readonly id: number; readonly connectorId?: number }
}

/** The outcome of a trigger. */
export function triggerOutcome(status: string): CommandOutcome {
  return status === 'NotImplemented'
    ? { status, message: 'The charge point does not know how to send this message on request' }
    : outcomeOf(status, 'The charge point sends the message', 'trigger')
}
