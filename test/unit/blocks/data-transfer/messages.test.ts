import { expect, test } from 'bun:test'
import { dataTransfer16, dataTransfer201, dataTransfer21 } from '../../../../src/blocks/data-transfer/messages.ts'
import type { TransferVendor } from '../../../../src/blocks/data-transfer/vendor.ts'
import { chargePoint, decide } from '../../../support/known.ts'

const versions = [
  ['1.6', dataTransfer16.DataTransfer],
  ['2.0.1', dataTransfer201.DataTransfer],
  ['2.1', dataTransfer21.DataTransfer],
] as const

test.each([...versions])('a DataTransfer of %s is stored as it was sent, and answered', (_version, { handler }) => {
  const sent = { vendorId: 'V', messageId: 'M', data: 'anything' }
  expect(handler.needs?.(sent, chargePoint)).toEqual({ transferVendor: 'V' })
  expect(decide(handler, sent, { action: 'DataTransfer' })).toEqual({
    answer: { status: 'UnknownVendorId' },
    changes: [{ table: 'chargePointEvents', row: { action: 'DataTransfer', occurredAtMs: null, payload: sent } }],
    anomalies: [],
  })
})

const vendor: TransferVendor = {
  vendorId: 'V',
  description: null,
  answer: { status: 'Rejected' },
  messages: [{ messageId: 'M', status: 'Accepted', data: [1] }],
}

test.each([...versions])('a message of %s is answered as its registered vendor says', (version, { handler }) => {
  const answered = (messageId: string | undefined, transferVendor: TransferVendor) =>
    decide(handler, { vendorId: 'V', ...(messageId === undefined ? {} : { messageId }) }, { transferVendor }).answer
  expect(answered('M', vendor)).toEqual({ status: 'Accepted', data: version === '1.6' ? '[1]' : [1] })
  expect(answered('m', vendor)).toEqual({ status: 'UnknownMessageId' })
  expect(answered(undefined, vendor)).toEqual({ status: 'UnknownMessageId' })
  expect(answered('anything', { ...vendor, messages: null })).toEqual({ status: 'Rejected' })
  expect(answered('M', { ...vendor, messages: [] })).toEqual({ status: 'UnknownMessageId' })
})
