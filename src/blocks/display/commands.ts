// Functional block O: setting, clearing and asking for display messages. OCPP 1.6 has none of it.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { withDefined } from '../../base/with-defined.ts'
import type { Command, CommandOutcome, NoCommand } from '../command.ts'
import { outcomeOf, statusOf } from '../command.ts'
import type { JobKind } from '../jobs/job.ts'
import { reportAsked } from '../provisioning/whole-report.ts'
import type { Payload } from '../values.ts'

const noDisplay: NoCommand = { reason: 'OCPP 1.6 has no message for display messages' }

export interface SetMessageRequest {
  readonly messageId: number
  readonly priority: string
  /** MessageContentType. */
  readonly message: Payload
  /** The same in further languages (2.1). */
  readonly messageExtra?: readonly Payload[] | undefined
  readonly state?: string | undefined
  /** RFC 3339. */
  readonly startDateTime?: string | undefined
  readonly endDateTime?: string | undefined
  /** ComponentType: the display that shows it. */
  readonly display?: Payload | undefined
  /** As the charge point named it. */
  readonly stationTransactionId?: string | undefined
}

/** SetDisplayMessage (2.0.1 O01, O02, O06). */
export function setMessageCommand(version: OcppVersion, request: SetMessageRequest): Command | NoCommand {
  return sets[version](request)
}

const sets = since2<(request: SetMessageRequest) => Command | NoCommand>(
  () => noDisplay,
  ({ messageId, priority, message, messageExtra, stationTransactionId, ...more }) => ({
    action: 'SetDisplayMessage',
    payload: {
      message: {
        ...withDefined({ display: more.display }),
        id: messageId,
        priority,
        ...withDefined({
          state: more.state,
          startDateTime: more.startDateTime,
          endDateTime: more.endDateTime,
          transactionId: stationTransactionId,
        }),
        message,
        ...withDefined({ messageExtra }),
      },
    },
    fields: {
      '/message': '',
      '/message/id': 'messageId',
      '/message/message': 'message',
      '/message/startDateTime': 'startsAt',
      '/message/endDateTime': 'endsAt',
      '/message/transactionId': 'transactionId',
    },
  }),
)

/** The message in a SetDisplayMessage, as it is stored. */
export function sentMessage({ payload }: Command): Payload {
  return typeof payload.message === 'object' && payload.message !== null ? { ...payload.message } : {}
}

/** The outcome of setting a message. */
export function setMessageOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'The charge point has the display message', 'display message')
}

/** ClearDisplayMessage (2.0.1 O05). */
export function clearMessageCommand(version: OcppVersion, messageId: number): Command | NoCommand {
  return clears[version](messageId)
}

const clears = since2<(messageId: number) => Command | NoCommand>(
  () => noDisplay,
  (id) => ({ action: 'ClearDisplayMessage', payload: { id }, fields: { '/id': 'messageId' } }),
)

/** The outcome of clearing a message. */
export function clearMessageOutcome(status: string): CommandOutcome {
  return status === 'Unknown'
    ? { status, message: 'The charge point has no such display message' }
    : outcomeOf(status, 'The charge point has cleared the display message', 'clearing of the display message')
}

export interface ReportMessagesRequest {
  readonly requestId: number
  readonly messageIds?: readonly number[] | undefined
  readonly priority?: string | undefined
  readonly state?: string | undefined
}

/** GetDisplayMessages (2.0.1 O03, O04); 1.6 has none. */
export function reportMessagesCommand(version: OcppVersion, request: ReportMessagesRequest): Command | null {
  return asks[version](request)
}

const asks = since2<(request: ReportMessagesRequest) => Command | null>(
  () => null,
  ({ requestId, messageIds, priority, state }) => ({
    action: 'GetDisplayMessages',
    payload: { ...withDefined({ id: messageIds }), requestId, ...withDefined({ priority, state }) },
    fields: { '/id': 'messageIds' },
  }),
)

/** 2.0.1 O03: all messages are asked for, or there is none. */
export const messageReportAsked = reportAsked(
  'displayMessages',
  ['id', 'priority', 'state'],
  (status) => status === 'Unknown',
)

/** What a part of a report is, as the job shows it. */
export const messageReportParts = { more: 'Reporting', last: 'Reported' } as const

/** Reports of display messages: they come in parts, of which the last one says so. */
export const displayMessageReport: JobKind = {
  kind: 'displayMessageReport',
  isRead: true,
  answered(_, answer) {
    const status = statusOf(answer)
    switch (status) {
      case null:
        return null
      case 'Accepted':
        return { type: 'accepted', status, message: 'The charge point reports its display messages' }
      case 'Unknown':
        return { type: 'done', status, message: 'The charge point has no such display message' }
      default:
        return { type: 'refused', status, message: `The charge point answered the request for a report with ${status}` }
    }
  },
  reports: { [messageReportParts.more]: 'progress', [messageReportParts.last]: 'success' },
}
