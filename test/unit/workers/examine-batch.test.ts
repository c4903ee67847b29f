import { describe, expect, test } from 'bun:test'
import type { AcceptedFrame } from '../../../src/ocpp/verdict.ts'
import type { OcppVersion } from '../../../src/ocpp/version.ts'
import { examineBatch } from '../../../src/workers/examine-batch.ts'

const receivedAtMs = Date.UTC(2026, 0, 1, 12)
const now = '2026-01-01T12:00:00.000Z'

function examined(action: string, payload: object, more: { version?: OcppVersion; messageId?: string } = {}) {
  const { version = '1.6', messageId = 'm1' } = more
  const text = JSON.stringify([2, messageId, action, payload])
  const { verdicts } = examineBatch([{ text, version, strictness: 'lenient', chargePointKey: 7, receivedAtMs }])
  const [verdict] = verdicts
  if (verdict?.kind !== 'call') throw new Error(`${text} was not taken: ${JSON.stringify(verdict)}`)
  return verdict
}

const status = { connectorId: 1, errorCode: 'NoError', status: 'Available' }
const start = { connectorId: 1, idTag: 'CARD', meterStart: 5 }

function values(...timestamps: unknown[]) {
  return {
    connectorId: 1,
    transactionId: 5,
    meterValue: timestamps.map((timestamp) => ({ timestamp, sampledValue: [{ value: '100' }] })),
  }
}

describe('a usable time', () => {
  test.each([
    ['as it is to be', '2026-01-01T11:00:00Z'],
    ['that is the very time of arrival', now],
    ['without a zone', '2026-01-01T11:00:00'],
    ['with a space', '2026-01-01 11:00:00Z'],
    ['as a number', 1_767_265_200],
  ])('is one %s', (_, timestamp) => {
    expect(examined('StatusNotification', { ...status, timestamp }).lacksTime).toBeUndefined()
    expect(examined('StartTransaction', { ...start, timestamp }).lacksTime).toBeUndefined()
    expect(examined('MeterValues', values(timestamp)).lacksTime).toBeUndefined()
  })

  test.each([
    ['is left out', undefined],
    ['is null', null],
    ['cannot be read', 'yesterday'],
    ['is empty', ''],
    ['is of 1970', '1970-01-01T00:00:00Z'],
    ['is far ahead', '2099-01-01T00:00:00Z'],
  ])('lacks when it %s', (_, timestamp) => {
    expect(examined('StatusNotification', { ...status, timestamp }).lacksTime).toBe(true)
    expect(examined('StartTransaction', { ...start, timestamp }).lacksTime).toBe(true)
    expect(examined('MeterValues', values(timestamp)).lacksTime).toBe(true)
  })

  test('is missing also if the frame has more quirks than are noted', () => {
    const odd = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`extra${n}`, n]))
    expect(examined('StartTransaction', { ...odd, ...start, timestamp: 'soon' }).lacksTime).toBe(true)
  })

  test('is missing when any meter value has none, except those without content', () => {
    expect(examined('MeterValues', values(now, 'soon')).lacksTime).toBe(true)
    const { meterValue, ...rest } = values(now)
    expect(examined('MeterValues', { ...rest, meterValue: [{}, ...meterValue] }).lacksTime).toBeUndefined()
    expect(examined('MeterValues', { ...rest, meterValue: meterValue[0] }).lacksTime).toBeUndefined()
  })

  test('is not searched for if no key needs it', () => {
    expect(examined('Heartbeat', {}).lacksTime).toBeUndefined()
    expect(examined('Authorize', { idTag: 'CARD' })).not.toHaveProperty('content')
  })
})

describe('the content of a message', () => {
  const content = (frame: AcceptedFrame): string | undefined => frame.content

  test('is present without a time, and absent for a status or sample with one', () => {
    expect(content(examined('StatusNotification', status))).toBeString()
    expect(content(examined('StatusNotification', { ...status, timestamp: now }))).toBeUndefined()
    expect(content(examined('MeterValues', values(now)))).toBeUndefined()
  })

  test('does not depend on the order of members or the message id', () => {
    const reversed = Object.fromEntries(Object.entries(status).reverse())
    const first = content(examined('StatusNotification', status))
    expect(content(examined('StatusNotification', reversed, { messageId: 'm2' }))).toBe(first)
    expect(content(examined('MeterValues', values('soon'), { messageId: 'm2' }))).toBe(
      content(examined('MeterValues', values('soon'))),
    )
  })

  test('of samples of intervals without a time depends on the message id as well', () => {
    const sampledValue = [{ value: '100', measurand: 'Energy.Active.Import.Interval' }]
    const payload = { connectorId: 1, transactionId: 5, meterValue: [{ sampledValue }] }
    const first = content(examined('MeterValues', payload))
    expect(content(examined('MeterValues', payload))).toBe(first)
    expect(content(examined('MeterValues', payload, { messageId: 'm2' }))).not.toBe(first)
  })

  test('of an event with a time does not depend on the message id, whatever its samples', () => {
    const event = {
      eventType: 'Updated',
      timestamp: now,
      triggerReason: 'MeterValuePeriodic',
      seqNo: 1,
      transactionInfo: { transactionId: 'T-1' },
      meterValue: [{ timestamp: now, sampledValue: [{ value: 100, measurand: 'Energy.Active.Import.Interval' }] }],
    }
    const first = content(examined('TransactionEvent', event, { version: '2.0.1' }))
    expect(first).toBeString()
    expect(content(examined('TransactionEvent', event, { version: '2.0.1', messageId: 'm2' }))).toBe(first)
  })
})
