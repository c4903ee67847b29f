import { expect, test } from 'bun:test'
import { Kept } from '../../../../src/auth/certificate-answers/kept.ts'
import { HandClock } from '../../../support/hand-clock.ts'

test('what is kept ends with its time, and makes room for newer ones by number and by size', () => {
  const clock = new HandClock()
  const kept = new Kept<number>(clock, 3, 100)
  const keep = (key: string, bytes = 10, forMs = 1_000): void => kept.keep(key, bytes, clock.nowMs() + forMs, bytes)
  for (const key of ['a', 'b', 'c', 'd']) keep(key)
  expect(['a', 'b', 'c', 'd'].map((key) => kept.get(key))).toEqual([undefined, 10, 10, 10])
  keep('big', 90)
  expect([kept.size, kept.get('d'), kept.get('big')]).toEqual([2, 10, 90])
  keep('d', 5)
  expect([kept.size, kept.get('d'), kept.get('big')]).toEqual([2, 5, 90])
  keep('too big', 101)
  keep('over', 1, 0)
  expect([kept.size, kept.get('too big'), kept.get('over')]).toEqual([2, undefined, undefined])
  clock.pass(1_000)
  expect([kept.get('d'), kept.get('big'), kept.size]).toEqual([undefined, undefined, 0])
})

test('nothing is kept where there is room for none', () => {
  const clock = new HandClock()
  const kept = new Kept<number>(clock, 0, 100)
  kept.keep('a', 1, clock.nowMs() + 1, 1)
  expect(kept.get('a')).toBeUndefined()
})
