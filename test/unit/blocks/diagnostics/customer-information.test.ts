// What charge points know of customers: the command, NotifyCustomerInformation, and the text of its parts.

import { expect, test } from 'bun:test'
import {
  customerInformation,
  customerInformationCommand,
  type CustomerRequest,
  joinedParts,
  notifyCustomerInformation,
} from '../../../../src/blocks/diagnostics/customer-information.ts'
import type { KnownJob } from '../../../../src/blocks/jobs/job.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { arrivalMs, decide } from '../../../support/known.ts'

const certificate = { hashAlgorithm: 'SHA256', issuerNameHash: 'ab', issuerKeyHash: 'cd', serialNumber: '01' }
const asks = { report: true, clear: false, requestId: 7 }

test('the command names one customer, in 2.0.1 and 2.1', () => {
  const requests: readonly CustomerRequest[] = [
    { ...asks, customer: { idTag: 'A', type: null } },
    { ...asks, customer: { customerIdentifier: 'me' } },
    { ...asks, clear: true, customer: { customerCertificate: certificate } },
  ]
  for (const request of requests) {
    expect(customerInformationCommand('1.6', request)).toBeNull()
    for (const version of ['2.0.1', '2.1'] as const) {
      const command = customerInformationCommand(version, request)
      expect(checkRequest(version, 'CustomerInformation', command?.payload ?? {})).toEqual([])
    }
  }
  const named = customerInformationCommand('2.0.1', { ...asks, customer: { idTag: 'A', type: 'ISO14443' } })
  expect(named?.payload).toEqual({ ...asks, idToken: { idToken: 'A', type: 'ISO14443' } })
})

test('the answer says whether there will be a report', () => {
  const answered = (status: unknown, report: boolean) =>
    customerInformation.answered('2.0.1', status === undefined ? {} : { status }, { ...asks, report })
  expect(answered('Accepted', true)?.message).toContain('reports what it knows')
  expect(answered('Accepted', false)?.message).toContain('forgets the customer')
  expect(answered('Invalid', true)).toMatchObject({ type: 'refused', status: 'Invalid' })
  expect(answered(undefined, true)).toBeNull()
})

test('NotifyCustomerInformation is stored, and moves its job; the last part ends it', () => {
  const times = { timeoutSeconds: 60, startsAtMs: null, expiresAtMs: null }
  const job: KnownJob = { jobId: 1, kind: 'customerInformation', state: 'running', place: 2, ...names(), ...times }
  const part = { data: 'x', seqNo: 0, generatedAt: '2026-01-01T00:00:00Z', requestId: 7, tbc: true }
  const known = { action: 'NotifyCustomerInformation', jobs: [job] }
  const { changes, answer } = decide(notifyCustomerInformation, part, known)
  expect(answer).toEqual({})
  expect(changes).toMatchObject([
    { table: 'chargePointEvents', row: { payload: part } },
    { table: 'deviceReports', row: { kind: 'customerInformation', requestId: 7, parts: [[0, 0]], lastSeqNo: null } },
    { table: 'jobEvents', row: { state: 'running', status: 'Receiving' } },
  ])
  const begun = { kind: 'customerInformation', requestId: 7, parts: [[0, 0]], lastSeqNo: null } as const
  const report = { ...begun, generatedAtMs: arrivalMs, beganAtMs: arrivalMs }
  const last = decide(notifyCustomerInformation, { ...part, seqNo: 1, tbc: false }, { ...known, report })
  expect(last.changes.at(-1)).toMatchObject({ row: { state: 'succeeded', status: 'Complete', isEnd: true } })
})

function names() {
  return { status: 'Accepted', requestId: 7 }
}

test('parts are joined by their numbers, in whatever order they come, and gaps are told', () => {
  const part = (seqNo: number, data: string, tbc = true) => ({ seqNo, data, tbc })
  expect(joinedParts([])).toEqual({ status: 'Receiving', text: '', missing: [] })
  expect(joinedParts([part(1, 'b'), part(0, 'a')])).toEqual({ status: 'Receiving', text: 'ab', missing: [] })
  const gap = [part(0, 'a'), part(3, 'd', false)]
  expect(joinedParts(gap)).toEqual({ status: 'PartsMissing', text: 'ad', missing: [[1, 2]] })
  const whole = [...gap, part(2, 'c'), part(1, 'B'), part(1, 'b')]
  expect(joinedParts(whole)).toEqual({ status: 'Complete', text: 'abcd', missing: [] })
})
