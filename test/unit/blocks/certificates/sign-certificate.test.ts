// SignCertificate: which requests for a certificate are accepted, and what is noted about the others.

import { describe, expect, test } from 'bun:test'
import { certificatesPerHourMax } from '../../../../src/base/limits.ts'
import {
  signCertificate16,
  signCertificate201,
  signCertificate21,
} from '../../../../src/blocks/certificates/sign-certificate.ts'
import type { KnownJob } from '../../../../src/blocks/jobs/job.ts'
import { isOf } from '../../../../src/blocks/stored-rows.ts'
import type { KnownSigningRequest } from '../../../../src/blocks/decision.ts'
import { chargePoint, decide } from '../../../support/known.ts'

const csr = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----'

const usable: KnownSigningRequest = {
  request: { digest: 'digest', commonNames: [chargePoint.identity], organizations: ['Operator'] },
  serialNumber: 'SN-7',
  madeLately: 0,
  organization: null,
}

function named(...commonNames: readonly string[]): KnownSigningRequest {
  return { ...usable, request: { digest: 'digest', commonNames, organizations: [] } }
}

function answerTo(signingRequest: KnownSigningRequest | null) {
  const { answer, changes, anomalies } = decide(
    signCertificate16,
    { csr },
    { signingRequest, action: 'SignCertificate' },
  )
  const requests = changes.flatMap((change) => (change.table === 'certificateRequests' ? [change] : []))
  return { status: answer['status'], requests, anomalies }
}

const refused = (reason: string) => ({
  status: 'Rejected',
  requests: [],
  anomalies: [{ kind: 'certificateRefused' as const, detail: { reason: expect.stringContaining(reason) } }],
})

describe('SignCertificate', () => {
  test('is accepted for the identity of the charge point, and its request is stored (A02.FR.11)', () => {
    expect(answerTo(usable)).toEqual({
      status: 'Accepted',
      requests: [expect.objectContaining({ row: { csrDigest: 'digest', csr, requestId: null } })],
      anomalies: [],
    })
  })

  test('is accepted for the serial number of the charge point (A00.FR.511)', () => {
    expect(answerTo(named('SN-7'))).toMatchObject({ status: 'Accepted', requests: [{}] })
  })

  test('is stored as an event of the charge point, whatever the answer', () => {
    for (const signingRequest of [usable, named('OTHER'), null]) {
      const { changes } = decide(signCertificate16, { csr }, { signingRequest, action: 'SignCertificate' })
      expect(changes).toContainEqual(expect.objectContaining({ table: 'chargePointEvents' }))
    }
  })

  test('is rejected without an anomaly if there is no certificate authority (A02.FR.12)', () => {
    expect(answerTo(null)).toEqual({ status: 'Rejected', requests: [], anomalies: [] })
  })

  test('is rejected for a request that cannot be used, and the anomaly says why', () => {
    const request = { problem: 'its RSA key has 1024 bits' }
    expect(answerTo({ ...usable, request })).toEqual(refused('1024 bits'))
  })

  test.each([
    ['another charge point', ['CP002']],
    ['another letter case', ['cp001']],
    ['a NUL after the identity', ['CP001\0.example']],
    ['a letter that looks the same', ['СP001']],
    ['an invisible character', ['CP001\u200b']],
    ['spaces around it', [' CP001 ']],
    ['no name', []],
    ['two names', ['CP001', 'CP002']],
    ['the same name twice', ['CP001', 'CP001']],
    ['an empty name', ['']],
  ])('is rejected for %s', (_, commonNames) => {
    expect(answerTo(named(...commonNames))).toEqual(refused('CN'))
  })

  test('is rejected for an empty name if no serial number is stored', () => {
    expect(answerTo({ ...named(''), serialNumber: null })).toEqual(refused('CN'))
  })

  test('has to name the organization that is set (A02.FR.13)', () => {
    expect(answerTo({ ...usable, organization: 'Operator' })).toMatchObject({ status: 'Accepted' })
    expect(answerTo({ ...usable, organization: 'Another' })).toEqual(refused('"Another"'))
  })

  test('is rejected once many certificates were made within an hour', () => {
    expect(answerTo({ ...usable, madeLately: certificatesPerHourMax - 1 })).toMatchObject({ status: 'Accepted' })
    expect(answerTo({ ...usable, madeLately: certificatesPerHourMax })).toEqual(refused('within an hour'))
  })

  test('of 2.1 is stored with its id', () => {
    const { changes } = decide(signCertificate21, { csr, requestId: 7 }, { signingRequest: usable })
    expect(changes).toContainEqual({ table: 'certificateRequests', row: { csrDigest: 'digest', csr, requestId: 7 } })
  })

  test('of 2.0.1 is accepted for the charging station, and rejected for V2G', () => {
    const status = (certificateType?: 'ChargingStationCertificate' | 'V2GCertificate') =>
      decide(
        signCertificate201,
        { csr, ...(certificateType === undefined ? {} : { certificateType }) },
        { signingRequest: usable },
      ).answer['status']
    expect([status(), status('ChargingStationCertificate'), status('V2GCertificate')]).toEqual([
      'Accepted',
      'Accepted',
      'Rejected',
    ])
  })
})

test('SignCertificate moves the renewal that an operator asked for, unless it is about another certificate', () => {
  const renewal: KnownJob = {
    jobId: 9,
    kind: 'certificateRenewal',
    state: 'running',
    place: 2,
    status: 'Accepted',
    requestId: 1,
    timeoutSeconds: 60,
    startsAtMs: null,
    expiresAtMs: null,
  }
  const moves = (payload: Parameters<typeof signCertificate201.decide>[0], signed: KnownSigningRequest | null) =>
    decide(signCertificate201, payload, { signingRequest: signed, jobs: [renewal] }).changes.flatMap((change) =>
      isOf('jobEvents', change) ? [[change.row.state, change.row.status]] : [],
    )
  expect(moves({ csr }, usable)).toEqual([['running', 'CertificateRequested']])
  expect(moves({ csr }, null)).toEqual([['failed', 'CertificateRefused']])
  expect(moves({ csr, certificateType: 'V2GCertificate' }, usable)).toEqual([])
  expect(signCertificate201.needs?.({ csr }, chargePoint)).toEqual({ signingRequest: csr, jobsOfRequest: null })
})
