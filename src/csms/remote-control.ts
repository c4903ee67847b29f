// Functional blocks E and F as an operator uses them: start, stop and reset, in the words of either version.

import type { OcppVersion } from '../ocpp/version.ts'
import { connectorRef16 } from './availability.ts'
import { chargingProfile2x } from './charging-profile.ts'
import type { Command, CommandOutcome } from './command.ts'
import type { ConnectorRef, Payload } from './decision.ts'

/**
 * How the transaction that a remote start causes will be recognised when it begins: in 1.6 by connector and id token,
 * in 2.x by remoteStartId, or by EVSE and id token where the charge point leaves that out. EVSE 0 is any.
 */
export type RemoteStart =
  | (ConnectorRef & { readonly idToken: string })
  | { readonly remoteStartId: number; readonly evseId?: number; readonly idToken?: string }

export interface StartRequest {
  /** 1.6: the connector. 2.x: the EVSE. */
  readonly connectorId: number
  readonly idTag: string
  /** As stored with the id token; null when nobody knows. */
  readonly idTokenType: string | null
  /** In the 1.6 shape. */
  readonly chargingProfile?: Payload
  /** The transactionId kept for it. */
  readonly transactionId: number
}

/**
 * RemoteStartTransaction (1.6 §5.11) or RequestStartTransaction (2.0.1 F01).
 *
 * The transactionId doubles as `remoteStartId`: both must be integers that this charge point has not seen before. A
 * token of unknown type is `Central` in 2.x, the type for what the central system itself hands out.
 */
export function startCommand(version: OcppVersion, start: StartRequest): Command {
  const { connectorId, idTag, chargingProfile } = start
  if (version === '1.6') {
    return {
      action: 'RemoteStartTransaction',
      payload: { connectorId, idTag, ...(chargingProfile === undefined ? {} : { chargingProfile }) },
      fields: {},
    }
  }
  return {
    action: 'RequestStartTransaction',
    payload: {
      remoteStartId: start.transactionId,
      idToken: { idToken: idTag, type: start.idTokenType ?? 'Central' },
      evseId: connectorId,
      ...(chargingProfile === undefined ? {} : { chargingProfile: chargingProfile2x(chargingProfile) }),
    },
    fields: {
      '/evseId': 'connectorId',
      '/idToken/idToken': 'idTag',
      '/chargingProfile/id': 'chargingProfile.chargingProfileId',
      '/chargingProfile/chargingSchedule/0': 'chargingProfile.chargingSchedule',
    },
  }
}

/** By what the StartTransaction or TransactionEvent that follows `start` will be recognised. */
export function remoteStart(version: OcppVersion, start: StartRequest): RemoteStart {
  return version === '1.6'
    ? { ...connectorRef16(start.connectorId), idToken: start.idTag }
    : { remoteStartId: start.transactionId, evseId: start.connectorId, idToken: start.idTag }
}

/** RemoteStopTransaction (1.6 §5.12) or RequestStopTransaction (2.0.1 F03), which goes by the charge point's own id. */
export function stopCommand(
  version: OcppVersion,
  transaction: { readonly transactionId: number; readonly stationTransactionId: string | null },
): Command {
  const { transactionId, stationTransactionId } = transaction
  return version === '1.6'
    ? { action: 'RemoteStopTransaction', payload: { transactionId }, fields: {} }
    : {
        action: 'RequestStopTransaction',
        payload: { transactionId: stationTransactionId ?? String(transactionId) },
        fields: {},
      }
}

/** Reset of either version: 2.x says OnIdle for Soft and Immediate for Hard (2.0.1 B11, B12). */
export function resetCommand(version: OcppVersion, type: 'Soft' | 'Hard'): Command {
  const type2x = type === 'Soft' ? 'OnIdle' : 'Immediate'
  return { action: 'Reset', payload: { type: version === '1.6' ? type : type2x }, fields: {} }
}

/** What a remote start was answered with, as a sentence. */
export function startOutcome(status: string): CommandOutcome {
  return outcome(status, 'Remote start request sent successfully', 'remote start')
}

/** What a remote stop was answered with, as a sentence. */
export function stopOutcome(status: string): CommandOutcome {
  return outcome(status, 'Remote stop request sent successfully', 'remote stop')
}

/** What a reset was answered with, as a sentence. */
export function resetOutcome(status: string): CommandOutcome {
  return status === 'Scheduled'
    ? { status, message: 'Reset scheduled for when the charge point is idle' }
    : outcome(status, 'Reset command sent successfully', 'reset')
}

function outcome(status: string, accepted: string, command: string): CommandOutcome {
  return status === 'Accepted'
    ? { status, message: accepted }
    : { status, message: `The charge point answered the ${command} with ${status}` }
}
