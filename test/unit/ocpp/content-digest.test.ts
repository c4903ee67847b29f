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

// Stored digests recognise retransmissions across versions of this program.
test.each([
  ['an event', event, undefined, '8233312550862718933'],
  ['an event with its message id', event, 'm-1', '1525394081794974245'],
  [
    'texts that JSON escapes or UTF-8 encodes, and values of every type',
    { b: 'a "quote", a \\, é, 😀, \u0000 and \ud800', a: [null, true, -1.5e-7, {}] },
    undefined,
    '5418450076044256902',
  ],
  [
    'many members',
    Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, i])),
    undefined,
    '-3516880045353488037',
  ],
  ['a text that is larger than the buffer', { text: 'é'.repeat(20_000) }, undefined, '-3398061960005526297'],
])('the digest of %s is what it was in earlier versions', (_, sent, messageId, digest) => {
  expect(contentDigest(sent, messageId)).toBe(digest)
})
