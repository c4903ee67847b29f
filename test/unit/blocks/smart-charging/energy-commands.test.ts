import { expect, test } from 'bun:test'
import {
  afrrCommand,
  afrrOutcome,
  afrrSignalled,
  allowedTransferCommand,
  allowedTransferOutcome,
  dynamicScheduleCommand,
  dynamicScheduleOutcome,
  priorityCommand,
  priorityOutcome,
  prioritySet,
  transferAllowed,
} from '../../../../src/blocks/smart-charging/energy-commands.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'

const atMs = Date.UTC(2026, 0, 1)

test.each([
  ['UsePriorityCharging', priorityCommand('2.1', { stationTransactionId: 'tx-1', activate: true })],
  ['UpdateDynamicSchedule', dynamicScheduleCommand('2.1', { profileId: 1, scheduleUpdate: { limit: 16.1 } })],
  [
    'NotifyAllowedEnergyTransfer',
    allowedTransferCommand('2.1', { stationTransactionId: 'tx-1', allowedEnergyTransfer: ['DC_BPT'] }),
  ],
  ['AFRRSignal', afrrCommand('2.1', { signal: -1, atMs })],
] as const)('%s keeps to its schema', (action, command) => {
  if (!('payload' in command)) throw new Error(command.reason)
  expect(command.action).toBe(action)
  expect(checkRequest('2.1', action, command.payload)).toEqual([])
})

test('older versions have none of them', () => {
  for (const version of ['1.6', '2.0.1'] as const)
    expect(afrrCommand(version, { signal: 1, atMs })).toEqual({ reason: 'Only OCPP 2.1 has AFRRSignal' })
})

test('what is accepted is told, with what was sent', () => {
  const answer = { status: 'Accepted' }
  expect(prioritySet({ transactionId: 'tx-1', activate: true }, answer)).toMatchObject([{ row: { isActive: true } }])
  const sent = { transactionId: 'tx-1', allowedEnergyTransfer: ['DC'] }
  expect(transferAllowed(sent, answer)).toMatchObject([{ row: { allowed: ['DC'] } }])
  for (const learned of [prioritySet, transferAllowed])
    expect(learned({ ...sent, activate: true }, { status: 'Rejected' })).toEqual([])
})

test('a signal is told with whatever was answered, if it can be stored', () => {
  const sent = { timestamp: new Date(atMs).toISOString(), signal: 2 }
  expect(afrrSignalled(sent, { status: 'Rejected' })).toMatchObject([
    { row: { signalAtMs: atMs, signal: 2, status: 'Rejected' } },
  ])
  expect(afrrSignalled({ ...sent, signal: 1e12 }, { status: 'Accepted' })).toEqual([])
  expect(afrrSignalled(sent, {})).toEqual([])
})

test('each status is said in a sentence', () => {
  for (const outcome of [priorityOutcome, dynamicScheduleOutcome, allowedTransferOutcome, afrrOutcome])
    for (const status of ['Accepted', 'Rejected', 'NoProfile'])
      expect(outcome(status)).toEqual({ status, message: expect.stringContaining('charge point') })
})
