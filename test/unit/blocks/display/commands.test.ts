import { expect, test } from 'bun:test'
import {
  clearMessageCommand,
  clearMessageOutcome,
  displayMessageReport,
  reportMessagesCommand,
  sentMessage,
  setMessageCommand,
} from '../../../../src/blocks/display/commands.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'

const message = { format: 'UTF8', content: 'Closed' }
const noDisplay = { reason: 'OCPP 1.6 has no message for display messages' }

test('a display message is a SetDisplayMessage of 2.x that its schema allows, with members in its order', () => {
  const request = {
    messageId: 7,
    priority: 'InFront',
    message,
    state: 'Idle',
    startDateTime: '2026-01-01T00:00:00.000Z',
    endDateTime: '2026-01-02T00:00:00.000Z',
    display: { name: 'Display' },
    stationTransactionId: 'tx-1',
  }
  for (const version of ['2.0.1', '2.1'] as const) {
    const command = setMessageCommand(version, request)
    if ('reason' in command) throw new Error(command.reason)
    expect(checkRequest(version, command.action, command.payload)).toEqual([])
    const sent = sentMessage(command)
    expect(Object.keys(sent)).toEqual(
      'display id priority state startDateTime endDateTime transactionId message'.split(' '),
    )
  }
  const inLanguages = setMessageCommand('2.1', { ...request, messageExtra: [message] })
  expect(inLanguages).toMatchObject({ payload: { message: { messageExtra: [message] } } })
  expect(setMessageCommand('1.6', request)).toEqual(noDisplay)
})

test('clearing and asking have the ids of the request', () => {
  expect(clearMessageCommand('2.1', 7)).toMatchObject({ action: 'ClearDisplayMessage', payload: { id: 7 } })
  expect(clearMessageCommand('1.6', 7)).toEqual(noDisplay)
  const asked = reportMessagesCommand('2.0.1', { requestId: 3, messageIds: [7], priority: 'InFront', state: 'Idle' })
  expect(asked?.payload).toEqual({ id: [7], requestId: 3, priority: 'InFront', state: 'Idle' })
  expect(checkRequest('2.0.1', 'GetDisplayMessages', asked?.payload ?? {})).toEqual([])
  expect(reportMessagesCommand('1.6', { requestId: 3 })).toBeNull()
})

test('answers say what became of it', () => {
  expect(clearMessageOutcome('Unknown').message).toBe('The charge point has no such display message')
  expect(displayMessageReport.answered('2.1', { status: 'Accepted' }, {})).toMatchObject({ type: 'accepted' })
  expect(displayMessageReport.answered('2.1', { status: 'Unknown' }, {})).toMatchObject({ type: 'done' })
  expect(displayMessageReport.answered('2.1', { status: 'Odd' }, {})).toMatchObject({ type: 'refused' })
  expect(displayMessageReport.answered('2.1', {}, {})).toBeNull()
})
