import { describe, expect, test } from 'bun:test'
import {
  changesBetween,
  type LocalListEntry,
  type LocalListRecord,
  localListState,
  partsOf,
  repeatedIn,
} from '../../../../src/blocks/local-list/local-list.ts'

const entry = (idTag: string, more: Partial<LocalListEntry> = {}): LocalListEntry => ({
  idTag,
  status: 'Accepted',
  ...more,
})

test('what differs between two lists is stored or removed; letter case is none', () => {
  const from = [entry('A'), entry('B'), entry('C'), entry('D', { type: 'eMAID' })]
  const to = [entry('A'), entry('B', { status: 'Blocked' }), entry('D', { type: 'Central' }), entry('E')]
  expect(changesBetween(from, to)).toEqual({
    stored: [entry('B', { status: 'Blocked' }), entry('D', { type: 'Central' }), entry('E')],
    removed: [entry('C'), entry('D', { type: 'eMAID' })],
  })
  expect(changesBetween(from, from)).toEqual({ stored: [], removed: [] })
  expect(changesBetween([entry('A')], [entry('A', { type: 'Central' })])).toEqual({ stored: [], removed: [] })
  expect(changesBetween([entry('a')], [entry('A')]).removed).toEqual([])
  expect(repeatedIn([entry('a'), entry('b'), entry('A')])).toBe('A')
})

test('a list is divided by items and by bytes, and an item of any size goes out', () => {
  expect(partsOf([1, 2, 3, 4, 5], 2, null)).toEqual([[1, 2], [3, 4], [5]])
  expect(partsOf([], 2, null)).toEqual([[]])
  expect(partsOf(['aaaa', 'bbbb', 'c'], 10, 14)).toEqual([['aaaa', 'bbbb'], ['c']])
  expect(partsOf(['aaaa', 'bbbb'], 10, 1)).toEqual([['aaaa'], ['bbbb']])
})

describe('the state of a list', () => {
  const list: LocalListRecord = {
    entries: [entry('A')],
    changedAtMs: 0,
    changedBy: 'admin',
    sentVersion: 3,
    sentEntries: [entry('A')],
    sentAtMs: 10,
    sentJobId: 1,
    sentState: 'succeeded',
    reportedVersion: null,
    reportedAtMs: null,
  }

  test.each([
    ['inSync', {}],
    ['neverSent', { sentVersion: 0, sentEntries: null, sentAtMs: null, sentState: null }],
    ['sending', { sentState: 'queued' as const }],
    ['unknown', { sentState: 'unknown' as const }],
    ['unknown', { sentState: 'rejected' as const }],
    ['changed', { entries: [entry('B')] }],
    ['drifted', { reportedVersion: 2, reportedAtMs: 11 }],
    ['drifted', { reportedVersion: 0, reportedAtMs: 11 }],
    // 1.6 §5.10: a list without entries has this version.
    ['inSync', { entries: [], sentEntries: [], reportedVersion: 0, reportedAtMs: 11 }],
    // Said before the list was sent.
    ['inSync', { reportedVersion: 2, reportedAtMs: 9 }],
    // The job is forgotten, or had no answer: the charge point knows better.
    ['inSync', { sentState: null, reportedVersion: 3, reportedAtMs: 11 }],
  ] as const)('is %s', (state, changed) => {
    expect(localListState({ ...list, ...changed })).toBe(state)
  })
})
