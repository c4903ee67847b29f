import { expect, test } from 'bun:test'
import { type ChargingProfileRecord, profileState } from '../../../../src/blocks/smart-charging/registry.ts'

const active: ChargingProfileRecord = {
  profileId: 1,
  evseId: 1,
  stackLevel: 0,
  purpose: 'TxDefaultProfile',
  profile: {},
  source: null,
  reportedAtMs: null,
  transactionId: null,
  isTransactionOver: false,
  validToMs: null,
  status: 'Accepted',
  clearedAtMs: null,
  setAtMs: 100,
  setBy: 'admin',
}

test.each([
  ['active', {}],
  ['requested', { status: null }],
  ['rejected', { status: 'Rejected' }],
  ['cleared', { clearedAtMs: 200 }],
  ['ended', { transactionId: 7, isTransactionOver: true }],
  ['expired', { validToMs: 1_000 }],
  ['active', { validToMs: 1_001 }],
  // Only reported.
  ['active', { status: null, setAtMs: null, setBy: null, reportedAtMs: 50 }],
  // Reported since it was set without an answer, or since it was cleared: the charge point has it.
  ['active', { status: null, reportedAtMs: 150 }],
  ['active', { clearedAtMs: 200, reportedAtMs: 250 }],
  ['cleared', { clearedAtMs: 200, reportedAtMs: 150 }],
] as const)('a profile is %s', (state, changed) => {
  expect(profileState({ ...active, ...changed }, 1_000)).toBe(state)
})
