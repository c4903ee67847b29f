// Functional block F, remote control: the commands for remote start and stop in each version.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { connectorRef16 } from '../availability/connector-status.ts'
import { chargingProfile2x } from '../smart-charging/charging-profile.ts'
import { type Command, type CommandOutcome, outcomeOf } from '../command.ts'
import type { ConnectorRef, Payload } from '../decision.ts'

/**
 * How the transaction that a remote start causes is recognised when it starts: in 1.6 by connector and id token, in 2.x
 * by remoteStartId, or by EVSE and id token if the charge point leaves that out. EVSE 0 means any EVSE.
 */
export type RemoteStart =
  | (ConnectorRef & { readonly idToken: string })
  | { readonly remoteStartId: number; readonly evseId?: number; readonly idToken?: string }

export interface StartRequest {
  /** 1.6: the connector. 2.x: the EVSE. */
  readonly connectorId: number
  readonly idTag: string
  /** The stored type of the id token; null if unknown. */
  readonly idTokenType: string | null
  /** In the form of 1.6. */
  readonly chargingProfile?: Payload
  /** The transactionId that is reserved for it. */
  readonly transactionId: number
}

/**
 * RemoteStartTransaction (1.6 §5.11) or RequestStartTransaction (2.0.1 F01).
 *
 * The transactionId is also the `remoteStartId`: both must be integers that are new to this charge point. A token of
 * unknown type is sent as `Central` in 2.x, the type of tokens that the central system issues.
 */
export function startCommand(version: OcppVersion, start: StartRequest): Command {
  return starts[version].command(start)
}

/** How the StartTransaction or TransactionEvent after `start` is recognised. */
export function remoteStart(version: OcppVersion, start: StartRequest): RemoteStart {
  return starts[version].recognisedBy(start)
}

/** The action of a remote start. */
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

/** The transaction to stop, by our id and the charge point's id. */
interface StopRequest {
  readonly transactionId: number
  readonly stationTransactionId: string | null
}

/** RemoteStopTransaction (1.6 §5.12), or RequestStopTransaction (2.0.1 F03), which uses the charge point's own id. */
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

/** The outcome of a remote start. */
export function startOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'Remote start request sent successfully', 'remote start')
}

/** The outcome of a remote stop. */
export function stopOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'Remote stop request sent successfully', 'remote stop')
}
