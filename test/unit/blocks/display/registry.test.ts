import { expect, test } from 'bun:test'
import { type DisplayMessageRecord, displayState } from '../../../../src/blocks/display/registry.ts'

const nowMs = 1_000_000
const record: DisplayMessageRecord = {
  messageId: 1,
  priority: 'NormalCycle',
  message: {},
  transactionId: null,
  isTransactionOver: false,
  startsAtMs: null,
  endsAtMs: null,
  reportedAtMs: null,
  status: null,
  clearedAtMs: null,
  setAtMs: nowMs - 1_000,
  setBy: 'admin',
}

const cases: readonly (readonly [string, Partial<DisplayMessageRecord>, string])[] = [
  ['without an answer it is requested', {}, 'requested'],
  ['the answer says whether it is there', { status: 'Rejected' }, 'rejected'],
  ['accepted, it is active', { status: 'Accepted' }, 'active'],
  ['before its time it is scheduled', { status: 'Accepted', startsAtMs: nowMs + 1 }, 'scheduled'],
  ['after its time it has expired', { status: 'Accepted', endsAtMs: nowMs }, 'expired'],
  ['it ends with its transaction', { status: 'Accepted', isTransactionOver: true }, 'ended'],
  ['it was cleared', { status: 'Accepted', clearedAtMs: nowMs - 10 }, 'cleared'],
  ['a later report counts more than the clearing', { clearedAtMs: nowMs - 10, reportedAtMs: nowMs }, 'active'],
  ['an earlier one does not', { clearedAtMs: nowMs - 10, reportedAtMs: nowMs - 20 }, 'cleared'],
  ['a later report counts more than the answer', { status: 'Rejected', reportedAtMs: nowMs }, 'active'],
  ['one that others have set is active', { setAtMs: null, setBy: null, reportedAtMs: nowMs }, 'active'],
]

test.each(cases)('of a display message: %s', (_, parts, state) => {
  expect(displayState({ ...record, ...parts }, nowMs)).toBe(state as never)
})
