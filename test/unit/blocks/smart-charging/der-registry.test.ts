import { expect, test } from 'bun:test'
import { type DerControlEvent, type DerEvent, derState } from '../../../../src/blocks/smart-charging/der-registry.ts'

const control = { controlId: 'a', controlType: 'VoltVar', isDefault: false, isReported: false, receivedAtMs: 10 }
const event = (name: DerEvent, receivedAtMs: number): DerControlEvent => ({
  event: name,
  otherId: null,
  occurredAtMs: null,
  receivedAtMs,
})
const cleared = { isDefault: false, controlType: '', receivedAtMs: 20 }

test.each([
  ['accepted', [], []],
  ['started', [event('started', 11)], []],
  ['stopped', [event('started', 11), event('stopped', 12)], []],
  ['started', [event('stopped', 11), event('started', 12)], []],
  ['superseded', [event('started', 11), event('superseded', 12)], []],
  ['cleared', [event('superseded', 12), event('cleared', 13)], []],
  ['cleared', [event('started', 11)], [cleared]],
  ['cleared', [], [{ ...cleared, controlType: 'VoltVar' }]],
  ['accepted', [], [{ ...cleared, controlType: 'VoltWatt' }]],
  ['accepted', [], [{ ...cleared, isDefault: true }]],
  ['accepted', [event('started', 9), event('superseded', 9), event('cleared', 9)], [{ ...cleared, receivedAtMs: 9 }]],
] as const)('a control is %s after %j and the clearings %j', (state, events, clearings) => {
  expect(derState(control, events, clearings)).toBe(state)
})

test('a report says that a control is there, and not that it is no longer followed', () => {
  expect(derState({ ...control, isReported: true }, [event('started', 9)], [])).toBe('started')
})
