// Functional block F as an operator uses it: remote start and stop, in the words of each version.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { connectorRef16 } from '../availability/connector-status.ts'
import { chargingProfile2x } from '../smart-charging/charging-profile.ts'
import { type Command, type CommandOutcome, outcomeOf } from '../command.ts'
import type { ConnectorRef, Payload } from '../decision.ts'

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
  return starts[version].command(start)
}

/** By what the StartTransaction or TransactionEvent that follows `start` will be recognised. */
export function remoteStart(version: OcppVersion, start: StartRequest): RemoteStart {
  return starts[version].recognisedBy(start)
}

/** What a remote start is called. */
export const startAction = since2('RemoteStartTransaction', 'RequestStartTransaction')

interface StartForm {
  readonly command: (start: StartRequest) => Command
  readonly recognisedBy: (start: StartRequest) => RemoteStart
}

const starts = since2<StartForm>(
  {
    command: ({ connectorId, idTag, chargingProfile }) => ({
      action: 'RemoteStartTransaction',
      payload: { connectorId, idTag, ...(chargingProfile === undefined ? {} : { chargingProfile }) },
      fields: {},
    }),
    recognisedBy: ({ connectorId, idTag }) => ({ ...connectorRef16(connectorId), idToken: idTag }),
  },
  {
    command: ({ connectorId, idTag, idTokenType, chargingProfile, transactionId }) => ({
      action: 'RequestStartTransaction',
      payload: {
        remoteStartId: transactionId,
        idToken: { idToken: idTag, type: idTokenType ?? 'Central' },
        evseId: connectorId,
        ...(chargingProfile === undefined ? {} : { chargingProfile: chargingProfile2x(chargingProfile) }),
      },
      fields: {
        '/evseId': 'connectorId',
        '/idToken/idToken': 'idTag',
        '/chargingProfile/id': 'chargingProfile.chargingProfileId',
        '/chargingProfile/chargingSchedule/0': 'chargingProfile.chargingSchedule',
      },
    }),
    recognisedBy: ({ connectorId, idTag, transactionId }) => ({
      remoteStartId: transactionId,
      evseId: connectorId,
      idToken: idTag,
    }),
  },
)

/** What a remote stop goes by. */
interface StopRequest {
  readonly transactionId: number
  readonly stationTransactionId: string | null
}

/** RemoteStopTransaction (1.6 §5.12) or RequestStopTransaction (2.0.1 F03), which goes by the charge point's own id. */
export function stopCommand(version: OcppVersion, transaction: StopRequest): Command {
  return stops[version](transaction)
}

const stops = since2<(transaction: StopRequest) => Command>(
  ({ transactionId }) => ({ action: 'RemoteStopTransaction', payload: { transactionId }, fields: {} }),
  ({ transactionId, stationTransactionId }) => ({
    action: 'RequestStopTransaction',
    payload: { transactionId: stationTransactionId ?? String(transactionId) },
    fields: {},
  }),
)

/** What a remote start was answered with, as a sentence. */
export function startOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'Remote start request sent successfully', 'remote start')
}

/** What a remote stop was answered with, as a sentence. */
export function stopOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'Remote stop request sent successfully', 'remote stop')
}
