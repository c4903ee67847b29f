import { expect, test } from 'bun:test'
import { contentDigest } from '../../../src/ocpp/content-digest.ts'

const event = {
  eventType: 'Updated',
  seqNo: 0,
  transactionInfo: { transactionId: 't-1', chargingState: 'Charging' },
  meterValue: [{ timestamp: '2026-01-01T00:00:00Z', sampledValue: [{ value: 1 }, { value: 2 }] }],
}

test('a message says the same in whatever order its members come, and however it was delivered', () => {
  const { eventType, seqNo, transactionInfo, meterValue } = event
  const { transactionId, chargingState } = transactionInfo
  const turned = { meterValue, transactionInfo: { chargingState, transactionId }, seqNo, eventType }
  expect(contentDigest(turned)).toBe(contentDigest(event))
  expect(contentDigest({ ...event, offline: true })).toBe(contentDigest(event))
})

test.each([
  ['a member', { ...event, seqNo: 1 }],
  ['a member inside of another', { ...event, transactionInfo: { ...event.transactionInfo, chargingState: 'Idle' } }],
  ['a sample', { ...event, meterValue: [{ ...event.meterValue[0], sampledValue: [{ value: 1 }, { value: 3 }] }] }],
  [
    'the order of samples',
    { ...event, meterValue: [{ ...event.meterValue[0], sampledValue: [{ value: 2 }, { value: 1 }] }] },
  ],
  ['the type of a value', { ...event, seqNo: '0' }],
  ['one member more', { ...event, customData: { vendorId: 'V' } }],
  ['the place of a text', { ...event, transactionInfo: { transactionId: 't-1Charging', chargingState: '' } }],
])('two messages that differ in %s do not say the same', (_, other) => {
  expect(contentDigest(other)).not.toBe(contentDigest(event))
})

test('a digest fits 64 bits with a sign', () => {
  for (let seqNo = 0; seqNo < 200; seqNo++) {
    const digest = BigInt(contentDigest({ seqNo }))
    expect(BigInt.asIntN(64, digest)).toBe(digest)
  }
})
