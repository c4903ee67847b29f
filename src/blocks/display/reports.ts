// What charge points report of their display messages (2.0.1 O03, O04). Each part is stored as an event as well.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { reportedDisplayMessagesMax } from '../../base/limits.ts'
import type { Change, Handler } from '../decision.ts'
import { jobNeeds, withJob } from '../jobs/reported.ts'
import { notification } from '../notification.ts'
import { nextPartOf, reportNeeds } from '../provisioning/report-messages.ts'
import { displayMessageReport, messageReportParts } from './commands.ts'

/** The messages of a part that are stored one by one. The event has them all. */
export function firstMessages<Message>(messages: readonly Message[]): readonly Message[] {
  return messages.slice(0, reportedDisplayMessagesMax)
}

/** The messages of a long part that are read: one more than are stored, which shows that it has others. */
export function readMessages<Message>(messages: readonly Message[]): readonly Message[] {
  return messages.slice(0, reportedDisplayMessagesMax + 1)
}

type MessagesReport = OCPP20.NotifyDisplayMessagesRequest | OCPP21.NotifyDisplayMessagesRequest

/** One part of a report, which moves the job that asked for it. */
export const notifyDisplayMessages: Handler<MessagesReport> = {
  needs: ({ requestId }) => ({ ...jobNeeds({ requestId }), ...reportNeeds('displayMessages', { requestId }) }),
  decide: ({ requestId, messageInfo = [], tbc }, known) => {
    const messages: readonly NonNullable<MessagesReport['messageInfo']>[number][] = messageInfo
    const rows = firstMessages(messages).map(({ ...message }): Change => {
      const { id, priority, transactionId = null, endDateTime } = message
      const endsAtMs = Date.parse(endDateTime ?? '')
      const row = { displayMessageId: id, priority, stationTransactionId: transactionId, message }
      return {
        table: 'reportedDisplayMessages',
        row: { ...row, endsAtMs: Number.isNaN(endsAtMs) ? null : endsAtMs },
      }
    })
    const status = tbc === true ? messageReportParts.more : messageReportParts.last
    const part = nextPartOf('displayMessages', { requestId, tbc }, messages.length > reportedDisplayMessagesMax, known)
    return withJob(notification(known, undefined, ...rows, ...part), known, [displayMessageReport], {
      status,
      requestId,
    })
  },
}
