// What charge points report of customers is in no log, and among the events only for those who may read it.

import { expect, test } from 'bun:test'
import { hidePrivateFields, withoutPrivateFields } from '../../../src/blocks/private-fields.ts'

const action = 'NotifyCustomerInformation'

test('the text of a report is left out of its frame, also of one that cannot be read', () => {
  const frame = JSON.stringify([2, 'm', action, { data: 'Lives in Ghent', seqNo: 0 }])
  expect(JSON.parse(hidePrivateFields(frame))).toEqual([2, 'm', action, { data: '***', seqNo: 0 }])
  expect(hidePrivateFields(frame.slice(0, -3))).not.toContain('Ghent')
})

test('any other frame is logged as it was on the wire', () => {
  const frames = [
    '[2, "m", "Heartbeat", {}]',
    '[2, "m", "TriggerMessage", {"requestedMessage":"CustomTrigger","customTrigger":"NotifyCustomerInformation"}]',
    '[2, "m", "NotifyCustomerInformation", {"seqNo": 0}]',
  ]
  expect(frames.map(hidePrivateFields)).toEqual(frames)
})

test('a payload without private fields is the same', () => {
  const payload = { data: 'x', vendorId: 'v' }
  expect(withoutPrivateFields('DataTransfer', payload)).toBe(payload)
  expect(withoutPrivateFields(action, payload)).toEqual({ data: '***', vendorId: 'v' })
})
