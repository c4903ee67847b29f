import { expect, test } from 'bun:test'
import { reportedDisplayMessagesMax } from '../../../../src/base/limits.ts'
import { display201, display21 } from '../../../../src/blocks/display/messages.ts'
import { firstMessages, readMessages } from '../../../../src/blocks/display/reports.ts'
import { decide } from '../../../support/known.ts'

const action = 'NotifyDisplayMessages'
const content = { format: 'UTF8', content: 'Closed' }
const job = {
  jobId: 5,
  kind: 'displayMessageReport',
  state: 'running',
  place: 2,
  status: 'Accepted',
  requestId: 9,
  timeoutSeconds: 60,
  startsAtMs: null,
  expiresAtMs: null,
} as const

test('NotifyDisplayMessages stores each message, and the part moves the job that asked for it', () => {
  for (const { [action]: row } of [display201, display21]) {
    const { handler } = row
    for (const tbc of [true, false]) {
      const message = { id: 3, priority: 'InFront', message: content, transactionId: 'tx-1' }
      const sent = { requestId: 9, tbc, messageInfo: [{ ...message, endDateTime: '2026-01-02T00:00:00Z' }] }
      expect(handler.needs?.(sent as never, undefined as never)).toEqual({
        jobsOfRequest: 9,
        report: { kind: 'displayMessages', requestId: 9 },
      })
      const { answer, changes } = decide(handler, sent as never, { action, jobs: [job] })
      const [status, state] = tbc ? ['Reporting', 'running'] : ['Reported', 'succeeded']
      expect(answer).toEqual({})
      expect(changes).toMatchObject([
        { table: 'chargePointEvents' },
        {
          table: 'reportedDisplayMessages',
          row: {
            displayMessageId: 3,
            priority: 'InFront',
            stationTransactionId: 'tx-1',
            endsAtMs: Date.UTC(2026, 0, 2),
            message: sent.messageInfo[0],
          },
        },
        { table: 'deviceReports', row: { kind: 'displayMessages', requestId: 9 } },
        ...(tbc ? [] : [{ table: 'wholeReports', row: { kind: 'displayMessages', requestId: 9, word: 'complete' } }]),
        { table: 'jobEvents', row: { jobId: 5, place: 3, state, status } },
      ])
    }
  }
})

test('a part without messages is the end of a report, and of many messages the first ones are stored', () => {
  const { changes } = decide(display201[action].handler, { requestId: 9 }, { action, jobs: [job] })
  expect(changes).toMatchObject([
    { table: 'chargePointEvents' },
    { table: 'deviceReports' },
    { table: 'wholeReports' },
    { table: 'jobEvents', row: { state: 'succeeded' } },
  ])
  const many = Array.from({ length: reportedDisplayMessagesMax + 1 }, (_, id) => ({ id }))
  expect(firstMessages(many)).toHaveLength(reportedDisplayMessagesMax)
  expect(readMessages([...many, ...many])).toHaveLength(reportedDisplayMessagesMax + 1)
})
