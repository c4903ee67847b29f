import { expect, test } from 'bun:test'
import { dataTransfer16, dataTransfer201 } from '../../../../src/blocks/data-transfer/messages.ts'
import { decide } from '../../../support/known.ts'

test.each([
  ['1.6', dataTransfer16.DataTransfer],
  ['2.0.1', dataTransfer201.DataTransfer],
])('a DataTransfer of %s is stored as it was sent, and answered with UnknownVendorId', (_version, { handler }) => {
  const sent = { vendorId: 'V', messageId: 'M', data: 'anything' }
  expect(decide(handler, sent, { action: 'DataTransfer' })).toEqual({
    answer: { status: 'UnknownVendorId' },
    changes: [{ table: 'chargePointEvents', row: { action: 'DataTransfer', occurredAtMs: null, payload: sent } }],
    anomalies: [],
  })
})
