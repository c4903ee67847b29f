import { expect, test } from 'bun:test'
import { evCertificate201, evCertificate21 } from '../../../../src/blocks/certificates/ev-certificate.ts'
import type { EvCertificateAnswer } from '../../../../src/blocks/certificate-questions.ts'
import { chargePoint, decide } from '../../../support/known.ts'

const asked = { iso15118SchemaVersion: 'urn:iso:15118:2:2013:MsgDef', action: 'Install', exiRequest: 'gJI=' } as const

test('Get15118EVCertificate asks the provider, with the members that its version has', () => {
  expect(evCertificate201.needs?.(asked, chargePoint)).toEqual({
    certificates: { kind: 'evCertificate', request: asked },
  })
  const more = { ...asked, maximumContractCertificateChains: 2, prioritizedEMAIDs: ['DE8AAC123456780'] }
  expect(evCertificate21.needs?.(more, chargePoint)).toEqual({
    certificates: { kind: 'evCertificate', request: more },
  })
})

test('only 2.1 says how many contracts follow', () => {
  const answer: EvCertificateAnswer = { status: 'Accepted', exiResponse: 'gJM=', remainingContracts: 0 }
  const found = { certificates: { kind: 'evCertificate' as const, answer } }
  expect(decide(evCertificate201, asked, found).answer).toEqual({ status: 'Accepted', exiResponse: 'gJM=' })
  expect(decide(evCertificate21, asked, found).answer).toEqual({ ...answer })
})

test('Get15118EVCertificate gets the answer of the provider, or Failed', () => {
  const answer: EvCertificateAnswer = { status: 'Accepted', exiResponse: 'gJM=' }
  const of = (found: EvCertificateAnswer | null) => ({
    certificates: { kind: 'evCertificate' as const, answer: found },
  })
  const decided = decide(evCertificate201, asked, of(answer))
  expect(decided.answer).toEqual({ ...answer })
  expect(decided.changes).toMatchObject([{ table: 'chargePointEvents' }])
  expect(decide(evCertificate201, asked, of(null)).answer).toEqual({ status: 'Failed', exiResponse: '' })
  const long = { ...answer, exiResponse: 'x'.repeat(5_601) }
  expect(decide(evCertificate201, asked, of(long)).answer).toEqual({ status: 'Failed', exiResponse: '' })
  expect(decide(evCertificate21, asked, of(long)).answer).toEqual({ ...long })
})
