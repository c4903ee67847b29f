import { expect, test } from 'bun:test'
import { type StationTariffRecord, tariffState } from '../../../../src/blocks/tariff/registry.ts'

const nowMs = Date.UTC(2026, 0, 1)
const record: StationTariffRecord = {
  tariffId: 'A',
  evseId: 1,
  transactionId: 0,
  tariff: { tariffId: 'A' },
  isTransactionOver: false,
  status: 'Accepted',
  clearedAtMs: null,
  setAtMs: nowMs - 1_000,
  setBy: 'admin',
}
const assigned = { tariffId: 'A', tariffKind: 'DefaultTariff', evseIds: [1] }
const report = (receivedAtMs: number, assignments: object[], evseId = 0) =>
  ({ evseId, receivedAtMs, assignments }) as Parameters<typeof tariffState>[1][number]

test('the state follows from the answer', () => {
  const state = (parts: Partial<StationTariffRecord>) => tariffState({ ...record, ...parts }, [], nowMs)
  expect(state({})).toBe('active')
  expect(state({ status: null })).toBe('requested')
  expect(state({ status: 'TooManyElements' })).toBe('rejected')
  expect(state({ clearedAtMs: nowMs })).toBe('cleared')
  expect(state({ tariff: { validFrom: '2026-01-02T00:00:00Z' } })).toBe('scheduled')
  expect(state({ transactionId: 5, isTransactionOver: true })).toBe('ended')
})

test('what was reported since counts more, of the EVSE or of all', () => {
  const state = (...reports: Parameters<typeof tariffState>[1]) => tariffState(record, reports, nowMs)
  expect(state(report(nowMs, []))).toBe('gone')
  expect(state(report(nowMs, [assigned]))).toBe('active')
  expect(state(report(nowMs, [{ ...assigned, evseIds: [2] }]))).toBe('gone')
  expect(state(report(nowMs, [{ ...assigned, evseIds: undefined }]))).toBe('active')
  expect(state(report(nowMs, [{ ...assigned, tariffKind: 'DriverTariff' }]))).toBe('gone')
  expect(state(report(nowMs, [], 2))).toBe('active')
  expect(state(report(nowMs - 2_000, []))).toBe('active')
  expect(state(report(nowMs - 500, []), report(nowMs, [assigned], 1))).toBe('active')
})

test('one that is reported after it was cleared or rejected is there', () => {
  const reports = [report(nowMs, [assigned])]
  expect(tariffState({ ...record, clearedAtMs: nowMs - 10 }, reports, nowMs)).toBe('active')
  expect(tariffState({ ...record, clearedAtMs: nowMs + 10 }, reports, nowMs)).toBe('cleared')
  expect(tariffState({ ...record, status: 'Rejected' }, reports, nowMs)).toBe('active')
})
